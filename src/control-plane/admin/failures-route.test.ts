import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startAdminSide, TOKEN } from '../../../test/harness/admin-side.ts';
import { FAILURES, type FailureText } from '../../protocol/failures.ts';

it('says what every failure code means', async (t) => {
  const side = await startAdminSide({ after: (undo) => t.after(undo) });
  const answer = await side.ask('/api/v1/failures');
  assert.equal(answer.status, 200, answer.text);
  const { failures } = JSON.parse(answer.text) as { failures: FailureText[] };
  assert.equal(failures.length, FAILURES.length);
  assert.deepEqual(
    failures.find(({ code }) => code === 'UPSTREAM_CONNECT_REFUSED'),
    {
      code: 'UPSTREAM_CONNECT_REFUSED',
      side: 'backend',
      stage: 'connect',
      status: 502,
      text: 'The backend refused the connection.',
    },
  );
});

it('asks for the token', async (t) => {
  const side = await startAdminSide({ after: (undo) => t.after(undo) }, { admin: { token: TOKEN } });
  assert.equal((await side.ask('/api/v1/failures')).status, 401);
});
