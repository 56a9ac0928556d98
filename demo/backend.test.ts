import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BACKEND = fileURLToPath(new URL('./backend.ts', import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

function spawnBackend(t: TestContext, env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [BACKEND], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  t.after(() => void child.kill('SIGKILL'));
  return child;
}

async function startBackend(t: TestContext, env: Record<string, string> = {}): Promise<Running> {
  const child = spawnBackend(t, { SERVER_PORT: '0', SERVER_NAME: 'b1', ...env });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, url: `http://127.0.0.1:${port}` };
}

async function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
}

test('a backend answers with its name and the number of the request', async (t) => {
  const { url } = await startBackend(t);
  await fetch(`${url}/first`);
  const answer = await fetch(`${url}/second?x=1`, { method: 'PUT', body: 'text' });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-served-by'), 'b1');
  assert.deepEqual(await answer.json(), {
    name: 'b1',
    request: 2,
    method: 'PUT',
    path: '/second?x=1',
    ready: true,
    error: false,
  });
});

test('readiness can be switched: both health paths follow', async (t) => {
  const { url } = await startBackend(t);
  const statuses = async (): Promise<number[]> =>
    Promise.all(['/healthz', '/readyz'].map(async (path) => (await fetch(url + path)).status));
  assert.deepEqual(await statuses(), [200, 200]);
  assert.equal((await post(`${url}/admin/ready/`, { ready: false })).status, 200);
  assert.deepEqual(await statuses(), [503, 503]);
  assert.equal((await fetch(url)).status, 200, 'it still answers');
  assert.equal((await post(`${url}/admin/ready/`, { ready: true })).status, 200);
  assert.deepEqual(await statuses(), [200, 200]);
});

test('dials turn delay and faults while it runs', async (t) => {
  const { url } = await startBackend(t, { DELAY_MS: '1', ERROR_RATE: '1' });
  assert.equal((await fetch(url)).status, 500);
  const answer = await post(`${url}/admin/dials`, { errorRate: 0, delayMs: 60 });
  assert.deepEqual(await answer.json(), { delayMs: 60, jitterMs: 0, errorRate: 0 });
  const startMs = performance.now();
  assert.equal((await fetch(url)).status, 200);
  assert.ok(performance.now() - startMs >= 55, 'it waited');
});

for (const [what, path, body] of [
  ['an unknown dial', '/admin/dials', { delay: 1 }],
  ['a dial beyond its bounds', '/admin/dials', { errorRate: 2 }],
  ['a dial that is no number', '/admin/dials', { delayMs: '5' }],
  ['readiness that is no boolean', '/admin/ready/', { ready: 'no' }],
  ['no JSON', '/admin/ready/', 'ready'],
  ['a list', '/admin/dials', []],
] as const) {
  test(`a control request is refused: ${what}`, async (t) => {
    const { url } = await startBackend(t);
    const answer = await post(url + path, body);
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /"error":"/);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
  });
}

test('metrics count the answers by status', async (t) => {
  const { url } = await startBackend(t);
  await fetch(url);
  await fetch(url);
  const text = await (await fetch(`${url}/metrics`)).text();
  assert.match(text, /^demo_requests_total\{backend="b1",status="200"\} 2$/m);
  assert.match(text, /^demo_ready\{backend="b1"\} 1$/m);
});

test('on SIGTERM it finishes the request in flight and ends with 0', async (t) => {
  const { child, url } = await startBackend(t, { DELAY_MS: '300' });
  // The head of the answer to `Expect` says that the request has begun.
  const request = http.request(url, { method: 'POST', headers: { Expect: '100-continue' } });
  request.flushHeaders();
  await once(request, 'continue');
  request.end('body');
  const answered = once(request, 'response');
  child.kill('SIGTERM');
  const [answer] = (await answered) as [http.IncomingMessage];
  assert.equal(answer.resume().statusCode, 200);
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('it ends when the parent that holds its channel is gone', async (t) => {
  const { child } = await startBackend(t);
  child.disconnect();
  assert.deepEqual(await once(child, 'exit'), [1, null]);
});

test('a taken port is named together with its variable', async (t) => {
  const server = net.createServer().listen(0);
  t.after(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const child = spawnBackend(t, { SERVER_PORT: String(port) });
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`port ${port} is already in use; set SERVER_PORT`));
});

for (const [variable, value] of [
  ['SERVER_PORT', '99999'],
  ['SERVER_PORT', 'http'],
  ['DELAY_MS', '-1'],
  ['ERROR_RATE', '2'],
] as const) {
  test(`${variable}=${value} is refused by name`, async (t) => {
    const child = spawnBackend(t, { [variable]: value });
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += String(chunk);
    });
    const [code] = await once(child, 'close');
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`${variable}=${value}: expected a number from 0 to`));
  });
}

test('told to end, it does so although a client never pauses', async (t) => {
  const { child, url } = await startBackend(t);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ask = (): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      const request = http.get(url, { agent }, (response) => {
        response.resume().once('end', () => resolve(response.headers.connection));
      });
      request.once('error', reject);
    });
  assert.equal(await ask(), 'keep-alive');
  const ended = once(child, 'exit');
  let hasSaidClose = false;
  child.kill('SIGTERM');
  while (child.exitCode === null && child.signalCode === null) {
    hasSaidClose = (await ask().catch(() => 'gone')) === 'close' || hasSaidClose;
    if (hasSaidClose) break;
  }
  const startMs = performance.now();
  assert.deepEqual(await ended, [0, null]);
  assert.ok(performance.now() - startMs < 4000, 'it ends of its own and not by its limit of 5 s');
});
