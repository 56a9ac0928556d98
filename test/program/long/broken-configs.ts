/**
 * 42 broken configs are reloaded under load, by the admin API and by SIGHUP: each is refused with
 * file, line and what is wrong there, `ballast check` exits 3 for it, and service is what it was.
 *
 * `node test/program/long/broken-configs.ts`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Diagnostic } from '../../../src/config/diagnostics.ts';
import { poolOf, runBalancer } from '../../harness/balancer-program.ts';
import { startHttpBackends } from '../../harness/http-backends.ts';
import { openStreams, startStreamBackend } from '../../harness/streams.ts';
import { startLanes, times } from './lanes.ts';
import { report } from './verdict.ts';

const BALLAST = new URL('../../../bin/ballast', import.meta.url).pathname;
const CONFIG_INVALID = 3;
const PAUSE_MS = 15;

const VALID = `version: 1
workers: 2
listeners:
  web: { address: "127.0.0.1:PORT" }
admin: { address: "127.0.0.1:ADMIN" }
pools:
  web:
    policy: round-robin
    backends:
      - { name: a, url: "http://127.0.0.1:8081" }
      - { name: b, url: "http://127.0.0.1:8082", weight: 2 }
    health: { path: /healthz, interval: 2s, timeout: 1s, rise: 2, fall: 3, fastInterval: 1s }
    retry: { attempts: 3 }
    timeouts: { connect: 2s }
  other:
    backends: ["http://127.0.0.1:8083"]
routes:
  - { match: { host: example.com, path: /other }, pool: other }
  - { pool: web }
limits: { head: 32KiB }
shutdownTimeout: 5s
`;

/** What the file says instead of a line of the valid one, and which code that must be given there. */
type OneLine = readonly [line: string, instead: string, code: Diagnostic['code']];

const WEB = 'web: { address: "127.0.0.1:PORT" }';
const HEALTH = 'health: { path: /healthz, interval: 2s, timeout: 1s, rise: 2, fall: 3, fastInterval: 1s }';
const B = '- { name: b, url: "http://127.0.0.1:8082", weight: 2 }';
const ROUTE = '- { match: { host: example.com, path: /other }, pool: other }';

const ONE_LINE: readonly OneLine[] = [
  ['version: 1', 'version: 2', 'version-unsupported'],
  ['version: 1', 'version: @1', 'yaml-syntax'],
  ['workers: 2', 'workers: many', 'type-mismatch'],
  ['workers: 2', 'workers: 0', 'value-out-of-range'],
  ['workers: 2', 'wrokers: 2', 'unknown-key'],
  ['workers: 2', 'workers: 2\nworkers: 3', 'duplicate-key'],
  [WEB, 'web: { address: "127.0.0.1:99999" }', 'address-invalid'],
  [WEB, 'web: { adress: "127.0.0.1:PORT" }', 'unknown-key'],
  [WEB, 'web: {}', 'missing-key'],
  ['admin: { address: "127.0.0.1:ADMIN" }', 'admin: { address: "127.0.0.1:PORT" }', 'address-duplicate'],
  ['admin: { address: "127.0.0.1:ADMIN" }', 'admin: { address: "0.0.0.0:ADMIN" }', 'admin-token-missing'],
  ['admin: { address: "127.0.0.1:ADMIN" }', 'admin: { address: "127.0.0.1:ADMIN", token: "a b" }', 'token-invalid'],
  ['policy: round-robin', 'policy: round-robbin', 'policy-unknown'],
  ['policy: round-robin', 'policy: [round-robin]', 'type-mismatch'],
  ['policy: round-robin', '\tpolicy: round-robin', 'yaml-syntax'],
  [B, '- { name: b, url: "ftp://127.0.0.1:8082" }', 'url-scheme-unsupported'],
  [B, '- { name: b, url: "http://127.0.0.1:8082/api" }', 'url-not-bare'],
  [B, '- { name: b, url: "127.0.0.1" }', 'url-invalid'],
  [B, '- { name: b, url: "http://127.0.0.1:8081" }', 'backend-duplicate'],
  [B, '- { name: a, url: "http://127.0.0.1:8082" }', 'backend-name-duplicate'],
  [B, '- { name: b }', 'missing-key'],
  [B, '- { name: b, url: "http://127.0.0.1:8082", weight: 257 }', 'value-out-of-range'],
  [B, '- { name: b, url: "http://127.0.0.1:8082", wieght: 2 }', 'unknown-key'],
  [B, '- { name: "b/c", url: "http://127.0.0.1:8082" }', 'name-invalid'],
  [B, `- { name: b, url: "http://\${NOT_SET_ANYWHERE}:8082" }`, 'variable-missing'],
  [B, `- { name: b, url: "http://\${not closed:8082" }`, 'variable-invalid'],
  [B, '- *nobody', 'yaml-alias-unknown'],
  [HEALTH, 'health: { path: /healthz, interval: 2s, timeout: 3s }', 'health-timeout-too-long'],
  [HEALTH, 'health: { path: /healthz, interval: 2 seconds, timeout: 1s }', 'duration-invalid'],
  [HEALTH, 'health: { path: healthz, interval: 2s, timeout: 1s }', 'path-invalid'],
  [HEALTH, 'health: { interval: 2s, timeout: 1s }', 'missing-key'],
  [HEALTH, 'health: { path: /healthz, interval: 2s, timeout: 1s, statuses: "200-" }', 'statuses-invalid'],
  ['retry: { attempts: 3 }', 'retry: { attempts: three }', 'type-mismatch'],
  ['timeouts: { connect: 2s }', '__proto__: { connect: 2s }', 'key-refused'],
  [ROUTE, '- { match: { host: "exa mple.com" }, pool: other }', 'host-invalid'],
  [ROUTE, '- { match: { path: other }, pool: other }', 'path-invalid'],
  [ROUTE, '- { match: { path: /other }, pool: othre }', 'pool-unknown'],
  ['limits: { head: 32KiB }', 'limits: { head: 32 potatoes }', 'size-invalid'],
  ['limits: { head: 32KiB }', 'limits: { head: 12KiB, target: 16KiB }', 'limits-inconsistent'],
  ['limits: { head: 32KiB }', 'forwarded: { trust: [10.0.0.0/99] }', 'network-invalid'],
];

interface Broken {
  readonly what: string;
  readonly text: string | Buffer;
  readonly code: Diagnostic['code'];
  readonly line: number;
}

function brokenOf([line, instead, code]: OneLine): Broken {
  const lines = VALID.split('\n');
  const at = lines.findIndex((one) => one.trim() === line);
  if (at < 0) throw new Error(`the valid config has no line "${line}"`);
  const indent = /^ */.exec(lines[at] ?? '')?.[0] ?? '';
  lines[at] = `${indent}${instead}`;
  // Of a line that became two, the second is the one too many.
  return { what: instead, text: lines.join('\n'), code, line: at + instead.split('\n').length };
}

const WHOLE: readonly Broken[] = [
  { what: 'nothing', text: '', code: 'config-empty', line: 1 },
  { what: 'bytes that are no text', text: Buffer.from([0xff, 0xfe, 0x00, 0x80]), code: 'config-not-utf8', line: 1 },
];

interface Refusal {
  readonly code: string;
  readonly diagnostics?: readonly Diagnostic[];
}

await report('broken-configs', async (cleanup) => {
  const backends = await startHttpBackends(cleanup, ['x', 'y']);
  const { backend, finish } = await startStreamBackend(cleanup, 'streams');
  const balancer = await runBalancer(cleanup, {
    pools: { web: poolOf(backends), streams: poolOf([backend]) },
    routes: [
      { match: { path: '/chat' }, pool: 'streams' },
      { match: { path: '/download' }, pool: 'streams' },
      { pool: 'web' },
    ],
  });
  const { admin, port, configFile } = balancer;
  const faults: string[] = [];
  const before = await admin.status();
  const streams = await openStreams(cleanup, port);
  const lanes = startLanes(cleanup, {
    port,
    pauseMs: PAUSE_MS,
    lanes: [
      ...times(4, { method: 'GET' }),
      ...times(2, { method: 'POST', body: 'b'.repeat(5_000) }),
      ...times(2, { method: 'GET', isFresh: true }),
    ],
  });
  const all = [...ONE_LINE.map(brokenOf), ...WHOLE];
  let named = 0;
  let exits = 0;
  let copies = 0;
  for (const { what, text, code, line } of all) {
    const filled =
      typeof text === 'string' ? text.replaceAll('PORT', String(port)).replaceAll('ADMIN', String(admin.port)) : text;
    await writeFile(configFile, filled);
    // A copy, so that the check needs not be waited for before the next one.
    const copy = path.join(path.dirname(configFile), `broken-${copies++}.yaml`);
    await writeFile(copy, filled);
    const exiting = checkExit(copy);
    const answer = await admin.ask('/api/v1/reload', { method: 'POST' });
    const refusal = JSON.parse(answer.text) as Refusal;
    const told = refusal.diagnostics ?? [];
    const isNamed = told.some((one) => one.code === code && one.line === line && one.file === configFile);
    if (answer.status === 422 && refusal.code === 'config-invalid' && isNamed) named++;
    else {
      const got = told.map((one) => `${one.code} at ${one.line}`).join(', ');
      faults.push(`${what}: ${answer.status} ${refusal.code}, ${got || 'nothing'} instead of ${code} at ${line}`);
    }
    if (told.some(({ message, column }) => message === '' || column < 1)) faults.push(`${what}: a diagnostic is empty`);
    const { kind } = await balancer.reload();
    if (kind !== 'reload-refused') faults.push(`${what}: ${kind} by SIGHUP`);
    const exit = await exiting;
    if (exit === CONFIG_INVALID) exits++;
    else faults.push(`${what}: ballast check exits ${exit}`);
    await streams.echo();
  }
  await rm(configFile);
  const gone = await admin.ask('/api/v1/reload', { method: 'POST' });
  if (gone.status !== 422 || !gone.text.includes('config-unreadable')) faults.push(`no file: ${gone.text}`);
  const { sent, answered, faults: failed, longestMs } = await lanes.stop();
  await streams.more();
  await streams.end(finish);
  faults.push(...failed, ...streams.faults);
  const after = await admin.status();
  if (after.revision !== before.revision) faults.push(`the revision went from ${before.revision} to ${after.revision}`);
  if (after.workers.some(({ restarts }) => restarts > 0)) faults.push('a worker was replaced');
  const refusals = (await admin.eventsOf('reload-refused')).length;
  if (refusals !== 2 * all.length + 1) faults.push(`${refusals} refusals were told`);
  return [
    {
      figures:
        `${all.length} broken configs, ${named} named with file, line and code, ${exits} with exit code ${CONFIG_INVALID} of check; ` +
        `${sent} requests meanwhile, ${failed.length} failed, ${answered} answered, longest ${Math.round(longestMs)} ms; ` +
        `1 WebSocket with ${streams.echoes} echoes and 1 download of ${streams.lines} lines over all of it`,
      faults,
    },
  ];
});

async function checkExit(file: string): Promise<number | null> {
  // The runtime of this process, so that it need not start another one.
  const PATH = `${path.dirname(process.execPath)}:${process.env['PATH']}`;
  const env = { ...process.env, PATH, BALLAST_ADMIN_TOKEN: '' };
  const child = spawn(BALLAST, ['check', file], { stdio: 'ignore', env });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
