import { expect, test } from 'vitest';
import { type Columns, columnsFrom } from '../history.ts';
import { answer } from '../test-data.ts';
import { bandWords, gather, heatData, heatSummary, shade, stepInWords } from './heat-data.ts';
import {
  drawnValues,
  errorData,
  latencyData,
  readingOf,
  roundAbove,
  summaryOf,
  tableOf,
  trafficData,
} from './plot-data.ts';

const AT = { at: [100, 101, 104] };

/** Three seconds of so many backends, of which seven are told by name. */
function columnsOf(backendCount: number): Columns {
  const all = Array.from({ length: backendCount }, (_, index) => [`b${index + 1}`, index + 1] as const);
  const total = all.reduce((sum, [, rps]) => sum + rps, 0);
  const named = Object.fromEntries(all.slice(-7).map(([name, rps]) => [name, [rps, rps, rps]]));
  const columns = { rps: [total, total, total], p50: [1, 1, 1], p95: [2, 2, 2], p99: [100, 101, 104] };
  return columnsFrom(answer(100, [1, 1, 1], { ...AT, columns, backends: named }), 60);
}

const trafficOf = (count: number) => trafficData(columnsOf(count), 104, 5, count);

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

test('where no backends are remembered, the pool is drawn as one', () => {
  const columns = columnsFrom(answer(0, [7], { stepSeconds: 120, at: [1200], backends: null }), 86_400);
  expect(trafficData(columns, 1300, 86_400, 3).lines).toMatchObject([{ label: 'all backends' }]);
});

test('latency is not stacked, and its reading names every percentile', () => {
  const data = latencyData(columnsOf(1), 104, 5);
  expect(drawnValues(data)[2]).toEqual([100, 101, null, null, 104]);
  expect(readingOf(data, 4, 'ms')).toContain('p50 1.0, p95 2.0, p99 104 ms');
});

test('nothing measured is said as such', () => {
  expect(summaryOf(latencyData(null, 104, 5), 'ms')).toBe('Nothing was measured in this time.');
  expect(errorData(columnsOf(1), 104, 5).lines[1]?.values).toEqual([null, null, null, null, null]);
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

test('a heat map says in words how long most took, and the slowest', () => {
  const bands = { edgesMs: [1, 10, 1000], counts: [[5, 0, 0, 1], null, [0, 0, 0, 0]] };
  const data = heatData(columnsFrom(answer(100, [6, 0, 0], { ...AT, bands }), 60), 104, 5);
  expect(stepInWords(data, 0)).toBe('6 requests, most below 1 ms, slowest above 1 s');
  expect(stepInWords(data, 2)).toBe('no requests');
  expect(heatSummary(data)).toBe('most below 1 ms, slowest above 1 s.');
  expect(bandWords(data.edgesMs, 1)).toBe('1 to 10 ms');
  expect(heatSummary(heatData(columnsFrom(answer(0, [1], { bands: null }), 60), 104, 5))).toContain('6 hours');
});

test('steps that are too narrow to be drawn are added up', () => {
  expect(gather([[1, 0], [2, 3], null, null, null, [1, 1], [4, 4]], 2)).toEqual([[3, 3], null, [1, 1], [4, 4]]);
  expect(gather([[1], null], 1)).toEqual([[1], null]);
});

test('a heat map shows a few beside many', () => {
  expect(shade(0, 1000)).toBe(0);
  expect(shade(1, 1000)).toBeGreaterThan(0.2);
  expect(shade(1000, 1000)).toBe(1);
});
