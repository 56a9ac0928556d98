import { beforeEach, expect, test } from 'vitest';
import { place, setOptions } from '../router.ts';
import { backToLive, readSpan, scaled, spanOf, spanWords, zoom, zoomBy, zoomTo } from './zoom.ts';

beforeEach(() => setOptions({ from: null, to: null, range: null }));

test('an address names a time only by two whole numbers that are ten seconds apart', () => {
  expect(readSpan({ from: '100', to: '109' })).toEqual({ fromSeconds: 100, toSeconds: 109 });
  for (const wrong of [{}, { from: '100' }, { from: '100', to: '108' }, { from: 'x', to: '200' }]) {
    expect(readSpan(wrong)).toBeNull();
  }
  expect(readSpan({ from: '200', to: '100' })).toBeNull();
});

test('a selection stands for the whole steps that it touches, in either direction', () => {
  const span = { fromSeconds: 100, toSeconds: 129 };
  expect(spanOf({ anchorAt: 103.4, headAt: 121 }, 10)).toEqual(span);
  expect(spanOf({ anchorAt: 121, headAt: 103.4 }, 10)).toEqual(span);
});

test('a short selection is widened around its middle', () => {
  expect(spanOf({ anchorAt: 100, headAt: 101 }, 1)).toEqual({ fromSeconds: 96, toSeconds: 105 });
});

test('half as long and twice as long have the same middle, and never reach beyond the present', () => {
  const span = { fromSeconds: 100, toSeconds: 199 };
  expect(scaled(span, 0.5, 1000)).toEqual({ fromSeconds: 125, toSeconds: 174 });
  expect(scaled(span, 2, 1000)).toEqual({ fromSeconds: 50, toSeconds: 249 });
  expect(scaled(span, 2, 210)).toEqual({ fromSeconds: 11, toSeconds: 210 });
  expect(scaled({ fromSeconds: 100, toSeconds: 109 }, 0.5, 1000)).toEqual({ fromSeconds: 100, toSeconds: 109 });
});

test('the words tell the day where it is another one', () => {
  const at = new Date(2026, 10, 23, 14, 2, 11).getTime();
  const span = { fromSeconds: at / 1000, toSeconds: at / 1000 + 209 };
  expect(spanWords(span, at)).toBe('14:02:11 – 14:05:40 · 3\u202fmin 30\u202fs');
  expect(spanWords(span, at + 86_400_000)).toMatch(/^11-23 14:02:11 – 11-23 14:05:40/);
});

test('the zoom is in the address, and is the same object as long as the address says the same', () => {
  zoomTo({ fromSeconds: 100, toSeconds: 199 });
  expect(place.value.options).toEqual({ from: '100', to: '199' });
  const before = zoom.value;
  setOptions({ q: 'x' });
  expect(zoom.value).toBe(before);
  zoomBy(0.5);
  expect(place.value.options).toEqual({ from: '125', to: '174', q: 'x' });
  backToLive();
  expect(zoom.value).toBeNull();
});
