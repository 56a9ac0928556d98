import { expect, test } from 'vitest';
import { countWords, shapesOf, stateWords } from './roll-up.ts';
import { backend } from './test-data.ts';

test('states are said in words', () => {
  expect(stateWords(backend('b', { state: 'unknown' }))).toBe('unchecked');
  expect(stateWords(backend('b', { state: 'draining', inFlight: 37 }))).toBe('draining, 37 left');
  expect(stateWords(backend('b', { state: 'draining' }))).toBe('drained');
  expect(stateWords(backend('b', { state: 'up', isRemoved: true, inFlight: 2 }))).toBe('leaving, 2 left');
  expect(countWords({ down: 1, up: 19 })).toBe('19 up, 1 down');
  expect(countWords({})).toBe('no backends');
});

test('shapes show all that is wrong, and as many as there is room for of the rest', () => {
  expect(shapesOf({ down: 1, up: 3 }, 10)).toEqual({ shapes: ['up', 'up', 'up', 'down'], rest: 0 });
  const { shapes, rest } = shapesOf({ down: 2, up: 998 }, 24);
  expect([shapes.length, shapes.filter((state) => state === 'down').length, rest]).toEqual([24, 2, 976]);
  expect(shapesOf({ down: 30 }, 24)).toMatchObject({ rest: 6 });
});
