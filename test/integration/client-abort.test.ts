/** A client that goes away frees its backend at once, and the backend is not blamed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { type BackendScript, startRecordingBackend } from '../harness/recording-backend.ts';

const SCRIPTS: Record<string, BackendScript> = {
  'before the answer': { respond: () => {} },
  'in the middle of the answer': {
    respond: (_request, { socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello'),
  },
};

for (const [when, script] of Object.entries(SCRIPTS)) {
  for (const how of ['reset', 'destroy'] as const) {
    test(`${when}, by ${how}`, async (t) => {
      const backend = await startRecordingBackend(t, script);
      const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
      const client = await connectRaw(t, plane.port);
      await client.send(requestBytes('GET', '/'));
      await eventually('the request to arrive', () => backend.arrivals.length === 1);
      if (when.startsWith('in')) await eventually('the answer to begin', () => client.received.endsWith('hello'));
      assert.equal(plane.backend('a').inFlight, 1);
      // A FIN alone is a client that has said all it wants to say; what makes it gone is the reset
      // that its closed socket answers to the next bytes.
      if (how === 'reset' || when.startsWith('before')) client.reset();
      else {
        client.destroy();
        const more = setInterval(() => backend.connections[0]?.socket.write('more'), 10);
        t.after(() => clearInterval(more));
      }
      await eventually('the backend connection to be dropped', () => backend.openConnections.length === 0);
      await plane.atRest();
      await eventually('the exchange to be counted', () => plane.pool().byCode.CLIENT_CLOSED === 1);
      assert.deepEqual(plane.pool().byCode, { CLIENT_CLOSED: 1 });
      assert.equal(plane.pool().requests, 1);
      assert.equal(plane.backend('a').failures, 0);
      assert.equal(plane.backend('a').consecutiveFailures, 0);
    });
  }
}

test('in the middle of its body: the backend sees an incomplete request', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  for (const framing of [{ 'Content-Length': '100' }, { 'Transfer-Encoding': 'chunked' }]) {
    const client = await connectRaw(t, plane.port);
    await client.send(requestBytes('POST', '/', framing));
    await client.send('5\r\nhello\r\n');
    await eventually('the body to begin', () =>
      backend.openConnections.some(({ received }) => received.includes('hello')),
    );
    client.reset();
    await eventually('the backend connection to be dropped', () => backend.openConnections.length === 0);
  }
  await plane.atRest();
  assert.equal(backend.arrivals.length, 0);
  assert.equal(plane.backend('a').failures, 0);
});
