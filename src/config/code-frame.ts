/**
 * The lines of a file around a problem, with a mark below the place. Secrets are masked, control
 * characters are made harmless, and of a very long line only a window is shown.
 */
import { isOnlyVariable, secretsBySight } from './secrets.ts';
import type { Span } from './source-tree.ts';

const MASK = '***';
/** Characters of a line that are shown on each side of the place. */
const WINDOW = 90;

/** Lines that are kept as they are shown: many problems of a long line must not cost a look at it each. */
const LINES_KEPT = 16;

/** The frame of a place: the line before it, its line, and a mark. Empty for an empty text. */
export function codeFrame(text: string, span: Span, secretSpans: readonly Span[]): string {
  const offset = Math.min(span[0], text.length);
  return codeFrames(text, secretSpans)(span, text.slice(0, offset).split('\n').length);
}

/** The same for many places of one text; `number` is that of the line, from 1. */
export function codeFrames(text: string, secretSpans: readonly Span[]): (span: Span, number: number) => string {
  const kept = new Map<number, ShownLine>();
  const lineAt = (start: number): ShownLine => {
    let line = kept.get(start);
    if (line === undefined) {
      if (kept.size >= LINES_KEPT) kept.clear();
      line = shownLine(text, start, secretSpans);
      kept.set(start, line);
    }
    return line;
  };
  return (span, number) => (text === '' ? '' : frameOf(text, span, number, lineAt));
}

function frameOf(text: string, span: Span, number: number, lineAt: (start: number) => ShownLine): string {
  const offset = Math.min(span[0], text.length);
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const line = lineAt(start);
  const width = String(number).length;
  const from = line.columnOf(offset - start);
  const to = Math.max(from + 1, Math.min(line.columnOf(span[1] - start), line.text.length));
  const cut = Math.max(0, from - WINDOW);
  const lines: string[] = [];
  if (start > 0) {
    const before = lineAt(text.lastIndexOf('\n', start - 2) + 1).text;
    if (before.trim() !== '')
      lines.push(`  ${String(number - 1).padStart(width)} | ${before.slice(0, 2 * WINDOW)}`.trimEnd());
  }
  const visible = line.text.slice(cut, cut + 2 * WINDOW);
  lines.push(`> ${number} | ${cut > 0 ? '…' : ''}${visible}`.trimEnd());
  const indent = `${cut > 0 ? ' ' : ''}${line.text.slice(cut, from).replace(/[^\t]/g, ' ')}`;
  const mark = '^'.repeat(Math.min(to - from, 2 * WINDOW - (from - cut)));
  lines.push(`  ${' '.repeat(width)} | ${indent}${mark}`);
  return lines.join('\n');
}

interface ShownLine {
  readonly text: string;
  /** Where a character of the real line stands in the shown one. */
  readonly columnOf: (column: number) => number;
}

function shownLine(text: string, start: number, secretSpans: readonly Span[]): ShownLine {
  const newline = text.indexOf('\n', start);
  const end = newline < 0 ? text.length : newline;
  const line = text.slice(start, end).replace(/\r$/, '');
  const masks = masksOf(text, line, start, secretSpans);
  let shown = '';
  const columns: number[] = [];
  let index = 0;
  while (index < line.length) {
    const mask = masks.find(([from, to]) => from <= index && index < to);
    if (mask === undefined) {
      columns[index] = shown.length;
      // A file must not be able to move the cursor of the terminal.
      shown += /[\p{Cc}\p{Cf}]/u.test(line[index] ?? '') && line[index] !== '\t' ? '\uFFFD' : line[index];
      index++;
    } else {
      for (; index < mask[1] && index < line.length; index++) columns[index] = shown.length;
      shown += MASK;
    }
  }
  const last = shown.length;
  return { text: shown, columnOf: (column) => columns[column] ?? (column < 0 ? 0 : last) };
}

/** The parts of a line that are not shown, as columns. */
function masksOf(text: string, line: string, start: number, secretSpans: readonly Span[]): Span[] {
  const end = start + line.length;
  const known = secretSpans.filter(([from, to]) => from < end && to > start);
  if (known.length === 0) return secretsBySight(line);
  const urls = secretsBySight(line).filter(([from]) => line.slice(0, from).endsWith('//'));
  const values = known
    .filter(([from, to]) => !isOnlyVariable(text.slice(from, to)))
    .map(([from, to]): Span => [Math.max(0, from - start), Math.min(line.length, to - start)]);
  return [...urls, ...values];
}
