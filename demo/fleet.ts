/**
 * The whole demo: three backends of different speed, the balancer with its dashboard, and traffic.
 * Entered by `ballast demo`, which is what `npm start` runs. Ends everything that it started.
 *
 * The backends and the traffic are processes of their own; the balancer runs in this one.
 */
import type { ChildProcess } from 'node:child_process';
import { relative } from 'node:path';
import pino from 'pino';
import { readEnvironment } from '../src/cli/environment.ts';
import { EXIT } from '../src/cli/exit-codes.ts';
import { listenForSignals } from '../src/cli/stop-signals.ts';
import { takenPorts } from '../src/cli/taken-ports.ts';
import { configFromFlags } from '../src/config/build.ts';
import { formatDiagnostic } from '../src/config/load.ts';
import { type Balancer, startBalancer } from '../src/control-plane/balancer.ts';
import { startChild, stopChildren, untilReady } from './children.ts';
import { demoFlags, demoMembers, type Member, sharedPorts, wantedPorts } from './fleet-plan.ts';
import { humanLines } from './human-lines.ts';

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** How a user starts `ballast` here: the path to it in a checkout, its name when installed. */
function ballastCommand(): string {
  const path = relative(process.cwd(), process.argv[1] ?? 'ballast');
  return path.startsWith('..') ? 'ballast' : path;
}

async function main(): Promise<number> {
  const signals = listenForSignals(null);
  const env = readEnvironment(process.env);
  const members = demoMembers(env, process.env.SERVER_PORT);
  const ports = wantedPorts(env, members);
  const problems = [...sharedPorts(ports), ...(await takenPorts(ports))];
  for (const problem of problems) say(`ballast demo: ${problem}`);
  if (problems.length > 0) return EXIT.FAILED;

  const loaded = configFromFlags(demoFlags(env, members));
  if (!loaded.ok) {
    for (const finding of loaded.diagnostics) say(formatDiagnostic(finding));
    return EXIT.USAGE;
  }

  const children: ChildProcess[] = [];
  let balancer: Balancer | null = null;
  let isStopping = false;
  try {
    for (const member of members) {
      const child = startChild('backend', [], member.env);
      children.push(child);
      child.once('exit', () => {
        if (isStopping) return;
        say(`backend ${member.name} has ended. Bring it back with:\n  ${restartLine(member)}`);
      });
    }
    await Promise.all(children.map(untilReady));
    const log = pino({ level: 'info' }, humanLines(process.stderr));
    balancer = await startBalancer(loaded.config, { log, env: process.env });
    const proxyUrl = `http://127.0.0.1:${portOf(balancer.listeners[0]?.address ?? '')}`;
    children.push(startChild('traffic', [proxyUrl], {}));
    printGuide(proxyUrl, balancer.adminUrl, members, children);
    await signals.stop;
    say('\nStopping …');
  } catch (error) {
    say(`ballast demo: cannot start: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = EXIT.FAILED;
  }
  isStopping = true;
  // First who asks, then who passes on, last who answers: nobody meets a closed door.
  await stopChildren(children.slice(members.length));
  await balancer?.stop();
  await stopChildren(children.slice(0, members.length));
  return Number(process.exitCode ?? EXIT.DONE);
}

function printGuide(proxyUrl: string, adminUrl: string | null, members: readonly Member[], all: ChildProcess[]): void {
  const backends = members.map(({ name, url, about }, index) => {
    return `    ${name.padEnd(8)} ${url}   ${about.padEnd(18)} pid ${all[index]?.pid}`;
  });
  const [, second] = members;
  say(`
  Ballast is running.

  Dashboard   ${adminUrl}
  Balancer    ${proxyUrl}      try: curl -i ${proxyUrl}/
${backends.length > 0 ? `  Backends\n${backends.join('\n')}` : '  Backends    yours, from BACKEND_SERVERS'}
`);
  if (second !== undefined) {
    say(`  See what happens when a backend goes away:
    kill ${all[1]?.pid}
    ${restartLine(second)}
  or when it says that it is not ready, and is again:
    curl -d '{"ready":false}' ${second.url}/admin/ready/
    curl -d '{"ready":true}' ${second.url}/admin/ready/
`);
  }
  say('  Stop all of it with Ctrl-C.\n');
}

/** The line that starts a backend of the fleet again. */
function restartLine({ env }: Member): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return `${variables.join(' ')} ${ballastCommand()} backend`;
}

/** The port of an address such as `[::]:8080`. */
function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

process.exit(await main());
