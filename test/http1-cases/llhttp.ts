/**
 * Node's own parser, llhttp in its strict mode, as a second opinion. It sits behind a module of
 * Node that is neither documented nor typed; only tests may depend on such a thing.
 */
import { METHODS } from 'node:http';
import { createRequire } from 'node:module';

interface Parser {
  initialize(kind: number, resource: object, maxHeaderBytes: number, leniency: number): void;
  execute(bytes: Buffer): number | Error;
  [callback: number]: (...args: never[]) => unknown;
}

interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
  readonly kLenientNone: number;
}

const { HTTPParser } = createRequire(import.meta.url)('_http_common') as { HTTPParser: ParserClass };

const MAX_HEAD_BYTES = 1024 * 1024;

export interface PeerMessage {
  readonly method: number;
  readonly target: string;
  readonly status: number;
  /** Names and values in turn. */
  readonly fields: string[];
  body: string;
  isComplete: boolean;
}

export interface PeerStream {
  readonly messages: PeerMessage[];
  /** Its code for what is malformed; null where nothing is. */
  readonly error: string | null;
}

function read(kind: number, bytes: string, skipsBody: (finalAnswers: number) => boolean): PeerStream {
  const messages: PeerMessage[] = [];
  let early: string[] = [];
  let earlyTarget = '';
  const parser = new HTTPParser();
  parser.initialize(kind, {}, MAX_HEAD_BYTES, HTTPParser.kLenientNone);
  const on = (callback: number, handler: (...args: never[]) => unknown): void => {
    parser[callback] = handler;
  };
  // Many fields come in portions, and so does a trailer section; that one behind the head.
  on(HTTPParser.kOnHeaders, (fields: string[], target: string) => {
    if (messages.length > 0 && messages.at(-1)?.isComplete !== true) return;
    early.push(...fields);
    earlyTarget += target;
  });
  on(
    HTTPParser.kOnHeadersComplete,
    (_: number, __: number, late: string[] | undefined, method: number, target: string | undefined, status: number) => {
      const fields = [...early, ...(late ?? [])];
      const finals = messages.filter((message) => message.status >= 200).length;
      messages.push({ method, target: target ?? earlyTarget, status, fields, body: '', isComplete: false });
      early = [];
      earlyTarget = '';
      return status >= 200 && skipsBody(finals) ? 1 : 0;
    },
  );
  on(HTTPParser.kOnBody, (body: Buffer) => {
    const last = messages.at(-1);
    if (last !== undefined) last.body += body.toString('latin1');
  });
  on(HTTPParser.kOnMessageComplete, () => {
    const last = messages.at(-1);
    if (last !== undefined) last.isComplete = true;
  });
  const result = parser.execute(Buffer.from(bytes, 'latin1'));
  return { messages, error: result instanceof Error ? ((result as NodeJS.ErrnoException).code ?? '') : null };
}

export const readRequestsAsPeer = (bytes: string): PeerStream => read(HTTPParser.REQUEST, bytes, () => false);

/** @param methods of the requests that are answered */
export const readResponsesAsPeer = (bytes: string, methods: readonly string[]): PeerStream =>
  read(HTTPParser.RESPONSE, bytes, (finalAnswers) => methods[finalAnswers] === 'HEAD');

/** The number by which it knows each method. */
export const PEER_METHODS: ReadonlyMap<string, number> = new Map(
  METHODS.map((name) => [name, readRequestsAsPeer(`${name} / HTTP/1.1\r\n\r\n`).messages[0]?.method ?? -1]),
);
