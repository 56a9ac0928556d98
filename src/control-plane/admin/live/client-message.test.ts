import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MAX_TOPICS } from '../../../protocol/live.ts';
import { readClientMessage } from './client-message.ts';

it('understands hello, topics and resync, and nothing else', () => {
  const read = (message: unknown) => readClientMessage(typeof message === 'string' ? message : JSON.stringify(message));
  assert.deepEqual(read({ op: 'resync', more: 1 }), { op: 'resync' });
  assert.deepEqual(read({ op: 'topics', topics: ['a', 'b', 'a'] }), { op: 'topics', topics: ['a', 'b'] });
  assert.deepEqual(read({ op: 'hello', version: 2, topics: [] }), { op: 'hello', version: 2, topics: [] });
  for (const wrong of [
    '',
    'null',
    '[]',
    '{',
    { op: 'hello', topics: [] },
    { op: 'hello', version: '2', topics: [] },
    { op: 'topics' },
    { op: 'topics', topics: 'totals' },
    { op: 'topics', topics: [1] },
    { op: 'topics', topics: ['x'.repeat(4097)] },
    { op: 'topics', topics: Array.from({ length: MAX_TOPICS + 1 }, (_, index) => `t${index}`) },
    { op: 'drain' },
  ]) {
    assert.equal(read(wrong), null, JSON.stringify(wrong));
  }
});
