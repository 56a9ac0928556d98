import { expect, test } from 'vitest';
import { diffLines, withContext } from './line-diff.ts';

const SIGNS = { same: ' ', added: '+', removed: '-' };
const told = (before: string, after: string): string =>
  diffLines(before, after)
    .map(({ kind, text }) => `${SIGNS[kind]}${text}`)
    .join('\n');

test('tells the lines that differ, and where they stand', () => {
  expect(told('a\nb\nc\n', 'a\nx\nc\nd\n')).toBe(' a\n-b\n+x\n c\n+d');
  expect(diffLines('a\nb\n', 'b\n')).toEqual([
    { kind: 'removed', text: 'a', before: 1, after: null },
    { kind: 'same', text: 'b', before: 2, after: 1 },
  ]);
  expect(told('', 'a\n')).toBe('+a');
  expect(told('a\n', '')).toBe('-a');
  expect(told('a\r\nb\r\n', 'a\nb')).toBe(' a\n b');
});

/** Numbers as those of a die, without chance. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state / 2_147_483_648;
  }
}

test('whatever the texts are, the diff makes the one of the other, and is as short as can be', () => {
  const dice = numbers(7);
  const roll = (sides: number): number => Math.floor(dice.next().value * sides);
  for (let round = 0; round < 300; round++) {
    const a = Array.from({ length: roll(12) }, () => 'abc'[roll(3)] ?? '');
    const b = Array.from({ length: roll(12) }, () => 'abc'[roll(3)] ?? '');
    const lines = diffLines(a.join('\n'), b.join('\n'));
    expect(lines.filter(({ kind }) => kind !== 'added').map(({ text }) => text)).toEqual(a);
    expect(lines.filter(({ kind }) => kind !== 'removed').map(({ text }) => text)).toEqual(b);
    expect(lines.filter(({ kind }) => kind === 'same').length).toBe(commonLength(a, b));
  }
});

function commonLength(a: readonly string[], b: readonly string[]): number {
  let row = Array<number>(b.length + 1).fill(0);
  for (const one of a) {
    const next = [0];
    for (const [j, other] of b.entries()) {
      next.push(one === other ? (row[j] ?? 0) + 1 : Math.max(row[j + 1] ?? 0, next[j] ?? 0));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

test('is told with a little around it', () => {
  const before = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  const after = before.map((line, index) => (index === 10 ? 'other' : line));
  const parts = withContext(diffLines(before.join('\n'), after.join('\n')), 2);
  expect(parts.map((part) => (part.kind === 'gap' ? `…${part.count}` : SIGNS[part.kind])).join('')).toBe('…8  -+  …17');
  expect(withContext(diffLines('a\nb', 'a\nb'))).toEqual([]);
});

test('texts that have nothing in common are told as a whole', () => {
  const lines = (word: string): string => Array.from({ length: 5_000 }, (_, index) => `${word} ${index}`).join('\n');
  expect(diffLines(lines('a'), lines('b')).length).toBe(10_000);
});
