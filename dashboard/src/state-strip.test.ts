import { expect, test } from 'vitest';
import type { BackendState, StateChange } from '../../src/protocol/admin-api.ts';
import { CELLS, cellWords, stripOf, stripSummary } from './state-strip.ts';

const NOW = new Date(2026, 10, 23, 14, 0, 3).getTime();

const change = (agoMs: number, state: BackendState, reason = ''): StateChange => ({ atMs: NOW - agoMs, state, reason });

test('a strip is as long as what is known, in cells whose edges stand still', () => {
  expect(stripOf([change(60_000, 'up')], NOW).words).toBe('3 minutes');
  expect(stripOf([change(4 * 60_000, 'up')], NOW).words).toBe('15 minutes');
  expect(stripOf([change(16 * 60_000, 'up')], NOW).words).toBe('hour');
  expect(stripOf([change(30 * 3_600_000, 'up')], NOW).words).toBe('24 hours');
  const { cells } = stripOf([change(240_000, 'up')], NOW);
  expect(cells).toHaveLength(CELLS);
  expect(cells.at(-1)?.toMs).toBe(NOW + 7_000);
  expect(stripOf([change(240_000, 'up')], NOW + 6_000).cells[0]?.fromMs).toBe(cells[0]?.fromMs);
});

test('a cell shows the worst state of its time, however short it was', () => {
  const { cells } = stripOf([change(240_000, 'up'), change(31_000, 'down', 'status 503'), change(30_500, 'up')], NOW);
  const bad = cells.filter(({ worst }) => worst === 'down');
  expect(bad).toHaveLength(1);
  expect(cellWords(bad[0] as (typeof cells)[number])).toBe(
    '13:59:30 to 13:59:40: up for 2\u202fs, down for less than 1\u202fs (status 503), up for 7\u202fs',
  );
  expect(cells[0]?.worst).toBeNull();
  expect(cellWords(cells[0] as (typeof cells)[number])).toMatch(/not known$/);
});

test('states that go on over many cells are in each of them', () => {
  const { cells, totals } = stripOf(
    [change(240_000, 'unknown'), change(90_000, 'maintenance'), change(40_000, 'up')],
    NOW,
  );
  const shown = cells.flatMap(({ worst }) => worst ?? []);
  expect(shown).toEqual([...Array(16).fill('unknown'), ...Array(5).fill('maintenance'), ...Array(4).fill('up')]);
  expect(totals).toEqual([
    { state: 'unknown', ms: 150_000 },
    { state: 'maintenance', ms: 50_000 },
    { state: 'up', ms: 40_000 },
  ]);
});

test('the summary never rounds trouble away', () => {
  const day = 24 * 3_600_000;
  expect(stripSummary(stripOf([change(2 * day, 'up')], NOW))).toBe('Up 100\u202f% of the last 24 hours; no change.');
  const short = [change(2 * day, 'up'), change(3_000, 'down'), change(2_000, 'up')];
  expect(stripSummary(stripOf(short, NOW))).toBe('Up 99.99\u202f% of the last 24 hours; 2 changes.');
  const young = stripOf([change(30_000, 'unknown'), change(15_000, 'up')], NOW);
  expect(stripSummary(young)).toBe('Up 50\u202f% of the 30\u202fs since it is known; 1 change.');
  expect(stripSummary(stripOf([], NOW))).toBe('Nothing is known yet.');
});
