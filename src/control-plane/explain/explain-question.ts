/**
 * From a question that people ask to the request that a client would send: pure.
 *
 * Used by the admin API and by `ballast explain`. Host and target are read as the data plane reads
 * them: nothing is decoded or normalised, so `/a/../b` is the path `/a/../b`.
 */
import type { ExplainQuestion, Explanation } from '../../protocol/admin-api.ts';

export type AskedRequest = Explanation['request'];

/** What no client could send; `pointer` is the part of the question, as a JSON pointer. */
export class QuestionError extends Error {
  readonly pointer: string;

  constructor(pointer: string, detail: string) {
    super(detail);
    this.name = 'QuestionError';
    this.pointer = pointer;
  }
}

/** The question as a request. Throws `QuestionError` where no client could send it. */
export function requestOf({ method = 'GET', url, host, path, headers = {} }: ExplainQuestion): AskedRequest {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method))
    throw new QuestionError('/method', 'a method is one word, such as GET');
  if (url !== undefined && (host !== undefined || path !== undefined)) {
    throw new QuestionError('/url', 'a URL has host and path in it: give it alone, or host and path');
  }
  const parts = url === undefined ? { host: undefined, path } : partsOf(url);
  const fields = Object.entries(headers).filter(([name]) => name.toLowerCase() === 'host');
  if (fields.length > 1) throw new QuestionError('/headers', 'Host is given more than once');
  const [field] = fields;
  const wanted = host ?? field?.[1] ?? parts.host ?? '';
  if (wanted !== '' && !isHost(wanted)) {
    const pointer = host !== undefined ? '/host' : field !== undefined ? `/headers/${field[0]}` : '/url';
    throw new QuestionError(pointer, 'a host is a name or an address, with or without a port: api.example.com:8080');
  }
  const target = parts.path ?? '/';
  const isWhole = target === '*' && method === 'OPTIONS';
  if (!isWhole && !/^\/[!-~]*$/.test(target)) {
    const detail = 'a path begins with / and has visible ASCII only; everything else is written as %XX';
    throw new QuestionError(url === undefined ? '/path' : '/url', detail);
  }
  return { method, host: wanted, path: target };
}

function partsOf(url: string): { readonly host: string; readonly path: string } {
  const match = /^https?:\/\/([^/?#]*)([^#]*)/i.exec(url);
  const [, host = '', rest = ''] = match ?? [];
  // What stands before an @ is a password, and is not repeated.
  if (match === null || !isHost(host)) throw new QuestionError('/url', 'a URL is written as http://host/path');
  return { host, path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** `uri-host [ ":" port ]`, as the data plane takes it. */
function isHost(text: string): boolean {
  const port = /^(?:\[[0-9A-Fa-f:.]{2,}\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)(?::(\d{0,5}))?$/.exec(text);
  return port !== null && Number(port[1] ?? 0) <= 65_535;
}
