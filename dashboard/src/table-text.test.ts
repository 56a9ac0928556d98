import { expect, test } from 'vitest';
import { csvOf, jsonOf } from './table-text.ts';

const COLUMNS = [
  { words: 'name', valueOf: (row: { name: string; rps: number | null }) => row.name },
  { words: 'rps', valueOf: (row: { name: string; rps: number | null }) => row.rps },
];

test('fields that need it are quoted, nothing measured is empty, and no text is a formula', () => {
  const rows = [
    { name: 'a', rps: -1.5 },
    { name: 'a,"b"\n', rps: null },
    { name: '=cmd()', rps: 0 },
  ];
  expect(csvOf(COLUMNS, rows)).toBe('name,rps\r\na,-1.5\r\n"a,""b""\n",\r\n\'=cmd(),0\r\n');
});

test('JSON is what the API says', () => {
  expect(JSON.parse(jsonOf([{ name: 'a' }]))).toEqual([{ name: 'a' }]);
});
