import { expect, test } from 'vitest';
import { appendSeconds, type History } from '../history.ts';
import {
  drawnValues,
  latencyData,
  namedBackends,
  readingOf,
  roundAbove,
  summaryOf,
  tableOf,
  trafficData,
} from './plot-data.ts';

function columnsOf(backendCount: number) {
  const history: History = new Map();
  for (const at of [100, 101, 104]) {
    const names = Array.from({ length: backendCount }, (_, index) => [`b${index + 1}`, index + 1] as const);
    const backendRps = Object.fromEntries(names);
    const rps = names.reduce((sum, [, value]) => sum + value, 0);
    appendSeconds(history, at * 1000, { web: { rps, errorsPerSecond: 0, p50: 1, p95: 2, p99: at, backendRps } }, [
      'web',
    ]);
  }
  const columns = history.get('web');
  if (columns !== undefined) columns.at = [100, 101, 104];
  return columns;
}

function trafficOf(backendCount: number) {
  const columns = columnsOf(backendCount);
  return trafficData(columns, 104, 5, namedBackends(columns, 104, 5));
}

test('traffic is stacked, and a missing second is a gap in every line', () => {
  const data = trafficOf(2);
  expect(data.lines.map((line) => line.label)).toEqual(['b1', 'b2']);
  expect(drawnValues(data)).toEqual([
    [1, 1, null, null, 1],
    [3, 3, null, null, 3],
  ]);
  expect(summaryOf(data, 'requests/s')).toBe('now 3.0, least 3.0, most 3.0 requests/s. One gap.');
});

test('more backends than can be told apart are drawn as one, the busiest by name', () => {
  const data = trafficOf(40);
  expect(data.lines.map((line) => line.label)).toEqual(['b34', 'b35', 'b36', 'b37', 'b38', 'b39', 'b40', '33 others']);
  expect(drawnValues(data).at(-1)?.[0]).toBe((40 * 41) / 2);
});

test('latency is not stacked, and its reading names every percentile', () => {
  const data = latencyData(columnsOf(1), 104, 5);
  expect(drawnValues(data)[2]).toEqual([100, 101, null, null, 104]);
  expect(readingOf(data, 4, 'ms')).toContain('p50 1.0, p95 2.0, p99 104 ms');
});

test('nothing measured is said as such', () => {
  expect(summaryOf(latencyData(undefined, 104, 5), 'ms')).toBe('Nothing was measured in this time.');
});

test('the table is newest first and shows gaps as dashes', () => {
  const rows = tableOf(trafficOf(1), 'requests/s', 2);
  expect(rows.map((row) => row.cells)).toEqual([['1.0'], ['–'], ['1.0']]);
});

test.each([
  [0, 1],
  [7, 8],
  [11, 15],
  [1789, 2000],
  [0.3, 0.3],
])('the axis above %d ends at %d', (value, end) => {
  expect(roundAbove(value)).toBeCloseTo(end, 9);
});
