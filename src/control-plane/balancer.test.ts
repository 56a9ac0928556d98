import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import pino from 'pino';
import { eventually } from '../../test/harness/eventually.ts';
import { freePort } from '../../test/harness/free-port.ts';
import { makeConfig } from '../../test/harness/make-config.ts';
import { loadConfigFile } from '../config/load.ts';
import { type Balancer, startBalancer } from './balancer.ts';

const STUB_URL = new URL('../../test/harness/stub-worker.ts', import.meta.url);
const SILENT = { log: pino({ level: 'silent' }), env: {} };
const HEALTH = { path: '/healthz', interval: '1h', fastInterval: '100ms', timeout: '2s', rise: 1, fall: 1 };

/** An HTTP backend that answers with its name. */
async function backend(t: TestContext, name: string): Promise<{ url: string; requests: () => number }> {
  let requests = 0;
  const server = http.createServer((request, response) => {
    if (request.url !== '/healthz') requests++;
    response.end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`, requests: () => requests };
}

async function start(t: TestContext, ...args: Parameters<typeof startBalancer>): Promise<Balancer> {
  const balancer = await startBalancer(...args);
  t.after(() => balancer.kill());
  return balancer;
}

const get = (url: string): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
  });

const urlOf = (balancer: Balancer): string => `http://${balancer.listeners[0]?.address}/`;

interface StatusView {
  readonly pools: readonly {
    readonly policy: string;
    readonly backends: readonly { readonly name: string; readonly state: string; readonly weight: number }[];
  }[];
}

const statusOf = async (balancer: Balancer): Promise<StatusView> =>
  JSON.parse((await get(`${balancer.adminUrl}api/v1/status`)).text) as StatusView;

async function send(method: string, url: string, body: object): Promise<number> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.text();
  return response.status;
}

describe('balancer', () => {
  it('carries requests to its backends, over two workers', async (t) => {
    const [one, two] = [await backend(t, 'one'), await backend(t, 'two')];
    const config = makeConfig({ workers: 2, pools: { web: { backends: [one.url, two.url], health: HEALTH } } });
    const balancer = await start(t, config, SILENT);
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(urlOf(balancer))));
    assert.equal(answers.filter(({ status, text }) => status === 200 && text === 'one').length, 10);
    assert.equal(answers.filter(({ status, text }) => status === 200 && text === 'two').length, 10);
    assert.equal(balancer.adminUrl, null);
    const url = urlOf(balancer);
    await balancer.stop();
    await assert.rejects(get(url), /ECONNREFUSED/);
  });

  it('starts with backends that are down or do not resolve', async (t) => {
    const alive = await backend(t, 'alive');
    const dead = `http://127.0.0.1:${await freePort()}`;
    const backends = [{ url: dead, name: 'dead' }, { url: 'http://nowhere.invalid:80', name: 'lost' }, alive.url];
    const config = makeConfig({ pools: { web: { backends, health: HEALTH } }, admin: { address: '127.0.0.1:0' } });
    const balancer = await start(t, config, SILENT);
    for (let i = 0; i < 6; i++) assert.deepEqual(await get(urlOf(balancer)), { status: 200, text: 'alive' });
    const states = async () => (await statusOf(balancer)).pools[0]?.backends.map(({ state }) => state).join(' ');
    await eventually('the states are known', async () => (await states()) === 'down unresolved up');
  });

  it('names every taken port at once, and leaves nothing behind', async (t) => {
    const [port, adminPort] = [await freePort(), await freePort()];
    for (const taken of [port, adminPort]) {
      const server = net.createServer().listen(taken, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      t.after(() => server.close());
    }
    const config = makeConfig({
      listeners: { web: { address: `127.0.0.1:${port}` } },
      pools: { web: { backends: [] } },
      admin: { address: `127.0.0.1:${adminPort}` },
    });
    await assert.rejects(startBalancer(config, SILENT), (error: Error) => {
      assert.match(error.message, new RegExp(`listener web: port ${port} is already in use`));
      assert.match(error.message, new RegExp(`admin: port ${adminPort} is already in use`));
      return true;
    });
  });

  it('run-time changes are on disk when they are answered, and survive a restart', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'ballast-balancer-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    const [one, two] = [await backend(t, 'one'), await backend(t, 'two')];
    const stateFile = join(directory, 'state.json');
    const config = makeConfig({
      stateFile,
      pools: { web: { backends: [{ url: one.url, name: 'one' }], health: HEALTH } },
      admin: { address: '127.0.0.1:0' },
    });
    const first = await start(t, config, SILENT);
    const api = `${first.adminUrl}api/v1/pools/web`;
    assert.equal(await send('PATCH', api, { policy: 'least-connections' }), 200);
    assert.equal(await send('PATCH', `${api}/backends/one`, { weight: 7 }), 200);
    assert.equal(await send('POST', `${api}/backends`, { url: two.url, name: 'two' }), 201);
    assert.match(await readFile(stateFile, 'utf8'), /"name": "two"/);
    assert.equal(await send('PATCH', `${api}/backends/one`, { mode: 'drain' }), 200);
    // From the answer on, in every worker.
    for (let i = 0; i < 4; i++) assert.equal((await get(urlOf(first))).text, 'two');
    await first.kill();
    const second = await start(t, config, SILENT);
    const [pool] = (await statusOf(second)).pools;
    assert.equal(pool?.policy, 'least-connections');
    assert.deepEqual(
      pool?.backends.map(({ name, weight }) => [name, weight]),
      [
        ['one', 7],
        ['two', 1],
      ],
    );
    assert.equal((await get(urlOf(second))).text, 'two');
  });

  it('a reload swaps backends without losing a request', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'ballast-balancer-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    const path = join(directory, 'ballast.yaml');
    const [one, two] = [await backend(t, 'one'), await backend(t, 'two')];
    const write = (url: string) => {
      const text = JSON.stringify({
        version: 1,
        workers: 2,
        listeners: { web: { address: '127.0.0.1:0' } },
        pools: { web: { backends: [url], health: HEALTH } },
      });
      return writeFile(path, text);
    };
    await write(one.url);
    const loaded = loadConfigFile(path, {});
    assert.equal(loaded.ok, true);
    if (!loaded.ok) return;
    const configFile = { path, hash: loaded.sourceHash, text: loaded.text, isWatched: false };
    const balancer = await start(t, loaded.config, { ...SILENT, configFile });
    const address = balancer.listeners[0]?.address;
    let isRunning = true;
    const statuses = new Map<number, number>();
    const client = async (): Promise<void> => {
      while (isRunning) {
        const { status } = await get(urlOf(balancer));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const clients = [client(), client(), client()];
    for (let i = 0; i < 10; i++) {
      await write(i % 2 === 0 ? two.url : one.url);
      assert.equal((await balancer.reload()).ok, true);
      const expected = i % 2 === 0 ? 'two' : 'one';
      assert.equal((await get(urlOf(balancer))).text, expected);
    }
    isRunning = false;
    await Promise.all(clients);
    assert.deepEqual([...statuses.keys()], [200]);
    assert.equal(balancer.listeners[0]?.address, address);
  });

  it('a second stop ends at once', async (t) => {
    const config = makeConfig({ pools: { web: { backends: [] } }, shutdownTimeout: '1h' });
    const balancer = await start(t, config, { ...SILENT, workerUrl: STUB_URL });
    // The stub does not drain while its event loop is blocked.
    await get(`${urlOf(balancer)}hang`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const first = balancer.stop();
    await balancer.stop();
    await first;
  });
});
