import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { NamedRow, Topic, TopicChange } from '../../../protocol/live.ts';
import { isSame, topicChange } from './topic-change.ts';

const rows = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('b1', 'b2', 'b3', '__proto__'),
    inFlight: fc.nat(2),
    latencyMs: fc.record({ p50: fc.option(fc.nat(1)) }),
    failuresByCode: fc.dictionary(fc.constantFrom('A', 'B'), fc.nat(1)),
  }),
  { selector: ({ name }) => name },
);
const fields = fc.record({
  policy: fc.constantFrom('x', 'y'),
  rps: fc.nat(2),
  states: fc.dictionary(fc.constant('up'), fc.nat(2)),
});
const topics: fc.Arbitrary<Topic | null> = fc
  .option(fc.record({ fields, rows }))
  .map((topic) => JSON.parse(JSON.stringify(topic)) as Topic | null);

/** What a page does with a change, by the rules of `protocol/live.ts`. */
function applied(topic: Topic | null, change: TopicChange | null | undefined): Topic | null {
  if (change === undefined) return topic;
  if (change === null) return null;
  const byName = new Map((topic?.rows ?? []).map((row) => [row.name, row]));
  for (const row of change.rows ?? []) byName.set(row.name, { ...byName.get(row.name), ...row });
  const names = change.order ?? (topic?.rows ?? []).map(({ name }) => name);
  const now = names.map((name) => byName.get(name) as NamedRow);
  return { fields: { ...topic?.fields, ...change.fields }, rows: now };
}

describe('what has changed in a topic', () => {
  it('brings every page that knew the old value to the new one', () => {
    fc.assert(
      fc.property(topics, topics, (before, now) => {
        const text = JSON.stringify({ change: topicChange(before, now) });
        const { change } = JSON.parse(text) as { change?: TopicChange | null };
        assert.deepEqual(applied(before, change), now);
      }),
      { numRuns: 500 },
    );
  });

  it('is nothing where nothing has changed', () => {
    fc.assert(
      fc.property(topics, (topic) => {
        assert.equal(topicChange(topic, JSON.parse(JSON.stringify(topic)) as Topic | null), undefined);
      }),
    );
  });

  it('names the changed fields only, and a new row whole', () => {
    const row = (name: string, rps: number): NamedRow & { rps: number; url: string } => ({ name, rps, url: name });
    const before = { fields: { a: 1, b: 2 }, rows: [row('x', 1), row('y', 1)] };
    const now = { fields: { a: 1, b: 3 }, rows: [row('y', 1), row('x', 2), row('z', 3)] };
    assert.deepEqual(topicChange(before, now), {
      fields: { b: 3 },
      rows: [{ name: 'x', rps: 2 }, row('z', 3)],
      order: ['y', 'x', 'z'],
    });
  });

  it('compares by value', () => {
    assert.ok(isSame({ a: [1, { b: null }] }, { a: [1, { b: null }] }));
    for (const [a, b] of [
      [{ a: 1 }, { b: 1 }],
      [[1], [1, 2]],
      [null, {}],
      [{ a: undefined }, {}],
      [1, '1'],
    ]) {
      assert.ok(!isSame(a, b));
    }
  });
});
