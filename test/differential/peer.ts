/** What a differential test wants to know of a backend, whoever it is. */
import { createHash } from 'node:crypto';

export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  readonly bodyBytes: number;
  /** SHA-1 of the body, in lower-case hexadecimal digits. */
  readonly digest: string;
}

export interface Peer {
  readonly name: string;
  readonly port: number;
  /** Requests that it took for complete and answered 200, in the order of their arrival. */
  complete(): readonly SeenRequest[];
  /** Messages that it refused, or that ended before they were complete, in its own words. */
  refusals(): readonly string[];
  /** Whether it is known to refuse a request like this one, which came with `input`; why is its own. */
  mayRefuse(request: { readonly method: string; readonly target: string }, input: string): boolean;
}

/** @param body latin1, or the bytes themselves */
export function seenRequest(method: string, target: string, body: string | Buffer): SeenRequest {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  return { method, target, bodyBytes: bytes.length, digest: createHash('sha1').update(bytes).digest('hex') };
}
