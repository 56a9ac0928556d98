import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startAdminSide } from '../../../test/harness/admin-side.ts';
import type { CheckRecord, StateChange } from '../../protocol/admin-api.ts';

const B1 = '/api/v1/pools/web/backends/b1';

it('gives the last checks and states of a backend', async (t) => {
  const side = await startAdminSide({ after: (undo) => t.after(undo) });
  const backend = side.roster.backend('web', 'b1');
  assert.ok(backend);
  const result = { atMs: 7, isPass: true, detail: 'status 200', durationMs: 1.5 };
  const details = { connectMs: 0.5, firstByteMs: 0.4, body: null };
  side.roster.reportCheck(backend, { ...result, ...details });
  const read = async (path: string): Promise<unknown> => JSON.parse((await side.ask(`${B1}/${path}`)).text);
  assert.deepEqual((await read('checks')) as { checks: CheckRecord[] }, { checks: [{ ...result, ...details }] });
  const { states } = (await read('states')) as { states: StateChange[] };
  assert.deepEqual(
    states.map(({ state }) => state),
    ['unknown', 'up'],
  );
  assert.equal((await side.ask('/api/v1/pools/web/backends/nope/checks')).status, 404);
  assert.equal((await side.ask(`${B1}/states`, { method: 'POST' })).headers.allow, 'GET, HEAD');
});
