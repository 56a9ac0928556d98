import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../../test/harness/eventually.ts';
import { freePort } from '../../test/harness/free-port.ts';
import { accepts } from '../../test/harness/program.ts';
import type { PlanListener } from '../protocol/worker.ts';
import { type Door, Listeners } from './listener.ts';
import { acceptWire, refuseIncoming } from './open-wire.ts';
import { NOBODY, type Wire } from './wire.ts';

const on = (port: number, host = '127.0.0.1'): PlanListener => ({ name: `at ${host}:${port}`, host, port });

/** Time stands still unless `stepMs` says how much passes with each look at it. */
function make(t: TestContext, stepMs = 0) {
  const accepted: Wire[] = [];
  let nowMs = 0;
  const clock = { now: () => (nowMs += stepMs), wallMs: () => 0 };
  const listeners = new Listeners((incoming) => accepted.push(acceptWire(incoming, () => NOBODY)), clock);
  t.after(async () => {
    await listeners.close();
    for (const wire of accepted) wire.destroy();
  });
  return { listeners, accepted };
}

/** Clients that are connected as far as the kernel is concerned, and that nobody has accepted yet. */
async function connectAll(t: TestContext, port: number, count: number): Promise<{ resets: number }> {
  const seen = { resets: 0 };
  for (let index = 0; index < count; index++) {
    const socket = net.connect({ port, host: '127.0.0.1' });
    t.after(() => socket.destroy());
    socket.on('error', () => seen.resets++);
  }
  // The connections are made in the next tick; their sockets are looked at no sooner than in the
  // next turn of the loop.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  return seen;
}

describe('listeners', () => {
  it('opens those that are new and closes those that are gone', async (t) => {
    const { listeners } = make(t);
    const [a, b] = [await freePort(), await freePort()];
    assert.deepEqual(await listeners.apply([on(a)]), []);
    assert.deepEqual([await accepts(a), await accepts(b)], [true, false]);
    assert.deepEqual(await listeners.apply([on(b)]), []);
    assert.deepEqual([await accepts(a), await accepts(b)], [false, true]);
  });

  it('says where it accepts, and counts at each door', async (t) => {
    const doors: Door[] = [];
    const listeners = new Listeners(
      (incoming, door) => {
        doors.push(door);
        door.open++;
        refuseIncoming(incoming);
      },
      { now: () => 0, wallMs: () => 0 },
    );
    t.after(() => listeners.closeNow());
    const [a, b] = [await freePort(), await freePort()];
    await listeners.apply([on(a), on(b)]);
    assert.ok(await accepts(b));
    await eventually('the client to be counted', () => doors.length === 1);
    const host = '127.0.0.1';
    assert.deepEqual(listeners.open, [
      { host, port: a, connections: 0 },
      { host, port: b, connections: 1 },
    ]);
    await listeners.apply([on(a)]);
    assert.deepEqual(listeners.open, [{ host, port: a, connections: 0 }]);
  });

  it('accepts what waits in the queue of one that is removed, and keeps what it has accepted', async (t) => {
    const { listeners, accepted } = make(t);
    const port = await freePort();
    await listeners.apply([on(port)]);
    const first = net.connect({ port, host: '127.0.0.1' });
    t.after(() => first.destroy());
    await once(first, 'connect');
    const seen = await connectAll(t, port, 200);
    assert.ok(accepted.length <= 1, `${accepted.length} were accepted before the removal`);
    await listeners.apply([]);
    assert.equal(accepted.length, 201);
    assert.equal(await accepts(port), false);
    for (const wire of accepted) wire.writeText('still here');
    first.setEncoding('utf8');
    assert.deepEqual(await once(first, 'data'), ['still here']);
    assert.equal(seen.resets, 0);
  });

  it('closes at once where that is asked for, and opens nothing after it', async (t) => {
    const { listeners } = make(t);
    const [a, b] = [await freePort(), await freePort()];
    await listeners.apply([on(a), on(b)]);
    listeners.closeNow();
    assert.deepEqual([await accepts(a), await accepts(b)], [false, false]);
    await listeners.apply([on(a)]);
    assert.equal(await accepts(a), false);
  });

  it('accepts what waits in the queue when all is closed', async (t) => {
    const { listeners, accepted } = make(t);
    const port = await freePort();
    await listeners.apply([on(port)]);
    const seen = await connectAll(t, port, 200);
    await listeners.close();
    assert.deepEqual([accepted.length, seen.resets], [200, 0]);
  });

  it('opens first and closes then, and ends although connections come without a pause', async (t) => {
    const { listeners } = make(t, 10);
    const port = await freePort();
    await listeners.apply([on(port)]);
    const errors: string[] = [];
    let isOver = false;
    // One more with each turn of the loop that this test and the listeners share.
    const connect = (): void => {
      const socket = net.connect({ port, host: '127.0.0.1' });
      socket.on('connect', () => socket.destroy());
      socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
      if (!isOver) setImmediate(connect);
    };
    connect();
    for (let round = 0; round < 10; round++) {
      assert.deepEqual(await listeners.apply([on(port, round % 2 === 0 ? '0.0.0.0' : '127.0.0.1')]), []);
    }
    isOver = true;
    assert.ok(!errors.includes('ECONNREFUSED'), errors.join());
  });

  it('names what it cannot open, keeps the rest, and tries again the next time', async (t) => {
    const { listeners } = make(t);
    const [port, taken] = [await freePort(), await freePort()];
    const other = net.createServer();
    other.listen({ port: taken, host: '127.0.0.1' });
    await once(other, 'listening');
    const failed = await listeners.apply([on(port), on(taken)]);
    assert.deepEqual(
      failed.map(({ listener }) => listener),
      [`at 127.0.0.1:${taken}`],
    );
    assert.match(failed[0]?.error ?? '', /EADDRINUSE/);
    assert.equal(await accepts(port), true);
    other.close();
    await once(other, 'close');
    assert.deepEqual(await listeners.apply([on(port), on(taken)]), []);
    assert.equal(await accepts(taken), true);
  });

  it('opens nothing after it was closed, whatever was under way', async (t) => {
    const { listeners } = make(t);
    const [a, b] = [await freePort(), await freePort()];
    const opening = listeners.apply([on(a)]);
    await listeners.close();
    await opening;
    await listeners.apply([on(b)]);
    assert.deepEqual([await accepts(a), await accepts(b)], [false, false]);
  });
});
