/**
 * Turns the balancer's log, JSON lines, into lines for people: `14:02:11 warning  text`.
 */

const LEVELS: readonly [number, string][] = [
  [50, 'error'],
  [40, 'warning'],
  [30, 'info'],
  [0, 'debug'],
];

/** A destination for pino that writes plain lines to `out`. */
export function humanLines(out: { write(text: string): unknown }): { write(line: string): void } {
  return { write: (line) => void out.write(`${humanLine(line)}\n`) };
}

/** One line; a line that is no JSON object stays as it is. */
export function humanLine(line: string): string {
  const entry = parseEntry(line);
  if (entry === null) return line.trimEnd();
  const level = typeof entry.level === 'number' ? entry.level : 0;
  const name = LEVELS.find(([least]) => level >= least)?.[1] ?? '';
  const time = new Date(typeof entry.time === 'number' ? entry.time : Date.now()).toTimeString().slice(0, 8);
  const { err } = entry;
  const cause = typeof err === 'object' && err !== null && 'message' in err ? `: ${String(err.message)}` : '';
  return `${time} ${name.padEnd(8)} ${typeof entry.msg === 'string' ? entry.msg : ''}${cause}`;
}

function parseEntry(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
