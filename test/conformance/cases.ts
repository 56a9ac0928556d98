/** Reads the case files and the list of exceptions; a field that nobody judges is an error. */
import { readFileSync } from 'node:fs';

export type FieldExpectation = string | null | readonly (string | null)[];

interface CommonCase {
  readonly id: string;
  readonly class: string;
  readonly raw: string;
  readonly note: string;
  readonly source: string;
  readonly must_not_see?: readonly string[];
}

export interface RequestCase extends CommonCase {
  readonly expect: 'forward' | 'reject' | 'either';
  readonly prefer?: 'forward' | 'reject';
  readonly status?: number | readonly number[];
  readonly statuses?: readonly (readonly number[])[];
  readonly requests?: number;
  readonly forwarded_body?: string;
  readonly bodies?: readonly string[];
  readonly forwarded_target?: readonly string[];
  readonly forwarded_host?: string;
  readonly forwarded_headers?: Readonly<Record<string, FieldExpectation>>;
  readonly must_have?: readonly string[];
  readonly eof?: boolean;
  readonly close?: boolean;
  readonly partial_ok?: boolean;
  readonly no_response_ok?: boolean;
}

export interface ResponseCase extends CommonCase {
  readonly method: string;
  readonly expect: 'pass' | 'bad_gateway' | 'truncated' | 'either';
  readonly prefer?: 'pass' | 'bad_gateway';
  readonly status?: readonly number[];
  readonly body?: string;
  readonly close: boolean;
  readonly reset?: boolean;
  readonly stall?: boolean;
  readonly early?: boolean;
  readonly reuse?: boolean;
  readonly retry?: boolean;
  readonly interim?: readonly number[];
  readonly client_headers?: Readonly<Record<string, FieldExpectation>>;
  readonly client_version?: string;
  readonly request_headers?: Readonly<Record<string, string>>;
  readonly request_body?: string;
}

const COMMON_FIELDS = ['id', 'class', 'raw', 'note', 'source', 'must_not_see', 'expect', 'prefer', 'status', 'close'];
const REQUEST_FIELDS = [
  ...['statuses', 'requests', 'forwarded_body', 'bodies', 'forwarded_target', 'forwarded_host', 'forwarded_headers'],
  ...['must_have', 'eof', 'partial_ok', 'no_response_ok'],
];
const RESPONSE_FIELDS = [
  ...['method', 'body', 'reset', 'stall', 'early', 'reuse', 'retry', 'interim', 'client_headers', 'client_version'],
  ...['request_headers', 'request_body'],
];

function readCases<T extends CommonCase>(name: string, fields: readonly string[]): T[] {
  const known = new Set([...COMMON_FIELDS, ...fields]);
  const text = readFileSync(new URL(`cases/${name}`, import.meta.url), 'utf8');
  const cases = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
  for (const one of cases) {
    for (const field of Object.keys(one)) {
      if (!known.has(field)) throw new Error(`${name}: ${one.id}: nobody judges the field "${field}"`);
    }
  }
  const wanted = process.env['CASE'];
  return wanted === undefined ? cases : cases.filter(({ id }) => id === wanted);
}

export const readRequestCases = (): RequestCase[] => readCases('requests.jsonl', REQUEST_FIELDS);
export const readResponseCases = (): ResponseCase[] => readCases('responses.jsonl', RESPONSE_FIELDS);

/** Whether one case was asked for by `CASE=id`, to be shown with every byte. */
export const isTracing = process.env['CASE'] !== undefined;

/** Ids that `exceptions.md` lists. */
export function readExceptions(): Set<string> {
  const text = readFileSync(new URL('exceptions.md', import.meta.url), 'utf8');
  return new Set([...text.matchAll(/^- `([^`]+)`:/gm)].map((match) => match[1] ?? ''));
}

/** Whether a field is as expected; null is an absent field. */
export function isAsExpected(expected: FieldExpectation, got: string | null): boolean {
  if (expected === null || typeof expected === 'string') return expected === got;
  return expected.some((one) => (one === 'absent' || one === null ? got === null : one === got));
}
