/** Answers 502, 503 and 504 in a row: counted over all workers, and told to the control plane. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type DataPlane, startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { answerBytes, startRecordingBackend } from '../harness/recording-backend.ts';

interface World {
  readonly plane: DataPlane;
  /** Sends `POST` with the status that it asks for; 0 asks for a reset. */
  readonly ask: (status: number) => Promise<number>;
}

async function startWorld(t: TestContext, gatewayErrors: number, workers = 1): Promise<World> {
  const backend = await startRecordingBackend(t, {
    respond({ target }, { socket }) {
      const status = Number(target.slice(1));
      if (status === 0) socket.resetAndDestroy();
      else socket.write(answerBytes(status, 'answer'));
    },
  });
  const backends = [{ name: 'a', port: backend.port }];
  // Without idle connections no reset is taken for one that had grown stale.
  const pool = { backends, gatewayErrors, fall: 3, idleConnections: { max: 0 } };
  const plane = await startDataPlane(t, { pools: [pool] }, workers);
  return {
    plane,
    ask: async (status) => {
      const client = await connectRaw(t, plane.port);
      const response = await client.request(requestBytes('POST', `/${status}`, {}, ''));
      client.destroy();
      return response.status;
    },
  };
}

test('they reach the client as they are, are no failures, and are told at their limit', async (t) => {
  const { plane, ask } = await startWorld(t, 4, 2);
  for (const status of [502, 503, 504]) assert.equal(await ask(status), status);
  assert.deepEqual([plane.backend('a').gatewayErrors, plane.backend('a').consecutiveFailures], [3, 0]);
  assert.deepEqual(plane.messages('failing'), []);
  await ask(503);
  await eventually('it to be told', () => plane.messages('failing').length === 1);
  const [told] = plane.messages('failing');
  assert.deepEqual([told?.code, told?.detail], [null, 'status 503']);
  assert.equal(plane.backend('a').failures, 0);
  for (let number = 0; number < 4; number++) await ask(503);
  await eventually('it to be told again', () => plane.messages('failing').length === 2);
});

test('any other answer ends their row', async (t) => {
  const { plane, ask } = await startWorld(t, 3);
  for (const other of [200, 404, 500, 501, 505]) {
    await ask(503);
    await ask(503);
    await ask(other);
    assert.equal(plane.backend('a').gatewayErrors, 0, `${other}`);
  }
  assert.deepEqual(plane.messages('failing'), []);
});

test('a reset neither counts as one nor ends their row, and an answer of any kind ends a row of resets', async (t) => {
  const { plane, ask } = await startWorld(t, 3);
  await ask(503);
  assert.equal(await ask(0), 502);
  assert.equal(await ask(0), 502);
  assert.deepEqual([plane.backend('a').gatewayErrors, plane.backend('a').consecutiveFailures], [1, 2]);
  await ask(503);
  assert.deepEqual([plane.backend('a').gatewayErrors, plane.backend('a').consecutiveFailures], [2, 0]);
  await ask(503);
  await eventually('it to be told', () => plane.messages('failing').length === 1);
});

test('they are not told where the limit is 0', async (t) => {
  const { plane, ask } = await startWorld(t, 0);
  for (let number = 0; number < 12; number++) await ask(503);
  await plane.atRest();
  assert.deepEqual(plane.messages('failing'), []);
});
