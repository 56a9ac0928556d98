/**
 * Errors of the admin API as RFC 9457 problem documents, with codes that scripts can rely on.
 *
 * A handler throws `ProblemError`; the server turns it into the answer here, for HTTP as for a
 * refused WebSocket. A problem never carries a token, a cookie or a stack.
 */
import type { ServerResponse } from 'node:http';
import type { Problem } from '../../protocol/admin-api.ts';
import { http } from '../node-http.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** One wrong part of a body. */
export interface ProblemPart {
  /** JSON pointer into the body: `/weight`; empty for the whole. */
  readonly pointer: string;
  readonly detail: string;
}

export interface ProblemOptions {
  /** Further header fields of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: readonly ProblemPart[];
  /** What is wrong with a config file, as `ballast check --json` tells it. */
  readonly diagnostics?: readonly object[];
}

/** An answer that is an error. `code` is kebab-case and never changes its meaning. */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly ProblemPart[];
  readonly diagnostics: readonly object[];

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.name = 'ProblemError';
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.headers = options.headers ?? {};
    this.errors = options.errors ?? [];
    this.diagnostics = options.diagnostics ?? [];
  }

  document(): Problem & Pick<ProblemOptions, 'errors' | 'diagnostics'> {
    return {
      type: `urn:ballast:problem:${this.code}`,
      title: http.STATUS_CODES[this.status] ?? 'Error',
      status: this.status,
      detail: this.detail,
      code: this.code,
      ...(this.errors.length > 0 ? { errors: this.errors } : {}),
      ...(this.diagnostics.length > 0 ? { diagnostics: this.diagnostics } : {}),
    };
  }

  response(): Response {
    return new Response(JSON.stringify(this.document()), {
      status: this.status,
      headers: { 'content-type': PROBLEM_TYPE, ...this.headers },
    });
  }

  /** The same answer on a response of Node's own server. */
  send(response: ServerResponse): void {
    const body = JSON.stringify(this.document());
    const length = Buffer.byteLength(body);
    response.writeHead(this.status, { 'content-type': PROBLEM_TYPE, 'content-length': length, ...this.headers });
    response.end(body);
  }

  /** The same answer as bytes, for a socket that no HTTP server answers on. It closes. */
  bytes(): string {
    const body = JSON.stringify(this.document());
    const fields = {
      'Content-Type': PROBLEM_TYPE,
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
      Connection: 'close',
      ...this.headers,
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    return `HTTP/1.1 ${this.status} ${http.STATUS_CODES[this.status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`;
  }
}

/** For what is thrown by mistake; the log has the rest. */
export function internalProblem(): ProblemError {
  return new ProblemError(500, 'internal', 'Something broke; the log of the balancer says more.');
}
