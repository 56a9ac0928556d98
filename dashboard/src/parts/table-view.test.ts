import { expect, test } from 'vitest';
import { isColumnShown, parseView } from './table-view.ts';

test('what was kept is taken as far as it makes sense', () => {
  expect(parseView('{"columns":{"bytes":true,"old":3},"isCompact":true}')).toEqual({
    columns: { bytes: true },
    isCompact: true,
  });
  for (const wrong of [null, '', 'null', '[', '"x"', '{"columns":7}']) {
    expect(parseView(wrong)).toEqual({ columns: {}, isCompact: false });
  }
});

test('a column is as it comes until somebody says something else, and some always stand', () => {
  const view = parseView('{"columns":{"bytes":true,"name":false}}');
  expect(isColumnShown(view, { id: 'bytes', words: '', isShownAtFirst: false })).toBe(true);
  expect(isColumnShown(view, { id: 'share', words: '', isShownAtFirst: true })).toBe(true);
  expect(isColumnShown(view, { id: 'name', words: '', isShownAtFirst: null })).toBe(true);
});
