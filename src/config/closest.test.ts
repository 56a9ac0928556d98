import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closest, editDistance } from './closest.ts';

test('one slip is one step, a swap as well', () => {
  assert.equal(editDistance('policy', 'polcy'), 1);
  assert.equal(editDistance('policy', 'poliyc'), 1);
  assert.equal(editDistance('policy', 'pulicy'), 1);
  assert.equal(editDistance('policy', 'policies'), 3);
  assert.equal(editDistance('', 'abc'), 3);
});

test('the distance is the same both ways and zero only for the same word', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.equal(editDistance(a, b) === 0, a === b);
    }),
  );
});

test('the nearest word is found, and none for a word that is far from all', () => {
  assert.equal(closest('polcy', ['policy', 'pools']), 'policy');
  assert.equal(closest('RoundRobin', ['round-robin', 'least-connections']), 'round-robin');
  assert.equal(closest('fair', ['round-robin', 'least-connections']), null);
  assert.equal(closest('x', []), null);
});
