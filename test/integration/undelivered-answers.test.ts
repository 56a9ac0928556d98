/**
 * An answer is counted as whole when the kernel has all of it, and not as long as the worker
 * still holds its end: what the client then loses by going away, it has not been given.
 *
 * How much a kernel takes from one who does not read is nobody's to say, so the client's socket is
 * a made-up one, in a data plane in this thread; the backend is real.
 */
import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { MONOTONIC_CLOCK } from '../../src/data-plane/clock.ts';
import { DataPlane } from '../../src/data-plane/data-plane.ts';
import { DataPlane as PlaneStand } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

const ANSWER_BYTES = 100_000;

/** A socket whose kernel takes nothing until it is told to. */
class HeldSocket extends Socket {
  readonly #whenTaken: (() => void)[] = [];
  heldBytes = 0;

  constructor() {
    super();
    // Properties of their type, accessors in truth.
    Object.defineProperty(this, 'remoteAddress', { value: '127.0.0.1' });
    Object.defineProperty(this, 'writableLength', { get: () => this.heldBytes });
  }

  override write(bytes: string | Uint8Array, ...rest: unknown[]): boolean {
    this.heldBytes += bytes.length;
    const whenTaken = rest.at(-1);
    if (typeof whenTaken === 'function') this.#whenTaken.push(whenTaken as () => void);
    return false;
  }

  letGo(): void {
    this.heldBytes = 0;
    for (const whenTaken of this.#whenTaken.splice(0)) whenTaken();
  }
}

/** A client whose answer has come from the backend whole, and not a byte of it has gone out. */
async function heldAnswer(t: TestContext): Promise<{ stand: PlaneStand; client: HeldSocket }> {
  const backends = await startHttpBackends(t, ['a'], {
    handle: (_request, response) => void response.end(Buffer.alloc(ANSWER_BYTES, 'x')),
  });
  const spec = { pools: [{ backends: backends.map(({ name, port }) => ({ name, port })) }] };
  const stand = new PlaneStand(spec, 0, { workers: 1, pools: 1, backends: 1, routes: 1 });
  const plane = new DataPlane(stand.state, 0, stand.plan, MONOTONIC_CLOCK, () => {}, Number.POSITIVE_INFINITY);
  const client = new HeldSocket();
  t.after(async () => {
    client.destroy();
    await new Promise<number>((resolve) => plane.drain(0, resolve));
  });
  plane.accept(client, { open: 0 });
  client.emit('data', Buffer.from('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'));
  // The source is paused while the kernel takes nothing: what is held goes, and more comes.
  for (let taken = 0; stand.backend('a').requests === 0; ) {
    await eventually('more to come', () => client.heldBytes > 0 || stand.backend('a').requests > 0);
    if (stand.backend('a').requests > 0) break;
    taken += client.heldBytes;
    assert.ok(taken <= ANSWER_BYTES * 2);
    client.letGo();
  }
  assert.ok(client.heldBytes > 0, 'the end of the answer is held');
  return { stand, client };
}

test('it is under way until the kernel has its end', async (t) => {
  const { stand, client } = await heldAnswer(t);
  assert.equal(stand.backend('a').inFlight, 0, 'the backend has done its part');
  assert.deepEqual([stand.pool().requests, stand.totals.exchanges], [0, 1]);
  client.letGo();
  assert.deepEqual([stand.pool().requests, stand.totals.exchanges], [1, 0]);
  assert.deepEqual(stand.pool().byCode, {});
});

test('one whose client has gone before that is counted as lost', async (t) => {
  const { stand, client } = await heldAnswer(t);
  client.destroy();
  await eventually('it to be counted', () => stand.pool().requests === 1);
  assert.deepEqual(stand.pool().byCode, { CLIENT_CLOSED: 1 });
  assert.deepEqual(stand.backend('a').byCode, {});
  assert.equal(stand.totals.exchanges, 0);
});
