import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startAdminSide } from '../../../../test/harness/admin-side.ts';
import type { AttentionFields, AttentionRow, SnapshotMessage, Topic } from '../../../protocol/live.ts';

const BACKENDS = [1, 2].map((number) => ({ name: `b${number}`, url: `http://127.0.0.1:808${number}` }));
const TOPIC = 'attention?limit=2';

describe('the topic attention', () => {
  it('tells of a pool in panic before its backends', async (t) => {
    const side = await startAdminSide(
      { after: (undo) => t.after(undo) },
      { pools: { web: { backends: BACKENDS, panic: 100 } } },
    );
    const attention = async (): Promise<Topic<AttentionFields, AttentionRow>> => {
      const { text } = await side.ask(`/api/v1/snapshot?topic=${encodeURIComponent(TOPIC)}`);
      return (JSON.parse(text) as SnapshotMessage).topics[TOPIC] as Topic<AttentionFields, AttentionRow>;
    };
    assert.deepEqual((await attention()).fields.count, 0);
    const slot = side.roster.pool('web')?.backends[0]?.slot ?? -1;
    side.roster.reportFailing(slot, 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED');
    const { fields, rows = [] } = await attention();
    assert.equal(fields.count, 2);
    assert.deepEqual(
      rows.map(({ name, backend, sinceMs }) => [name, backend, sinceMs === null]),
      [
        ['web', null, true],
        ['web/b1', 'b1', false],
      ],
    );
    assert.match(rows[0]?.reason ?? '', /^panic: /);
    assert.equal(rows[1]?.state, 'ejected');
  });
});
