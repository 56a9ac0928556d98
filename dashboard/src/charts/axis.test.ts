import { expect, test } from 'vitest';
import { timeTicks, valueTicks } from './axis.ts';

const utc = (): number => 0;

test('time is cut where people cut it, with as many labels as there is room for', () => {
  expect(timeTicks(1003, 1062, 6, utc)).toEqual([1010, 1020, 1030, 1040, 1050, 1060]);
  expect(timeTicks(1003, 1062, 60, utc)[1]).toBe(1004);
  expect(timeTicks(0, 3599, 6, utc)).toEqual([0, 600, 1200, 1800, 2400, 3000]);
  const week = timeTicks(10, 604_800, 8, utc);
  expect(week).toEqual([86_400, 172_800, 259_200, 345_600, 432_000, 518_400, 604_800]);
});

test('days begin at midnight of the reader, also after the clocks were put back', () => {
  expect(timeTicks(0, 180_000, 3, () => 5400)).toEqual([81_000, 167_400]);
  // An hour less from the second day on.
  const autumn = (at: number): number => (at < 90_000 ? 7200 : 3600);
  expect(timeTicks(0, 260_000, 4, autumn)).toEqual([79_200, 169_200, 255_600]);
});

test('values are cut at round ones', () => {
  expect(valueTicks(100, 4)).toEqual([0, 25, 50, 75, 100]);
  expect(valueTicks(150, 4)).toEqual([0, 50, 100, 150]);
  expect(valueTicks(3, 4)).toEqual([0, 1, 2, 3]);
  expect(valueTicks(5, 4)).toEqual([0, 2.5, 5]);
  expect(valueTicks(1, 4)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(valueTicks(0.3, 4)).toEqual([0, 0.1, 0.2, 0.3]);
});
