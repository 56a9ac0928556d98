/**
 * Runs a balancer until it is told to end: what `run` and `proxy` have in common.
 */
import pino from 'pino';
import type { Config } from '../config/schema.ts';
import { type Balancer, type ConfigFile, startBalancer } from '../control-plane/balancer.ts';
import { type Takeover, takeoverOf } from '../control-plane/handover/takeover.ts';
import { LogTail } from '../control-plane/log-tail.ts';
import { EXIT } from './exit-codes.ts';
import type { LogLevel } from './log-level.ts';
import { PidFile } from './pid-file.ts';
import { ServingSignals } from './serving-signals.ts';
import { takenPorts, type WantedAddress } from './taken-ports.ts';

export interface ServeOptions {
  readonly logLevel: LogLevel;
  /** Where to keep the number of the process that serves; null for nowhere. */
  readonly pidFile: string | null;
  /** The file that the config came from, for SIGHUP; null where it came from the command line. */
  readonly configFile: ConfigFile | null;
  /** Where to change the address of a listener or of the admin API: ends the sentence about a taken port. */
  readonly remedyFor: (setting: 'admin' | `listeners.${string}`) => string;
}

/** Resolves with the exit code when the balancer has ended. */
export async function serve(config: Config, options: ServeOptions): Promise<number> {
  // JSON lines on stderr, written at once: a log line that is not out when the process dies helps nobody.
  const logTail = new LogTail();
  const streams = pino.multistream([
    { level: 'trace', stream: pino.destination({ dest: 2, sync: true }) },
    { level: 'warn', stream: logTail },
  ]);
  const log = pino({ level: options.logLevel }, streams);
  let takeover: Takeover | null = null;
  let balancer: Balancer | null = null;
  let pidFile: PidFile | null = null;
  const signals = new ServingSignals();
  try {
    takeover = takeoverOf(process, () => {
      say('the old process is gone before it has handed over: ending');
      process.exit(EXIT.FAILED);
    });
    // In a takeover the ports are taken, and rightly so.
    const problems = takeover === null ? await takenPorts(wantedAddresses(config, options)) : [];
    for (const problem of problems) say(problem);
    if (problems.length > 0) return EXIT.FAILED;

    pidFile = options.pidFile === null ? null : new PidFile(options.pidFile);
    process.on('exit', () => pidFile?.remove());
    const { configFile } = options;
    balancer = await startBalancer(config, {
      ...(configFile === null ? {} : { configFile }),
      ...(takeover === null ? {} : { takeover }),
      log,
      logTail,
      env: process.env,
    });
    await takeover?.ready();
    pidFile?.write();
    balancer.begin();
    await takeover?.serving();
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    say(`cannot start: ${problem}`);
    log.debug({ err: error }, 'cannot start');
    await takeover?.failed(problem);
    await balancer?.kill();
    return EXIT.FAILED;
  }
  announce(balancer);

  const end = await signals.carryOut(balancer, () => pidFile?.write());
  say(`${end}: finishing what is in flight, for at most ${config.shutdownTimeoutMs / 1000} s`);
  await balancer.stop();
  return EXIT.DONE;
}

/** Where the balancer can be reached, for people. */
function announce(balancer: Balancer): void {
  for (const listener of balancer.listeners) say(`listener ${listener.name} accepts on ${listener.address}`);
  if (balancer.adminUrl !== null) say(`dashboard and admin API on ${balancer.adminUrl}`);
}

function wantedAddresses(config: Config, options: ServeOptions): WantedAddress[] {
  const listeners = config.listeners.map(({ name, address }) => ({
    ...address,
    remedy: options.remedyFor(`listeners.${name}`),
  }));
  const admin = config.admin === null ? [] : [{ ...config.admin.address, remedy: options.remedyFor('admin') }];
  return [...listeners, ...admin];
}

function say(text: string): void {
  process.stderr.write(`ballast: ${text}\n`);
}
