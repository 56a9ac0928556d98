import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type AdminSide, type Ask, startAdminSide } from '../../../test/harness/admin-side.ts';
import type { BackendsChanged, DryRun } from '../../protocol/admin-api.ts';

const BACKENDS = '/api/v1/pools/web/backends';
const start = (t: TestContext): Promise<AdminSide> => startAdminSide({ after: (undo) => t.after(undo) });
const patch = (body: Record<string, unknown>, headers: Record<string, string> = {}): Ask => ({
  method: 'PATCH',
  body,
  headers,
});

describe('admin API: one change to several backends', () => {
  it('shows what it would come to for all of them together, and changes nothing', async (t) => {
    const side = await start(t);
    const before = JSON.stringify(side.roster.changes);
    const answer = await side.ask(`${BACKENDS}?dryRun=1`, patch({ backends: ['b1', 'b2', 'b9'], mode: 'drain' }));
    assert.equal(answer.status, 200, answer.text);
    const shown = JSON.parse(answer.text) as DryRun;
    assert.deepEqual(shown.changes, ['backend b1: mode ready → drain', 'backend b2: mode ready → drain']);
    assert.deepEqual(shown.available, { before: 2, after: 0 });
    assert.deepEqual(
      shown.former.backends.map(({ name, mode }) => [name, mode]),
      [
        ['b1', 'ready'],
        ['b2', 'ready'],
      ],
    );
    assert.deepEqual(shown.refused, [{ backend: 'b9', code: 'backend-not-found', detail: 'there is no backend "b9"' }]);
    assert.equal(JSON.stringify(side.roster.changes), before);
    assert.deepEqual(side.calls, []);
  });

  it('is made on each that takes it, kept once, and tells the others with the reason', async (t) => {
    const side = await start(t);
    const leaving = side.roster.backend('web', 'b2');
    assert.ok(leaving);
    side.roster.removeBackend(leaving, 'test');
    const answer = await side.ask(BACKENDS, patch({ backends: ['b1', 'b1', 'b2'], mode: 'maintenance', weight: 7 }));
    assert.equal(answer.status, 200, answer.text);
    const { changed, refused, persisted } = JSON.parse(answer.text) as BackendsChanged;
    assert.deepEqual([changed, persisted], [['b1'], true]);
    assert.deepEqual(refused, [{ backend: 'b2', code: 'backend-removed', detail: 'backend b2 is being removed' }]);
    const b1 = side.roster.backend('web', 'b1');
    assert.deepEqual([b1?.mode, b1?.weight], ['maintenance', 7]);
    assert.deepEqual(side.calls, ['persist']);
    assert.equal(side.journal.latest(10).filter(({ kind }) => kind === 'mode-changed').length, 1);
  });

  it('is made by nobody who has seen other settings, nor with a body that makes no sense', async (t) => {
    const side = await start(t);
    const stale = await side.ask(BACKENDS, patch({ backends: ['b1'], mode: 'drain' }, { 'if-match': '"other"' }));
    assert.equal(stale.status, 412);
    for (const body of [{ mode: 'drain' }, { backends: [], mode: 'drain' }, { backends: ['b1'], weight: 0 }]) {
      assert.equal((await side.ask(BACKENDS, patch(body))).status, 422, JSON.stringify(body));
    }
    assert.equal(side.roster.backend('web', 'b1')?.mode, 'ready');
    assert.deepEqual(side.calls, []);
  });
});
