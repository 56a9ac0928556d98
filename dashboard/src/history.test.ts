import { expect, test } from 'vitest';
import { addAnswer, addSecond, columnsFrom, lastClosed, lastSecond, stretch } from './history.ts';
import { answer, chart } from './test-data.ts';

const GAP = { at: [100, 101, 104] };

test('a stretch has one slot a second, and missing seconds are gaps', () => {
  const columns = columnsFrom(answer(100, [1, 2, 5], GAP), 60);
  const { at, pick } = stretch(columns, 105, 7);
  expect(at).toEqual([99, 100, 101, 102, 103, 104, 105]);
  expect(pick(columns.columns.get('rps'))).toEqual([null, 1, 2, null, null, 5, null]);
  expect(pick(undefined)).toEqual(new Array(7).fill(null));
});

test('a stretch of coarse steps begins where steps begin', () => {
  const columns = columnsFrom(answer(0, [1, 2, 3], { stepSeconds: 10, at: [1000, 1010, 1030] }), 60);
  const { at, pick } = stretch(columns, 1037, 40);
  expect(at).toEqual([1000, 1010, 1020, 1030]);
  expect(pick(columns.columns.get('rps'))).toEqual([1, 2, null, 3]);
});

test('without columns there is a stretch of nothing', () => {
  const { at, pick } = stretch(null, 1_000_000, 604_800);
  expect(at.length).toBeLessThanOrEqual(900);
  expect(pick([]).every((value) => value === null)).toBe(true);
});

test('a second from the live channel goes on where the history ended', () => {
  const columns = columnsFrom(answer(100, [1, 2], { backends: { b1: [1, null] } }), 60);
  expect(lastSecond(columns)).toBe(101);
  addSecond(columns, 102, chart(7, { backends: { b1: 6 } }).fields);
  expect(columns.at).toEqual([100, 101, 102]);
  expect(columns.columns.get('rps')).toEqual([1, 2, 7]);
  expect(columns.columns.get('p95')).toEqual([2, 2, 2]);
  expect(columns.backends?.get('b1')).toEqual([1, null, 6]);
});

test('an answer lies over the end: the open step is told again, and a gap is filled in', () => {
  const columns = columnsFrom(answer(0, [1, 2, 9], { stepSeconds: 10, at: [100, 110, 120], isLastOpen: true }), 600);
  expect(lastClosed(columns)).toBe(110);
  const more = { stepSeconds: 10, at: [120, 130], isLastOpen: true, backends: { b1: [3, 4] } };
  addAnswer(columns, answer(0, [3, 4], more));
  expect(columns.at).toEqual([100, 110, 120, 130]);
  expect(columns.columns.get('rps')).toEqual([1, 2, 3, 4]);
  expect(lastClosed(columns)).toBe(120);
  addAnswer(columns, answer(0, []));
  expect(columns.at).toHaveLength(4);
});

test('a backend that comes later is a gap before', () => {
  const columns = columnsFrom(answer(100, [1, 2], { backends: { b1: [1, 2] } }), 60);
  addAnswer(columns, answer(102, [5], { backends: { b1: [3], b2: [2] } }));
  expect(columns.backends?.get('b2')).toEqual([null, null, 2]);
  addAnswer(columns, answer(103, [5], { backends: { b2: [5] } }));
  expect(columns.backends?.get('b1')).toEqual([1, 2, 3, null]);
});

test('bands go along with the columns', () => {
  const bands = { edgesMs: [1, 10], counts: [[1, 2, 0], null] };
  const columns = columnsFrom(answer(100, [3, 0], { bands }), 60);
  addSecond(columns, 102, chart(1, { bands: [0, 0, 1] }).fields);
  expect(columns.bands).toEqual([[1, 2, 0], null, [0, 0, 1]]);
  expect(columns.edgesMs).toEqual([1, 10]);
});

test('memory is bounded', () => {
  const columns = columnsFrom(answer(100, [1], { backends: { b1: [1] } }), 60);
  for (let second = 101; second < 1000; second += 1) addSecond(columns, second, chart(second).fields);
  expect(columns.at.length).toBeLessThan(120);
  expect(columns.at.length).toBeGreaterThanOrEqual(60);
  expect(columns.columns.get('rps')).toHaveLength(columns.at.length);
  expect(columns.backends?.get('b1')).toHaveLength(columns.at.length);
  expect(columns.columns.get('rps')?.at(-1)).toBe(999);
});
