/**
 * What was typed into the tester of routes: as the question that the server is asked, as the
 * commands that do the same by hand, and as it is kept in the address. Pure.
 */
import type { ExplainQuestion } from '../../src/protocol/admin-api.ts';

/** As it stands in the form. */
export interface TestForm {
  readonly method: string;
  /** A URL, a host with or without a path, or a path alone. */
  readonly target: string;
  /** Lines of `Name: value`. */
  readonly headers: string;
}

/** What is wrong with it, and in which field. */
export interface Mistake {
  readonly field: 'target' | 'headers';
  readonly text: string;
}

/** The request that it stands for. */
export interface RequestAsked {
  readonly method: string;
  /** As `Host` would say it. */
  readonly host: string;
  readonly path: string;
  /** Without `Host`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export const EMPTY_FORM: TestForm = { method: 'GET', target: '', headers: '' };

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE'] as const;

/** Not put into the address, which is kept, shown and sent around. */
const SECRET_HEADERS = /^(?:(?:proxy-)?authorization|cookie|.*(?:token|secret|password|api-?key).*)$/i;

/** `anyHost`: what a request names that only has a path, such as `127.0.0.1:8080`. */
export function readForm({ method, target, headers }: TestForm, anyHost: string): RequestAsked | Mistake {
  const place = readTarget(target.trim(), anyHost);
  if (typeof place === 'string') return { field: 'target', text: place };
  const lines = readHeaders(headers);
  if (typeof lines === 'string') return { field: 'headers', text: lines };
  const hosts = lines.filter(([name]) => isHost(name));
  if (hosts.length > 1) return { field: 'headers', text: 'Host is given more than once.' };
  return {
    method: method.trim() === '' ? 'GET' : method.trim(),
    host: hosts[0]?.[1] ?? place.host,
    path: place.path,
    headers: lines.filter(([name]) => !isHost(name)),
  };
}

export const isMistake = (read: RequestAsked | Mistake): read is Mistake => 'field' in read;

const isHost = (name: string): boolean => name.toLowerCase() === 'host';

function readTarget(target: string, anyHost: string): { readonly host: string; readonly path: string } | string {
  if (target === '') return 'A URL is needed, such as http://api.example.com/v1, or a path, such as /v1.';
  // What is behind # stays in the browser.
  const [whole = ''] = target.split('#', 1);
  if (whole.startsWith('/') || whole === '*') return { host: anyHost, path: whole };
  const match = /^(?:https?:\/\/)?([^/?]+)(.*)$/i.exec(whole);
  const [, host = '', rest = ''] = match ?? [];
  if (host.includes('@')) return 'Leave the name and password out of the URL: they decide nothing.';
  if (match === null || /^[a-z][a-z0-9+.-]*:\/\//i.test(host + rest)) {
    return 'A URL is written as http://host/path.';
  }
  return { host, path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** Text says what is wrong. */
function readHeaders(text: string): (readonly [string, string])[] | string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const headers: (readonly [string, string])[] = [];
  for (const line of lines) {
    const match = /^\s*([^\s:]+):(.*)$/.exec(line);
    if (match === null) return `"${line.trim()}" is not written as Name: value.`;
    headers.push([match[1] ?? '', (match[2] ?? '').trim()]);
  }
  return headers;
}

export function bodyOf({ method, host, path, headers }: RequestAsked): ExplainQuestion {
  return { method, host, path, headers: Object.fromEntries(headers) };
}

/** The form as options of the address; null takes one out. */
export function optionsOf({
  method,
  target,
  headers,
}: TestForm): Readonly<Record<'method' | 'url' | 'headers', string | null>> {
  const kept = headers
    .split('\n')
    .filter((line) => line.trim() !== '' && !SECRET_HEADERS.test(line.split(':', 1)[0]?.trim() ?? ''))
    .join('\n');
  return {
    method: method === 'GET' || target.trim() === '' ? null : method,
    url: target.trim() === '' ? null : target.trim(),
    headers: kept === '' ? null : kept,
  };
}

export function formOf(options: Readonly<Record<string, string>>): TestForm {
  return { method: options['method'] ?? 'GET', target: options['url'] ?? '', headers: options['headers'] ?? '' };
}

const DEFAULT_ADMIN = 'http://127.0.0.1:8090';

/** The same question on the command line; null where it cannot be put there. */
export function explainLine({ method, host, path }: RequestAsked, pageUrl: string): string | null {
  if (!path.startsWith('/') || host === '') return null;
  const admin = pageUrl.replace(/[?#].*$/, '').replace(/\/$/, '');
  return words([
    'ballast explain --url',
    quote(`http://${host}${path}`),
    ...(method === 'GET' ? [] : ['--method', quote(method)]),
    ...(admin === DEFAULT_ADMIN ? [] : ['--admin', quote(admin)]),
  ]);
}

/** The request itself, sent to a listener such as `127.0.0.1:8080`. */
export function curlLine({ method, host, path, headers }: RequestAsked, listener: string): string {
  const fields = [...(host === listener ? [] : [['Host', host] as const]), ...headers];
  const isRooted = path.startsWith('/');
  return words([
    'curl',
    method === 'HEAD' ? '--head' : '-i',
    ...(method === 'GET' || method === 'HEAD' ? [] : ['-X', quote(method)]),
    ...fields.flatMap(([name, value]) => ['-H', quote(value === '' ? `${name};` : `${name}: ${value}`)]),
    // It would take dots out of the path, and brackets for a range.
    ...(/\/\.{1,2}(?:\/|$|\?)/.test(path) ? ['--path-as-is'] : []),
    ...(/[[\]{}]/.test(path) ? ['--globoff'] : []),
    ...(isRooted ? [] : ['--request-target', quote(path)]),
    quote(`http://${listener}${isRooted ? path : ''}`),
  ]);
}

const words = (parts: readonly string[]): string => parts.join(' ');

/** For a shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
