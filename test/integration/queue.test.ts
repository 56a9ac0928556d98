/** Requests wait while every available backend is at its `maxConnections`, in order, and only so many and so long. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PoolSpec } from '../harness/build-plan.ts';
import { type DataPlane, startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { type HttpBackend, startHttpBackend } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { connectRaw, type RawClient, requestBytes } from '../harness/raw-client.ts';

/** A backend whose answers wait until they are let go, in the order of their requests. */
interface HeldBackend extends HttpBackend {
  readonly targets: string[];
  /** Answers the oldest request that is not answered yet, once there is one. */
  release(): Promise<void>;
}

async function startHeld(t: TestContext, name: string): Promise<HeldBackend> {
  const targets: string[] = [];
  const held: (() => void)[] = [];
  const backend = await startHttpBackend(t, name, {
    handle(request, response) {
      targets.push(request.url ?? '');
      let bytes = 0;
      request.on('data', (piece: Buffer) => {
        bytes += piece.length;
      });
      request.on('end', () => held.push(() => response.end(`${name} ${request.url} ${bytes}`)));
    },
  });
  const release = async (): Promise<void> => {
    await eventually('a request to answer', () => held.length > 0);
    held.shift()?.();
  };
  return Object.assign(backend, { targets, release });
}

interface World {
  readonly plane: DataPlane;
  readonly backend: HeldBackend;
  /** Its one request. */
  readonly first: RawClient;
}

const oneAtATime = ({ name, port }: HttpBackend): PoolSpec['backends'][number] => ({ name, port, maxConnections: 1 });

/** One backend that serves one request at a time, and is busy with `/first`. */
async function startFull(t: TestContext, pool: Partial<PoolSpec> = {}, workers = 1): Promise<World> {
  const backend = await startHeld(t, 'a');
  const plane = await startDataPlane(t, { pools: [{ backends: [oneAtATime(backend)], ...pool }] }, workers);
  const first = await connectRaw(t, plane.port);
  await first.send(requestBytes('GET', '/first'));
  await eventually('the first request to arrive', () => backend.inFlight === 1);
  return { plane, backend, first };
}

/** Sends a request on a connection of its own and waits until it waits. */
async function waiter(t: TestContext, plane: DataPlane, bytes: string): Promise<RawClient> {
  const client = await connectRaw(t, plane.port);
  const before = plane.pool().waiting;
  await client.send(bytes);
  await eventually('the request to wait', () => plane.pool().waiting === before + 1);
  return client;
}

for (const workers of [1, 2]) {
  test(`5,000 requests at many times the limit all get their turn, with ${workers} workers`, async (t) => {
    const handle = (_request: unknown, response: { end(body: string): void }): void => {
      setImmediate(() => response.end('ok'));
    };
    const [a, b] = await Promise.all(['a', 'b'].map((name) => startHttpBackend(t, name, { handle })));
    assert.ok(a && b);
    const backends = [
      { name: 'a', port: a.port, maxConnections: 2 },
      { name: 'b', port: b.port, maxConnections: 3 },
    ];
    const plane = await startDataPlane(t, { pools: [{ backends, queue: { timeoutMs: 20_000 } }] }, workers);
    const report = await runLoad({ port: plane.port, requests: 5_000, concurrency: 40 });
    assert.deepEqual(failedIn(report), []);
    assert.equal(report.byStatus.get(200), 5_000);
    assert.ok(a.maxInFlight <= 2, `${a.maxInFlight} at once on a`);
    assert.ok(b.maxInFlight <= 3, `${b.maxInFlight} at once on b`);
    assert.ok(plane.pool().queued > 2_000, `${plane.pool().queued} have waited`);
    await plane.atRest();
  });
}

test('the bound is exact over all workers; one more is refused at once', async (t) => {
  const { plane, backend, first } = await startFull(t, { queue: { size: 3 } }, 2);
  const waiting = [];
  for (let number = 0; number < 3; number++) waiting.push(await waiter(t, plane, requestBytes('GET', `/${number}`)));
  for (let number = 0; number < 8; number++) {
    const other = await connectRaw(t, plane.port);
    const refused = await other.request(requestBytes('GET', '/refused'));
    assert.equal(refused.status, 503);
    assert.equal(refused.field('retry-after'), '1');
    assert.match(refused.body, /POOL_FULL/);
  }
  assert.equal(plane.pool().waiting, 3);
  assert.equal(plane.pool().waitingByWorkers, 3);
  for (let served = 0; served < 4; served++) await backend.release();
  for (const client of [first, ...waiting]) assert.equal((await client.response()).status, 200);
  assert.equal(plane.pool().queued, 3);
  assert.equal(plane.pool().byCode.POOL_FULL, 8);
  assert.equal(backend.requests, 4);
});

test('they are served in the order in which they came, over one connection', async (t) => {
  const { plane, backend, first } = await startFull(t);
  const targets = ['/1', '/2', '/3', '/4'];
  const clients = [];
  for (const target of targets) clients.push(await waiter(t, plane, requestBytes('GET', target)));
  for (const client of [first, ...clients]) {
    await backend.release();
    assert.equal((await client.response()).status, 200);
  }
  assert.deepEqual(backend.targets, ['/first', ...targets]);
  assert.equal(backend.connections, 1, 'a place is handed over together with its connection');
});

test('one that has waited as long as it may is refused, and the others go on', async (t) => {
  const { plane, backend, first } = await startFull(t, { queue: { timeoutMs: 300 } });
  const late = await waiter(t, plane, requestBytes('GET', '/late'));
  const refused = await late.response();
  assert.equal(refused.status, 503);
  assert.equal(refused.field('retry-after'), '1');
  assert.match(refused.body, /QUEUE_TIMEOUT/);
  assert.equal(plane.pool().waiting, 0);
  assert.equal(plane.pool().byCode.QUEUE_TIMEOUT, 1);
  await backend.release();
  await first.response();
  // The same connection serves on.
  await late.send(requestBytes('GET', '/again'));
  await backend.release();
  assert.equal((await late.response()).status, 200);
});

for (const how of ['end', 'reset'] as const) {
  test(`a client that leaves while it waits, by ${how}, frees its place at once`, async (t) => {
    const { plane, backend, first } = await startFull(t, { queue: { size: 2 } });
    const leaver = await waiter(t, plane, requestBytes('GET', '/leaver'));
    const stayer = await waiter(t, plane, requestBytes('GET', '/stayer'));
    if (how === 'end') leaver.halfClose();
    else leaver.reset();
    await eventually('its place to be free', () => plane.pool().waiting === 1);
    assert.equal(plane.pool().byCode.CLIENT_CLOSED, 1);
    if (how === 'end') assert.equal(await leaver.closed(), 'ended');
    await backend.release();
    await first.response();
    await backend.release();
    assert.equal((await stayer.response()).body, 'a /stayer 0');
    assert.deepEqual(backend.targets, ['/first', '/stayer']);
    assert.equal(plane.backend('a').requests, 2);
  });
}

test('a client that has ended its side before does not join', async (t) => {
  const { plane, backend } = await startFull(t);
  const client = await connectRaw(t, plane.port);
  // The second request begins when the first has been answered, and by then nothing else can come.
  await client.send(requestBytes('GET', '/1') + requestBytes('GET', '/2'));
  await eventually('the first of them to wait', () => plane.pool().waiting === 1);
  await backend.release();
  await eventually('the first of them to arrive', () => backend.targets.includes('/1'));
  client.halfClose();
  const busy = await waiter(t, plane, requestBytes('GET', '/busy'));
  await backend.release();
  assert.equal((await client.response()).body, 'a /1 0');
  await client.closed();
  assert.equal(client.unread, '');
  await backend.release();
  assert.equal((await busy.response()).body, 'a /busy 0');
  assert.equal(backend.targets.includes('/2'), false);
  assert.equal(plane.pool().byCode.CLIENT_CLOSED, 1);
});

test('a backend that comes back serves those who wait', async (t) => {
  const a = await startHeld(t, 'a');
  const b = await startHttpBackend(t, 'b');
  const plane = await startDataPlane(t, { pools: [{ backends: [a, b].map(oneAtATime) }] }, 2);
  plane.setHealth('b', 'UNHEALTHY');
  const first = await connectRaw(t, plane.port);
  await first.send(requestBytes('GET', '/first'));
  await eventually('the first request to arrive', () => a.inFlight === 1);
  const clients = [];
  for (let number = 0; number < 4; number++) clients.push(await waiter(t, plane, requestBytes('GET', '/')));
  plane.setHealth('b', 'HEALTHY');
  for (const client of clients) assert.equal((await client.response()).body, 'b');
  await a.release();
  await first.response();
});

test('a limit that is raised lets them go on, and so does a backend that is added', async (t) => {
  const { plane, backend } = await startFull(t, {}, 2);
  const other = await startHttpBackend(t, 'b');
  const clients = [];
  for (let number = 0; number < 4; number++) clients.push(await waiter(t, plane, requestBytes('GET', '/')));
  await plane.apply({ pools: [{ backends: [{ ...oneAtATime(backend), maxConnections: 3 }] }] });
  await eventually('two more to arrive', () => backend.inFlight === 3);
  assert.equal(plane.pool().waiting, 2);
  await plane.apply({ pools: [{ backends: [{ ...oneAtATime(backend), maxConnections: 3 }, oneAtATime(other)] }] });
  await eventually('all to be served', () => plane.pool().waiting === 0 && plane.pool().requests === 2);
  for (let number = 0; number < 3; number++) await backend.release();
  for (const client of clients) assert.equal((await client.response()).status, 200);
  assert.equal(plane.pool().failures, 0);
});

test('they are refused at once when no backend is left, or the pool is gone', async (t) => {
  for (const end of ['unhealthy', 'removed'] as const) {
    const { plane, backend, first } = await startFull(t);
    const clients = [];
    for (let number = 0; number < 3; number++) clients.push(await waiter(t, plane, requestBytes('GET', '/')));
    if (end === 'unhealthy') plane.setHealth('a', 'UNHEALTHY');
    else await plane.apply({ pools: [{ name: 'other', backends: [] }] });
    for (const client of clients) {
      const refused = await client.response();
      assert.equal(refused.status, 503, end);
      assert.match(refused.body, /POOL_UNAVAILABLE/);
    }
    assert.equal(plane.pool().waiting, 0);
    await backend.release();
    assert.equal((await first.response()).status, 200, 'the one that had its place keeps it');
  }
});

test('the body of one that waits is kept as far as it may be, and waits in the client beyond that', async (t) => {
  const { plane, backend, first } = await startFull(t);
  const bytes = 20_000_000;
  const large = await waiter(t, plane, requestBytes('PUT', '/large', { 'Content-Length': `${bytes}` }));
  large.socket.write(Buffer.alloc(bytes, 'x'));
  const small = await waiter(t, plane, requestBytes('POST', '/small', {}, 'y'.repeat(5_000)));
  let written = -1;
  await eventually('the kernel to take no more', () => {
    const before = written;
    written = large.socket.bytesWritten;
    return written === before && large.socket.writableLength > bytes / 4;
  });
  await backend.release();
  await first.response();
  await backend.release();
  assert.equal((await large.response()).body, `a /large ${bytes}`);
  await backend.release();
  assert.equal((await small.response()).body, 'a /small 5000');
});

test('a further attempt waits too, before those who have not had a turn', async (t) => {
  const a = await startHeld(t, 'a');
  const b = await startHeld(t, 'b');
  const plane = await startDataPlane(t, { pools: [{ backends: [a, b].map(oneAtATime) }] });
  const unlucky = await connectRaw(t, plane.port);
  await unlucky.send(requestBytes('GET', '/unlucky'));
  await eventually('it to arrive', () => a.inFlight === 1);
  const other = await connectRaw(t, plane.port);
  await other.send(requestBytes('GET', '/other'));
  await eventually('it to arrive', () => b.inFlight === 1);
  const waiting = await waiter(t, plane, requestBytes('GET', '/waiting'));
  plane.setHealth('a', 'UNHEALTHY');
  a.server.closeAllConnections();
  await eventually('the failed one to wait', () => plane.pool().waiting === 2);
  for (const client of [other, unlucky, waiting]) {
    await b.release();
    assert.match((await client.response()).body, /^b/);
  }
  assert.deepEqual(b.targets, ['/other', '/unlucky', '/waiting']);
  assert.equal(plane.pool().failures, 0);
});

test('those who wait are served before the worker ends', async (t) => {
  const { plane, backend, first } = await startFull(t);
  const client = await waiter(t, plane, requestBytes('GET', '/waiting'));
  plane.drain(10_000);
  await backend.release();
  assert.equal((await first.response()).status, 200);
  await backend.release();
  assert.equal((await client.response()).status, 200);
  assert.equal(await plane.drained(), 0);
});

test('a few who wait in one worker get their share beside many in another', async (t) => {
  const backend = await startHttpBackend(t, 'a', {
    handle: (_request, response) => void setTimeout(() => response.end('ok'), 1),
  });
  const plane = await startDataPlane(
    t,
    { pools: [{ backends: [{ name: 'a', port: backend.port, maxConnections: 2 }], queue: { timeoutMs: 20_000 } }] },
    2,
  );
  const many: RawClient[] = [];
  const few: RawClient[] = [];
  while (many.length < 20 || few.length < 2) {
    const before = plane.clientConnectionsOf(0);
    const total = plane.totals.clientConnections;
    const client = await connectRaw(t, plane.port);
    await eventually('it to be accepted', () => plane.totals.clientConnections === total + 1);
    const isFirst = plane.clientConnectionsOf(0) === before + 1;
    if (isFirst && many.length < 20) many.push(client);
    else if (!isFirst && few.length < 2) few.push(client);
  }
  let isOver = false;
  const ask = async (client: RawClient): Promise<number> => {
    let answered = 0;
    for (; !isOver; answered++) assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
    return answered;
  };
  const counts = Promise.all([...few, ...many].map(ask));
  await eventually('enough to be served', () => plane.pool().requests > 2_000);
  isOver = true;
  const answered = await counts;
  const mean = (from: number, to: number): number =>
    answered.slice(from, to).reduce((sum, count) => sum + count, 0) / (to - from);
  const ratio = mean(0, few.length) / mean(few.length, answered.length);
  assert.ok(ratio > 0.4 && ratio < 2.5, `each of the few was served ${ratio.toFixed(2)} times as often`);
});
