/** `ballast explain` as people meet it, and what the admin API says of the config of a real process. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../test/harness/eventually.ts';
import { freePort } from '../../test/harness/free-port.ts';
import { accepts, runBallast, startProgram } from '../../test/harness/program.ts';
import type { BackendExplanation, EffectiveConfig, Explanation } from '../protocol/admin-api.ts';
import { EXIT } from './exit-codes.ts';

const TOKEN = 'correct-horse-battery-staple-0123456789';

async function explain(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const program = startProgram(t, ['explain', ...args], { BALLAST_ADMIN_TOKEN: '', ...env });
  return { exit: await program.ended(), stdout: program.stdout, stderr: program.stderr };
}

const yaml = (port: number, adminPort: number): string => `version: 1
workers: 1
stateFile: false
listeners: { web: { address: "127.0.0.1:${port}" } }
pools:
  api: { policy: weighted-round-robin, backends: [{ url: "http://127.0.0.1:9", name: a, weight: 3 }, { url: "http://127.0.0.1:10", name: b }] }
  web: { backends: ["http://127.0.0.1:11"] }
routes:
  - { match: { host: api.example.com, path: /v1 }, pool: api }
  - { match: { host: www.example.com }, pool: web }
admin: { address: "127.0.0.1:${adminPort}" }
`;

test('explain -c FILE says what a config would do', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-explain-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'ballast.yaml');
  await writeFile(file, yaml(8080, 8090));
  const taken = await explain(t, ['-c', file, '--url', 'http://api.example.com/v1/x']);
  assert.deepEqual([taken.exit, taken.stderr], [EXIT.DONE, '']);
  assert.equal(
    taken.stdout,
    `GET api.example.com/v1/x
  route 1: first match, pool api
pool api, weighted-round-robin
  a (http://127.0.0.1:9): 75 %
  b (http://127.0.0.1:10): 25 %
forwarded
`,
  );
  const lost = await explain(t, ['-c', file, '--url', 'http://127.0.0.1/v2', '--host', 'api.example.com', '--json']);
  const { failure, lost: routes } = JSON.parse(lost.stdout) as Explanation;
  assert.deepEqual(
    [failure?.status, routes.map(({ reason }) => reason)],
    [404, ['path /v2 is not below /v1', 'host api.example.com is not www.example.com']],
  );
  await writeFile(file, 'version: 2\n');
  assert.equal((await explain(t, ['-c', file, '--url', 'http://a/'])).exit, EXIT.CONFIG_INVALID);
  const wrong = await explain(t, ['-c', file, '--url', 'a/b']);
  assert.deepEqual([wrong.exit, wrong.stdout], [EXIT.USAGE, '']);
  assert.match(wrong.stderr, /a URL is written as/);
});

test('explain asks the balancer that runs, and ends with 4 where there is none', async (t) => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const admin = `http://127.0.0.1:${adminPort}`;
  const { configFile } = await runBallast(t, yaml(port, adminPort), [port, adminPort], { BALLAST_ADMIN_TOKEN: TOKEN });
  const url = `http://www.example.com:${port}/a`;
  const asked = await explain(t, ['--admin', `${admin}/`, '--url', url], { BALLAST_ADMIN_TOKEN: TOKEN });
  assert.equal(asked.exit, EXIT.DONE, asked.stderr);
  assert.match(asked.stdout, /^ {2}route 1: no, host www\.example\.com is not api\.example\.com$/m);
  assert.match(asked.stdout, /^pool web, round-robin$/m);
  // Nothing listens there, so its state may be known by now or not.
  assert.match(asked.stdout, /^ {2}127\.0\.0\.1:11 \(http:\/\/127\.0\.0\.1:11\): (?:100 %|not asked, down)/m);
  const refused = await explain(t, ['--admin', admin, '--url', url]);
  assert.equal(refused.exit, EXIT.FAILED);
  assert.match(refused.stderr, /answers 401/);

  const headers = { authorization: `Bearer ${TOKEN}` };
  const config = (await (await fetch(`${admin}/api/v1/config`, { headers })).json()) as EffectiveConfig;
  assert.deepEqual([config.file?.path, config.file?.isChanged, config.needsRestart], [configFile, false, []]);
  const text = JSON.stringify(config.settings);
  assert.match(text, /"token":\{"value":"\*\*\*","origin":"environment","by":"BALLAST_ADMIN_TOKEN"\}/);

  // The answers of the balancer itself are those that were told.
  for (const [host, status] of [
    ['api.example.com', 404],
    ['www.example.com', 502],
  ] as const) {
    const answer = await statusOf(port, host);
    assert.ok(answer === status || (status === 502 && answer === 503), `${host}: ${answer}`);
  }

  const unused = await freePort();
  const nobody = await explain(t, ['--admin', `http://127.0.0.1:${unused}`, '--url', url, '--json']);
  assert.deepEqual([nobody.exit, nobody.stdout], [EXIT.ADMIN_UNREACHABLE, '']);
  assert.match(nobody.stderr, /cannot reach the admin API/);
});

test('explain --backend says why it gets what it gets', async (t) => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const admin = `http://127.0.0.1:${adminPort}`;
  await runBallast(t, yaml(port, adminPort), [port, adminPort]);
  const mode = await fetch(`${admin}/api/v1/pools/api/backends/a`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: '{"mode":"drain"}',
  });
  assert.equal(mode.status, 200);
  const told = await explain(t, ['--admin', admin, '--backend', 'api/a']);
  assert.equal(told.exit, EXIT.DONE, told.stderr);
  assert.match(
    told.stdout,
    /^api\/a: draining\nIt gets no new requests: drain set by admin API; nothing of it is in flight any more\.\n/,
  );
  assert.match(told.stdout, /^ {2}\S+Z mode ready → drain \(admin API\)$/m);
  const json = await explain(t, ['--admin', admin, '--backend', 'api/a', '--json']);
  const { why, events } = JSON.parse(json.stdout) as BackendExplanation;
  assert.deepEqual([why.length, events.at(-1)?.kind], [1, 'mode-changed']);

  const none = await explain(t, ['--admin', admin, '--backend', 'api/z']);
  assert.equal(none.exit, EXIT.FAILED);
  assert.match(none.stderr, /answers 404: There is no backend "z" in pool "api"/);
  for (const args of [
    [],
    ['--backend', 'a'],
    ['--backend', 'a/b', '--url', 'http://a/'],
    ['--backend', 'a/b', '-c', 'f'],
  ]) {
    assert.equal((await explain(t, args)).exit, EXIT.USAGE, args.join(' '));
  }
});

test('the config of a command line names its flags', async (t) => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const flags = ['proxy', '--listen', `127.0.0.1:${port}`, '--to', 'http://127.0.0.1:9'];
  const program = startProgram(t, [...flags, '--admin', `127.0.0.1:${adminPort}`], { BALLAST_ADMIN_TOKEN: '' });
  await eventually(
    () => `the admin API\n${program.log}`,
    () => {
      assert.equal(program.exit, null, program.log);
      return accepts(adminPort);
    },
  );
  const answer = await fetch(`http://127.0.0.1:${adminPort}/api/v1/config`);
  const config = (await answer.json()) as EffectiveConfig;
  assert.equal(config.file, null);
  assert.match(
    JSON.stringify(config.settings),
    new RegExp(`"address":\\{"value":"127\\.0\\.0\\.1:${port}","origin":"flag","by":"--listen"\\}`),
  );
});

/** `fetch` sets `Host` by itself. */
function statusOf(port: number, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const socket = net.connect({ port, host: '127.0.0.1' });
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.on('error', reject).on('close', () => resolve(Number(text.split(' ')[1])));
  socket.end(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return promise;
}
