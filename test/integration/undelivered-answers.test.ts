/**
 * An answer is counted as whole when the kernel has all of it, and not as long as the worker
 * still holds its end: what the client then loses by going away, it has not been given.
 */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

/** Nobody knows how much the kernel takes from one that does not read: one of these is just above it. */
const STEP_BYTES = 128 * 1024;
const SIZES = 64;
const STILL_MS = 300;

test('what a client that has gone had still to get is in the log as lost', async (t) => {
  const backends = await startHttpBackends(t, ['a'], {
    handle: (request, response) => void response.end(Buffer.alloc(Number(request.url?.slice(1)), 'x')),
  });
  const plane = await startDataPlane(t, { pools: [{ backends: backends.map(({ name, port }) => ({ name, port })) }] });
  const clients: Socket[] = [];
  t.after(() => clients.forEach((client) => client.destroy()));
  for (let size = 1; size <= SIZES; size++) {
    const client = connect({ port: plane.port, host: '127.0.0.1' });
    client.on('error', () => undefined);
    client.pause();
    client.write(`GET /${size * STEP_BYTES} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
    clients.push(client);
  }
  const shown = (): readonly number[] => [plane.pool().requests, plane.backend('a').requests, plane.totals.exchanges];
  await eventually('the answers to stand still', async () => {
    const before = shown();
    await delay(STILL_MS);
    return before.join() === shown().join() && plane.backend('a').requests > 0;
  });
  const [counted = 0, answered = 0, underWay = 0] = shown();
  assert.equal(counted + underWay, SIZES);
  assert.ok(answered > counted, `${answered} answers have come, and all ${counted} of them count as delivered`);

  for (const client of clients) client.resetAndDestroy();
  await plane.atRest();
  await eventually('all to be counted', () => plane.pool().requests === SIZES);
  assert.deepEqual(plane.pool().byCode, { CLIENT_CLOSED: underWay });
  // The backend has done its part of those that it had answered.
  assert.equal(plane.backend('a').byCode.CLIENT_CLOSED ?? 0, SIZES - answered);
});
