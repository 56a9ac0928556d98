import { expect, test } from 'vitest';
import { withStateWord } from './state-filter.tsx';

test('one word about the state at a time; the others stay', () => {
  expect(withStateWord('', 'state:down')).toBe('state:down');
  expect(withStateWord('web  !state:up b1', 'state:down')).toBe('state:down web b1');
  expect(withStateWord('state:down web', '')).toBe('web');
});
