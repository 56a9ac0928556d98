import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigRevisions } from './config-revisions.ts';

const loaded = (text: string, changes: readonly string[] = ['via: "a" → "b"']) => ({
  text,
  hash: `hash of ${text.slice(0, 10)}`,
  origin: 'signal',
  kind: 'config-reloaded',
  changes,
});

describe('config revisions', () => {
  it('keeps the latest twenty, newest first', () => {
    const revisions = new ConfigRevisions();
    for (let round = 1; round <= 25; round++) revisions.add(loaded(`text ${round}`));
    const ids = revisions.list().map(({ id }) => id);
    assert.deepEqual([ids.length, ids[0], ids.at(-1)], [20, 25, 6]);
    assert.equal(revisions.current?.text, 'text 25');
    assert.equal(revisions.find(6)?.text, 'text 6');
    assert.deepEqual(
      [revisions.find(5), revisions.hasText('text 5'), revisions.hasText('text 6')],
      [null, false, true],
    );
  });

  it('counts no reload that changes nothing, and one of another text', () => {
    const revisions = new ConfigRevisions();
    revisions.add(loaded('a', []));
    revisions.add(loaded('a', []));
    revisions.add(loaded('a # comment', []));
    assert.deepEqual(
      revisions.list().map(({ text }) => text),
      ['a # comment', 'a'],
    );
  });

  it('is bounded in bytes and words, and always has the one in force', () => {
    const revisions = new ConfigRevisions();
    const large = 'x'.repeat(5 * 1024 * 1024);
    revisions.add(loaded(`1${large}`));
    revisions.add(loaded(`2${large}`, Array(150).fill('word')));
    assert.deepEqual(
      revisions.list().map(({ id, changes }) => [id, changes.length, changes.at(-1)]),
      [[2, 101, 'and 50 more']],
    );
  });
});
