import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAvailable, type Rotation, rotationOf, type Standing } from './rotation.ts';

type Is = 'ok' | 'down' | 'ejected' | 'down and ejected' | 'not ready';

/** Backend 0, 1, 2 …: primaries first. */
function standings(primaries: readonly Is[], backups: readonly Is[] = []): Standing[] {
  return [...primaries, ...backups].map((is, backend) => ({
    backend,
    isReady: is !== 'not ready',
    isHealthy: !is.startsWith('down'),
    isEjected: is.endsWith('ejected'),
    isBackup: backend >= primaries.length,
  }));
}

const rotation = (
  candidates: readonly number[],
  reserves: readonly number[] = [],
  isPanic: 'panic' | '' = '',
): Rotation => ({ candidates, reserves, isPanic: isPanic !== '' });

const cases: readonly [string, readonly Is[], readonly Is[], number, Rotation][] = [
  ['all primaries while all are well', ['ok', 'ok'], [], 0, rotation([0, 1])],
  ['only those that are available', ['ok', 'down', 'ejected', 'not ready', 'ok'], [], 0, rotation([0, 4])],
  ['backups behind the primaries, while there is a primary', ['ok', 'down'], ['ok', 'down'], 0, rotation([0], [2])],
  [
    'the available backups where no primary is available',
    ['down', 'ejected'],
    ['ok', 'down', 'ok'],
    0,
    rotation([2, 4]),
  ],
  ['backups where there is no primary at all', [], ['ok', 'ok'], 0, rotation([0, 1])],
  ['the ejected where nobody else is left, loudly', ['ejected', 'down'], ['down'], 0, rotation([0], [], 'panic')],
  ['ejected backups behind ejected primaries', ['ejected'], ['ejected'], 0, rotation([0], [1], 'panic')],
  ['an ejected backup where it is all that checks have left', ['down'], ['ejected'], 0, rotation([1], [], 'panic')],
  ['nobody where checks find all of them dead', ['down', 'down and ejected'], ['down'], 0, rotation([])],
  ['nobody where none is ready, whatever the panic setting', ['not ready'], ['not ready'], 50, rotation([])],
  ['nobody of an empty pool', [], [], 50, rotation([])],
  ['no panic at exactly the percentage', ['ok', 'down'], [], 50, rotation([0])],
  ['all ready primaries in panic', ['ok', 'down', 'ejected', 'not ready'], [], 50, rotation([0, 1, 2], [], 'panic')],
  ['all ready primaries where none is available', ['down', 'down'], [], 1, rotation([0, 1], [], 'panic')],
  ['backups beside the primaries where that is enough', ['ok', 'down', 'down', 'down'], ['ok'], 50, rotation([0, 4])],
  [
    'good backups in panic as well, bad ones not',
    ['ok', 'down', 'down', 'down', 'down'],
    ['ok', 'down'],
    50,
    rotation([0, 1, 2, 3, 4, 5], [], 'panic'),
  ],
  ['backups by their own share where no primary is ready', ['not ready'], ['ok', 'down'], 50, rotation([1])],
  [
    'all ready backups where no primary is ready, in panic',
    ['not ready'],
    ['ok', 'down', 'down'],
    50,
    rotation([1, 2, 3], [], 'panic'),
  ],
];

describe('in rotation are', () => {
  for (const [name, primaries, backups, panicPercent, expected] of cases) {
    it(name, () => assert.deepEqual(rotationOf(standings(primaries, backups), panicPercent), expected));
  }
});

describe('the rotation', () => {
  const anyStandings = fc.array(
    fc.record({ isReady: fc.boolean(), isHealthy: fc.boolean(), isEjected: fc.boolean(), isBackup: fc.boolean() }),
    { maxLength: 12 },
  );
  const percent = fc.integer({ min: 0, max: 100 });

  it('never holds one that is not ready, nor one twice', () => {
    fc.assert(
      fc.property(anyStandings, percent, (rows, panicPercent) => {
        const all = rows.map((row, backend) => ({ ...row, backend }));
        const { candidates, reserves } = rotationOf(all, panicPercent);
        const named = [...candidates, ...reserves];
        assert.equal(new Set(named).size, named.length);
        for (const backend of named) assert.ok(rows[backend]?.isReady);
        if (candidates.length === 0) assert.deepEqual(reserves, []);
      }),
    );
  });

  it('holds every available backend, and others only in panic', () => {
    fc.assert(
      fc.property(anyStandings, percent, (rows, panicPercent) => {
        const all = rows.map((row, backend) => ({ ...row, backend }));
        const { candidates, reserves, isPanic } = rotationOf(all, panicPercent);
        const named = new Set([...candidates, ...reserves]);
        for (const one of all) if (isAvailable(one)) assert.ok(named.has(one.backend), `${one.backend} is left out`);
        const isAnyOther = all.some((one) => named.has(one.backend) && !isAvailable(one));
        if (!isPanic) assert.equal(isAnyOther, false);
        if (isAnyOther) assert.ok(isPanic);
      }),
    );
  });

  it('serves whenever somebody is available', () => {
    fc.assert(
      fc.property(anyStandings, percent, (rows, panicPercent) => {
        const all = rows.map((row, backend) => ({ ...row, backend }));
        if (all.some(isAvailable)) assert.ok(rotationOf(all, panicPercent).candidates.length > 0);
      }),
    );
  });
});
