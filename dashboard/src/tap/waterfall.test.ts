import { expect, test } from 'vitest';
import type { TappedRequest } from '../protocol.ts';
import { attempt, tapped } from './test-requests.ts';
import { placeOf, ticksOf, waterfallOf } from './waterfall.ts';

const lanes = (fields: Partial<TappedRequest>): readonly string[] =>
  waterfallOf(tapped(fields)).lanes.map(({ title, backend, stages }) => {
    const words = stages.map(({ kind, fromMs, toMs, isFailed }) => `${kind}${isFailed ? '✕' : ''} ${fromMs}–${toMs}`);
    return `${title}${backend === null ? '' : ` ${backend}`}: ${words.join(', ')}`;
  });

test('the stages of a request follow one another, a lane each', () => {
  const refused = attempt('b1', {
    code: 'UPSTREAM_CONNECT_REFUSED',
    connectedMs: null,
    answerMs: null,
    startMs: 12,
    endMs: 13,
    status: 0,
  });
  const good = attempt('b2', { isReused: true, startMs: 13, connectedMs: 13, answerMs: 30, endMs: 36 });
  expect(lanes({ headMs: 5, waitedFromMs: 0.2, waitedMs: 11.8, attempts: [refused, good] })).toEqual([
    'Head: head -5–0',
    'Route: route 0–0.2',
    'Queue: wait 0.2–12',
    'Try 1 b1: connect✕ 12–13',
    'Try 2 b2: answer 13–30, body 30–36',
    'Client: rest 36–38',
  ]);
});

test('a try ends in the stage in which it failed', () => {
  const late = attempt('b1', { code: 'UPSTREAM_HEAD_TIMEOUT', answerMs: null, endMs: 38 });
  expect(lanes({ attempts: [late] })[1]).toBe('Try 1 b1: connect 0.2–1, answer✕ 1–38');
  const cut = attempt('b1', { code: 'UPSTREAM_BODY_RESET' });
  expect(lanes({ attempts: [cut] })[1]).toBe('Try 1 b1: connect 0.2–1, answer 1–32, body✕ 32–38');
});

test('what came to no backend is one lane, as long as the request', () => {
  expect(lanes({ attempts: [], route: null, durationMs: 0.3 })).toEqual(['Route: route 0–0.3']);
});

test('stages are drawn to scale, none invisible, none beyond the edge', () => {
  const waterfall = waterfallOf(tapped({ headMs: 12, durationMs: 38 }));
  expect([waterfall.fromMs, waterfall.toMs]).toEqual([-12, 38]);
  const place = (fromMs: number, toMs: number) =>
    placeOf({ kind: 'body', words: '', fromMs, toMs, isFailed: false }, waterfall);
  expect(place(-12, 38)).toEqual({ x: 0, width: 100 });
  expect(place(0, 13)).toEqual({ x: 24, width: 26 });
  expect(place(38, 38)).toEqual({ x: 99.6, width: 0.4 });
  const nothing = waterfallOf(tapped({ attempts: [], durationMs: 0 }));
  expect(nothing.toMs - nothing.fromMs).toBeGreaterThan(0);
  expect(
    placeOf(nothing.lanes[0]?.stages[0] ?? { kind: 'route', words: '', fromMs: 0, toMs: 0, isFailed: false }, nothing)
      .width,
  ).toBe(0.4);
});

test('the scale has round marks, 0 where the head was complete', () => {
  const marks = (fromMs: number, toMs: number) => ticksOf({ fromMs, toMs, lanes: [] }, 5).map(({ ms }) => ms);
  expect(marks(0, 38)).toEqual([0, 10, 20, 30]);
  expect(marks(-12, 38)).toEqual([-10, 0, 10, 20, 30]);
  expect(marks(0, 0.3).map((ms) => Math.round(ms * 10) / 10)).toEqual([0, 0.1, 0.2, 0.3]);
  expect(marks(0, 5200)).toEqual([0, 2000, 4000]);
});
