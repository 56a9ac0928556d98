import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Columns } from '../history.ts';
import type { HistoryAnswer } from '../protocol.ts';
import { answer, chart, snapshot } from '../test-data.ts';
import type { HistoryQuery } from './api.ts';

const asked: HistoryQuery[] = [];
let give: (query: HistoryQuery) => HistoryAnswer | Promise<HistoryAnswer> = () => answer(100, [1, 2, 3]);

vi.mock('./api.ts', async (original) => ({
  ...(await original<Record<string, unknown>>()),
  getHistory: async (query: HistoryQuery) => {
    asked.push(query);
    return give(query);
  },
}));

const { ChartSource } = await import('./chart-source.ts');
const { isPaused, latest, link } = await import('./session.ts');
const { applyMessage } = await import('../store.ts');
const { wanted } = await import('./wants.ts');

const TOPIC = 'pool:web';
const FINE = 'chart:pool:web?backends=b1';
let source: InstanceType<typeof ChartSource>;

/** A second, as it was heard. */
function hear(second: number, topics: Parameters<typeof snapshot>[0] = {}, instance = 'first'): void {
  const outcome = applyMessage(latest.peek(), snapshot(topics, { second, instance }));
  if (outcome.kind === 'applied') latest.value = outcome.model;
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

function columns(): Columns {
  if (source.columns === null) throw new Error('nothing has been read');
  return source.columns;
}

const rps = (): unknown => columns().columns.get('rps');

function begin(range: '1m' | '1h'): void {
  source = new ChartSource(TOPIC, range, false);
  source.start();
}

beforeEach(() => {
  asked.length = 0;
  latest.value = null;
  link.value = 'live';
  isPaused.value = false;
  give = () => answer(100, [1, 2, 3], { backends: { b1: [1, 2, 3] } });
});

afterEach(() => source.stop());

test('reads the past once, follows the channel, and lets go of it', async () => {
  begin('1m');
  expect(asked).toEqual([]);
  hear(102);
  await settle();
  expect(asked).toEqual([{ topic: TOPIC, range: '1m' }]);
  expect(wanted.value.has(FINE)).toBe(true);
  hear(102, { [FINE]: chart(9) });
  expect(rps()).toEqual([1, 2, 3]);
  hear(103, { [FINE]: chart(4, { backends: { b1: 4 } }) });
  // Nothing has changed in the next second: it counts all the same.
  hear(104);
  expect([columns().at, rps()]).toEqual([
    [100, 101, 102, 103, 104],
    [1, 2, 3, 4, 4],
  ]);
  expect(asked).toHaveLength(1);
  source.stop();
  await settle();
  expect(wanted.value.has(FINE)).toBe(false);
});

test('asks for what it has missed, and leaves a gap where nobody knows', async () => {
  begin('1m');
  hear(102, { [FINE]: chart(3) });
  await settle();
  give = () => answer(103, [4, 5, 6], { backends: { b1: [4, 5, 6] } });
  hear(105, { [FINE]: chart(6) });
  await settle();
  expect(asked[1]).toMatchObject({ after: 102, backends: ['b1'] });
  expect(rps()).toEqual([1, 2, 3, 4, 5, 6]);
  // The sampler itself stood still: the history has nothing between.
  give = () => answer(110, [9], { backends: { b1: [9] } });
  hear(110, { [FINE]: chart(9) });
  await settle();
  hear(111, { [FINE]: chart(8) });
  expect(columns().at.slice(-3)).toEqual([105, 110, 111]);
  expect(asked).toHaveLength(3);
});

test('a coarse range is read again at the pace of its steps, from where it ended', async () => {
  give = () => answer(0, [1, 2], { stepSeconds: 10, at: [1000, 1010], isLastOpen: true });
  begin('1h');
  hear(1013);
  await settle();
  hear(1014);
  hear(1022);
  await settle();
  expect(asked).toHaveLength(1);
  expect([...wanted.value].some((topic) => topic.startsWith('chart:'))).toBe(false);
  give = () => answer(0, [5, 6], { stepSeconds: 10, at: [1010, 1020], isLastOpen: true });
  hear(1023);
  await settle();
  expect(asked[1]).toMatchObject({ after: 1000 });
  expect([columns().at, rps()]).toEqual([
    [1000, 1010, 1020],
    [1, 5, 6],
  ]);
});

test('another process is another past', async () => {
  begin('1m');
  hear(102);
  await settle();
  give = () => answer(500, [7], { backends: {} });
  hear(500, {}, 'second');
  await settle();
  expect(asked[1]?.after).toBeUndefined();
  expect(rps()).toEqual([7]);
});

test('what cannot be read is said, and tried again', async () => {
  give = () => Promise.reject(new Error('no'));
  begin('1m');
  hear(102);
  await settle();
  expect(source.problem.value).toContain('no');
  hear(103);
  await settle();
  expect(asked).toHaveLength(1);
  give = () => answer(107, [1]);
  hear(108);
  await settle();
  expect(source.problem.value).toBeNull();
  expect(rps()).toEqual([1]);
});

test('the busiest of many are chosen anew now and then', async () => {
  begin('1m');
  hear(102, { [FINE]: chart(3) });
  await settle();
  source.isChoice = true;
  give = () => answer(100, new Array<number>(63).fill(1), { backends: { b9: new Array<number>(63).fill(1) } });
  hear(162, { [FINE]: chart(3) });
  await settle();
  expect(asked[1]?.after).toBeUndefined();
  expect([...(columns().backends?.keys() ?? [])]).toEqual(['b9']);
});

test('stands still while the picture is paused, and fills in what was missed', async () => {
  begin('1m');
  hear(102);
  await settle();
  isPaused.value = true;
  hear(103, { [FINE]: chart(9) });
  await settle();
  expect(columns().at).toEqual([100, 101, 102]);
  isPaused.value = false;
  give = () => answer(103, [4, 5], { backends: { b1: [4, 5] } });
  hear(104, { [FINE]: chart(5) });
  await settle();
  expect(columns().at).toEqual([100, 101, 102, 103, 104]);
  expect(rps()).toEqual([1, 2, 3, 4, 5]);
});

test('reads a time that is over once, and keeps it whatever comes', async () => {
  source = new ChartSource(TOPIC, '5m', false, { fromSeconds: 100, toSeconds: 102 });
  source.start();
  hear(300);
  await settle();
  expect(asked.map(({ span }) => span)).toEqual([{ fromSeconds: 100, toSeconds: 102 }]);
  hear(301);
  hear(1, {}, 'another process');
  await settle();
  expect(asked).toHaveLength(1);
  expect(columns().at).toEqual([100, 101, 102]);
  expect([...wanted.value].some((topic) => topic.startsWith('chart:'))).toBe(false);
});
