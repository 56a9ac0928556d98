/**
 * Starts with something broken: a dead backend, a name that does not resolve, every backend dead,
 * state files that cannot be read, a full disk under state file and access log. Each start serves,
 * takes a change and says what is wrong.
 *
 * `node test/program/long/degraded-starts.ts`
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { poolOf, QUICK_HEALTH, runBalancer, type Settings } from '../../harness/balancer-program.ts';
import type { CleanupList } from '../../harness/cleanup.ts';
import { eventually } from '../../harness/eventually.ts';
import { freePort } from '../../harness/free-port.ts';
import { type HttpBackend, startHttpBackends } from '../../harness/http-backends.ts';
import { failedIn, runLoad } from '../../harness/load.ts';
import type { Surroundings } from '../../harness/program.ts';
import { report } from './verdict.ts';

const REQUESTS = 200;
/** Within that a dead backend has been found out. */
const LIMIT_MS = 30_000;

interface Start {
  readonly name: string;
  readonly settings: Settings;
  readonly surroundings?: Surroundings;
  /** What the program must say, on stderr or as a reason in the status. */
  readonly says: RegExp;
  /** Nobody can serve: the answer is a 503 with its reason. */
  readonly isUnserved?: boolean;
}

async function startsOf(cleanup: CleanupList, backends: readonly HttpBackend[]): Promise<Start[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-degraded-'));
  cleanup.after(() => rm(folder, { recursive: true, force: true }));
  const [first] = backends;
  const dead = { name: 'dead', port: await freePort() };
  const nobody = { name: 'nobody', url: 'http://nobody.invalid:80' };
  const web = (entries: readonly { name: string; port: number }[]): Settings => ({
    pools: { web: poolOf(entries, { health: QUICK_HEALTH }) },
  });
  const stateFile = async (name: string, text: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, text);
    return file;
  };
  const full = path.join(folder, 'full');
  const mayMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
  return [
    { name: 'one backend dead', settings: web([...backends, dead]), says: /ECONNREFUSED/ },
    {
      name: 'a name that does not resolve',
      settings: {
        pools: {
          web: { backends: [{ name: 'a', url: `http://127.0.0.1:${first?.port}` }, nobody], health: QUICK_HEALTH },
        },
      },
      says: /nobody\.invalid/,
    },
    { name: 'every backend dead', settings: web([dead]), says: /ECONNREFUSED/, isUnserved: true },
    {
      name: 'a corrupt state file',
      settings: { ...web(backends), stateFile: await stateFile('corrupt.json', '{"format":"ballast-state","vers') },
      says: /corrupt\.json.*not JSON|not JSON/,
    },
    {
      name: 'a state file of a newer version',
      settings: {
        ...web(backends),
        stateFile: await stateFile('newer.json', '{"format":"ballast-state","version":99}'),
      },
      says: /version is 99/,
    },
    ...(mayMount
      ? [
          {
            name: 'a full disk',
            settings: {
              ...web(backends),
              stateFile: path.join(full, 'state.json'),
              accessLog: { path: path.join(full, 'access.log') },
            },
            surroundings: {
              hasOwnMounts: true,
              before: `mkdir -p ${full} && mount -t tmpfs -o size=16k tmpfs ${full} && { dd if=/dev/zero of=${full}/fill bs=1k count=64 2> /dev/null || true; }`,
            },
            says: /ENOSPC|no space/i,
          },
        ]
      : []),
  ];
}

async function check(cleanup: CleanupList, start: Start): Promise<string[]> {
  const faults: string[] = [];
  const { admin, port, program } = await runBalancer(cleanup, start.settings, {}, start.surroundings);
  if (start.isUnserved === true) {
    await admin.until('down', ['dead'], LIMIT_MS);
    const response = await fetch(`http://127.0.0.1:${port}/`);
    const text = await response.text();
    if (response.status !== 503 || !text.startsWith('POOL_UNAVAILABLE: ')) faults.push(`${response.status} ${text}`);
  } else {
    const load = await runLoad({ port, requests: REQUESTS, concurrency: 4 });
    faults.push(...failedIn(load));
    await admin.setPolicy('least-connections');
    faults.push(...failedIn(await runLoad({ port, requests: REQUESTS, concurrency: 4 })));
  }
  const heard = async (): Promise<string> =>
    `${program.log}\n${JSON.stringify(await admin.pool())}\n${JSON.stringify(await admin.events())}`;
  await eventually(`it to say ${start.says}`, async () => start.says.test(await heard()), LIMIT_MS).catch(
    (error: unknown) => faults.push(String(error)),
  );
  if ((await admin.ask('/livez')).status !== 200) faults.push('it is not live');
  const exit = await program.stop();
  if (exit !== 0) faults.push(`exit ${exit}`);
  return faults.map((fault) => `${start.name}: ${fault}`);
}

await report('degraded-starts', async (cleanup) => {
  const backends = await startHttpBackends(cleanup, ['a', 'b']);
  const starts = await startsOf(cleanup, backends);
  const faults: string[] = [];
  for (const start of starts) faults.push(...(await check(cleanup, start)));
  return [
    {
      promise: 'D20',
      figures: `${starts.length} starts with something broken, each serving and saying so: ${starts.map(({ name }) => name).join(', ')}`,
      faults,
    },
  ];
});
