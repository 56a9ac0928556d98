/** Reads the case files: their notation is described in `README.md`. */
import { readFileSync } from 'node:fs';

export interface CodecCase {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly options: readonly string[];
  readonly input: string;
  /** The lines below `=>`, as they are written. */
  readonly expected: readonly string[];
}

const ESCAPES: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', s: ' ', '0': '\0', '\\': '\\' };

/** The innermost repetition; a brace of the message's own is not followed by `*` and a number. */
const REPETITION = /\{((?:[^{}])*)\*(\d+)\}/;

/** The bytes that a text of the notation stands for. */
export function readNotation(text: string): string {
  let whole = text;
  for (let match = REPETITION.exec(whole); match !== null; match = REPETITION.exec(whole)) {
    const [all, unit = '', count = ''] = match;
    whole = whole.slice(0, match.index) + unit.repeat(Number(count)) + whole.slice(match.index + all.length);
  }
  return whole.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, letter: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    const byte = ESCAPES[letter ?? ''];
    if (byte === undefined) throw new Error(`unknown escape "\\${letter}"`);
    return byte;
  });
}

/** The cases of one file. */
export function readCaseFile(file: string): CodecCase[] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const cases: CodecCase[] = [];
  let line = 1;
  for (const part of text.split(/^(?=## )/m)) {
    const [title = '', ...lines] = part.split('\n');
    const firstLine = line;
    line += lines.length;
    if (!title.startsWith('## ')) continue;
    const arrow = lines.indexOf('=>');
    if (arrow < 0) throw new Error(`${file}:${firstLine}: no "=>"`);
    cases.push({
      name: title.slice(3).replace(/ ?\[.*$/, ''),
      file,
      line: firstLine,
      options: [...title.matchAll(/\[([^\]]+)\]/g)].map((match) => match[1] ?? ''),
      input: readNotation(lines.slice(0, arrow).join('')),
      expected: lines.slice(arrow + 1).filter((one) => one !== ''),
    });
  }
  return cases;
}
