/**
 * Writes the Prometheus text format, version 0.0.4.
 *
 * Used by `metrics.ts` only. A family is opened once, with its help and type, and its samples
 * follow it without another family between; the writer refuses anything else, since a scraper
 * would drop the whole answer.
 */

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type MetricType = 'counter' | 'gauge' | 'histogram';
/** Pairs of name and value. */
export type Labels = readonly (readonly [name: string, value: string])[];

/** What must be escaped: rare, so looked for first. */
const SPECIAL = /[\\\n"]/;
const NAME = /^[a-z_][a-z0-9_]*$/;

/** A label's value as it stands between the quotes. */
export function escapeLabel(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replace(/[\\\n"]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}

/** A number as Prometheus reads it. */
export function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

export class MetricsText {
  readonly #lines: string[] = [];
  readonly #families = new Set<string>();
  #current = '';

  /** Opens a family; what follows belongs to it. `help` is one plain sentence. */
  family(name: string, type: MetricType, help: string): void {
    if (!NAME.test(name)) throw new Error(`${name} is not a metric name`);
    if (this.#families.has(name)) throw new Error(`metric ${name} is written twice`);
    this.#families.add(name);
    this.#current = name;
    const escaped = help.replace(/[\\\n]/g, (character) => (character === '\n' ? '\\n' : '\\\\'));
    this.#lines.push(`# HELP ${name} ${escaped}`, `# TYPE ${name} ${type}`);
  }

  /** One sample of the open family. `suffix` is for the parts of a histogram. */
  sample(labels: Labels, value: number, suffix = ''): void {
    if (this.#current === '') throw new Error('a sample needs an open family');
    let line = this.#current + suffix;
    let separator = '{';
    for (const [name, text] of labels) {
      line += `${separator}${name}="${escapeLabel(text)}"`;
      separator = ',';
    }
    if (separator === ',') line += '}';
    this.#lines.push(`${line} ${formatValue(value)}`);
  }

  /** A family of one sample without labels. */
  single(name: string, type: MetricType, help: string, value: number): void {
    this.family(name, type, help);
    this.sample([], value);
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}
