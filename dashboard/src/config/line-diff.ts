/**
 * What differs between two texts, line by line (Myers, "An O(ND) difference algorithm", 1986): pure.
 * Used by the editor and the revisions of the config.
 *
 * Beyond a bound of differences the middle is told as a whole: nobody reads that many by line.
 */
export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
  /** Numbers from 1 in the old and the new text; null where it is not in that one. */
  readonly before: number | null;
  readonly after: number | null;
}

/** Lines that are left out between two parts of a diff. */
export interface DiffGap {
  readonly kind: 'gap';
  readonly count: number;
}

const MAX_EDITS = 400;

export function diffLines(before: string, after: string): DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const middle = middleOf(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const kinds = [...Array<'same'>(head).fill('same'), ...middle, ...Array<'same'>(tail).fill('same')];
  let [i, j] = [0, 0];
  return kinds.map((kind) => {
    const text = (kind === 'added' ? b[j] : a[i]) ?? '';
    const line = { kind, text, before: kind === 'added' ? null : i + 1, after: kind === 'removed' ? null : j + 1 };
    if (kind !== 'added') i++;
    if (kind !== 'removed') j++;
    return line;
  });
}

/** Only what differs, with so many lines around it; empty where nothing does. */
export function withContext(lines: readonly DiffLine[], context = 3): (DiffLine | DiffGap)[] {
  const isNear = new Uint8Array(lines.length);
  for (const [index, { kind }] of lines.entries()) {
    if (kind !== 'same') isNear.fill(1, Math.max(0, index - context), index + context + 1);
  }
  const found: (DiffLine | DiffGap)[] = [];
  let count = 0;
  for (const [index, line] of lines.entries()) {
    if (isNear[index] === 0) count++;
    else {
      if (count > 0) found.push({ kind: 'gap', count });
      count = 0;
      found.push(line);
    }
  }
  if (found.length > 0 && count > 0) found.push({ kind: 'gap', count });
  return found;
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

type Kind = DiffLine['kind'];

function middleOf(a: readonly string[], b: readonly string[]): Kind[] {
  const whole = (): Kind[] => [...a.map(() => 'removed' as const), ...b.map(() => 'added' as const)];
  if (a.length === 0 || b.length === 0) return whole();
  const trace = traceOf(a, b);
  if (trace === null) return whole();
  const kinds: Kind[] = [];
  let [x, y] = [a.length, b.length];
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reach = trace[edits] ?? new Map<number, number>();
    const k = x - y;
    const isDown = k === -edits || (k !== edits && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const from = isDown ? k + 1 : k - 1;
    const fromX = edits === 0 ? 0 : (reach.get(from) ?? 0);
    const startX = edits === 0 ? 0 : isDown ? fromX : fromX + 1;
    for (; x > startX; x--, y--) kinds.push('same');
    if (edits === 0) break;
    kinds.push(isDown ? 'added' : 'removed');
    x = fromX;
    y = fromX - from;
  }
  return kinds.reverse();
}

/** How far each diagonal reached before each edit; null where there are too many edits. */
function traceOf(a: readonly string[], b: readonly string[]): Map<number, number>[] | null {
  const trace: Map<number, number>[] = [];
  const reach = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(MAX_EDITS, a.length + b.length); edits++) {
    trace.push(new Map(reach));
    for (let k = -edits; k <= edits; k += 2) {
      const isDown = k === -edits || (k !== edits && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = isDown ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return trace;
    }
  }
  return null;
}
