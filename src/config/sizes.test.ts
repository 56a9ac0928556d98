import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatSize, readSize } from './sizes.ts';

const UNIT_BYTES = { '': 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

test('a size is its amount times its unit', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000 }), fc.constantFrom('', 'B', 'KiB', 'MiB', 'GiB'), (amount, unit) => {
      assert.deepEqual(readSize(`${amount}${unit}`), { isRead: true, value: amount * UNIT_BYTES[unit] });
    }),
  );
});

test('a whole number is bytes', () => {
  fc.assert(fc.property(fc.nat(), (bytes) => assert.deepEqual(readSize(bytes), { isRead: true, value: bytes })));
});

test('what is formatted reads as the same size', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.nat(),
        fc.nat({ max: 2 ** 20 }).map((n) => n * 1024),
      ),
      (bytes) => {
        assert.deepEqual(readSize(formatSize(bytes)), { isRead: true, value: bytes });
      },
    ),
  );
});

test('no other text and no other value is a size', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double({ noInteger: true }), fc.boolean(), fc.constant(null)), (value) => {
      fc.pre(typeof value !== 'string' || !/^\d+(B|KiB|MiB|GiB)?$/.test(value));
      assert.equal(readSize(value).isRead, false);
    }),
  );
});

test('a size that no number holds exactly is refused', () => {
  assert.equal(readSize('999999999999999GiB').isRead, false);
});
