import { expect, test } from 'vitest';
import { findMarked, isFiltered, KIND_GROUPS, markHref, queryOf, readMark } from './event-filter.ts';
import type { LiveEvent } from './protocol.ts';
import { eventsHref, parsePlace } from './router.ts';

const event = (id: number, atMs: number): LiveEvent => ({
  id,
  atMs,
  level: 'info',
  kind: 'started',
  subject: '',
  text: 'began',
  origin: 'supervisor',
});

test('the address says which events are asked for', () => {
  expect(queryOf({}, 100)).toEqual({ text: '', level: null, limit: 100 });
  expect(queryOf({ q: 'b1', level: 'bad', kind: 'backend-up,backend-down', subject: 'web' }, 100)).toEqual({
    text: 'b1',
    level: 'bad',
    kinds: ['backend-up', 'backend-down'],
    subjects: ['web'],
    limit: 100,
  });
  expect(queryOf({ level: 'awful' }, 100)).toMatchObject({ level: null });
  expect([isFiltered({}), isFiltered({ range: '1h' }), isFiltered({ kind: 'started' })]).toEqual([false, false, true]);
});

test('a link to the events of a pool asks for exactly those', () => {
  expect(queryOf(parsePlace(eventsHref('web/b&1')).options, 9)).toMatchObject({ subjects: ['web/b&1'], text: '' });
});

test('a link to one event asks for what happened around it, whatever is filtered', () => {
  const { options } = parsePlace(markHref(event(123, 5000)));
  expect(readMark(options)).toEqual({ id: 123, atMs: 5000 });
  expect(queryOf({ ...options, q: 'x' }, 100)).toEqual({ before: 149, limit: 51 });
  for (const wrong of [{}, { id: '1' }, { id: 'x', at: '1' }]) expect(readMark(wrong)).toBeNull();
});

test('an event of the same number of another process is another one', () => {
  const events = [event(1, 100), event(2, 200)];
  expect(findMarked(events, { id: 2, atMs: 200 })).toBe(events[1]);
  expect(findMarked(events, { id: 2, atMs: 999 })).toBeNull();
});

test('no kind is in two groups', () => {
  const kinds = KIND_GROUPS.flatMap((group) => group.kinds);
  expect(new Set(kinds).size).toBe(kinds.length);
});
