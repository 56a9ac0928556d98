import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, readDuration } from './durations.ts';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

test('a duration is its amount times its unit', () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom('ms', 's', 'm', 'h'), (amount, unit) => {
      assert.deepEqual(readDuration(`${amount}${unit}`), { isRead: true, value: amount * UNIT_MS[unit] });
    }),
  );
});

test('what is formatted reads as the same duration', () => {
  fc.assert(
    fc.property(fc.nat({ max: 10 ** 12 }), (milliseconds) => {
      assert.deepEqual(readDuration(formatDuration(milliseconds)), { isRead: true, value: milliseconds });
    }),
  );
});

test('a duration is formatted in the largest unit that divides it', () => {
  assert.deepEqual([0, 1, 1_000, 1_500, 60_000, 90_000, 3_600_000, 86_400_000].map(formatDuration), [
    '0s',
    '1ms',
    '1s',
    '1500ms',
    '1m',
    '90s',
    '1h',
    '24h',
  ]);
});

test('no other text and no other value is a duration', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.array(fc.nat())), (value) => {
      fc.pre(typeof value !== 'string' || !/^\d+(ms|s|m|h)$/.test(value));
      assert.equal(readDuration(value).isRead, false);
    }),
  );
});

test('a correction reads as a duration itself', () => {
  for (const text of ['1.5s', '3 sec', '2S', '10 minutes', '0.25h', '5 MS']) {
    const reading = readDuration(text);
    assert.ok(!reading.isRead);
    const corrected = /`(.+)`/.exec(reading.suggestion ?? '')?.[1];
    assert.ok(readDuration(corrected).isRead, `${text}: ${reading.suggestion}`);
  }
});
