/**
 * Variables of the environment in texts of the config: `${NAME}` and `${NAME:-default}`.
 *
 * The default counts where the variable is not set or empty, as in a shell. `$${` stands for a
 * plain `${`. A variable that is not set and has no default is an error, never an empty text: a
 * forgotten token must not become no token.
 */
import { didYouMean } from './closest.ts';
import { quoted, type Reading, read, refuse } from './reading.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A refusal, and which `${` of the text it is about, counted from 0. */
export interface InterpolationFault {
  readonly reading: Extract<Reading<never>, { isRead: false }>;
  readonly occurrence: number;
}

export interface Interpolation {
  /** With every variable that could be read in its place. */
  readonly text: string;
  readonly faults: readonly InterpolationFault[];
}

/** Puts variables in their places in one text. */
export function interpolate(text: string, environment: Environment): Interpolation {
  if (!text.includes('${')) return { text, faults: [] };
  const faults: InterpolationFault[] = [];
  let occurrence = -1;
  const result = text.replace(/(\$?)\$\{(?:([^{}\n]*)\})?/g, (whole, escape: string, inner: string | undefined) => {
    occurrence++;
    if (escape !== '') return whole.slice(1);
    const reading = readVariable(inner, environment);
    if (reading.isRead) return reading.value;
    faults.push({ reading, occurrence });
    return whole;
  });
  return { text: result, faults };
}

function readVariable(inner: string | undefined, environment: Environment): Reading<string> {
  if (inner === undefined) return refuse('variable-invalid', 'a `${` without its `}`', 'write `$${` for a plain `${`');
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/.exec(inner);
  if (match === null) {
    const text = `${quoted(`\${${inner}}`)} is not a variable: it is written as \${NAME} or \${NAME:-default}`;
    return refuse('variable-invalid', text, 'write `$${` for a plain `${`');
  }
  const [, name = '', fallback] = match;
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (fallback !== undefined) return read(value === undefined || value === '' ? fallback : value);
  if (value !== undefined) return read(value);
  const near = didYouMean(name, Object.keys(environment));
  const advice = near ?? `set it, or give it a default: \`\${${name}:-…}\``;
  return refuse('variable-missing', `the variable ${name} is not set in the environment`, advice);
}

// Braces are signs of flow maps in YAML: `{ token: ${T} }` would not parse. Before parsing they are
// swapped for private-use characters, one for one, so that every offset stays what it was.
const OPEN = '\uE000';
const CLOSE = '\uE001';

/** Hides the braces of variables from the YAML parser; the length stays the same. */
export function shieldVariables(text: string): string {
  return text.replace(/\$\{([^{}\n]*)\}/g, `$$${OPEN}$1${CLOSE}`);
}

/** Undoes `shieldVariables`. */
export function unshieldVariables(text: string): string {
  return text.replaceAll(OPEN, '{').replaceAll(CLOSE, '}');
}
