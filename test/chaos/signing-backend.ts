/**
 * A backend that reads requests whole, answers what their target asks for, signs its answers and
 * has every request noted, by `note`, before it answers. Health checks are answered and not noted.
 */
import http from 'node:http';
import type net from 'node:net';
import { crc32 } from 'node:zlib';
import { bodyOf, MAX_BODY_BYTES, sumOf } from './bodies.ts';
import type { BackendRecord } from './records.ts';

const TARGET = /^\/answer\/(\d{1,7})\/(length|chunked|trickle)\/(\d{1,5})\/(\d{1,3})$/;
const PIECES = 3;
/** An answer that takes its time comes in so many pieces. */
const TRICKLES = 40;

export interface SigningOptions {
  /** How long an idle connection is kept; it is not announced. */
  readonly keepAliveMs?: number;
  /** What it takes for every answer beside what the target asks for. */
  readonly extraDelayMs?: number;
}

/** Makes the server; the caller listens. */
export function signingServer(
  name: string,
  note: (record: BackendRecord) => void,
  options: SigningOptions = {},
): http.Server {
  const { keepAliveMs: keepAliveTimeout = 60_000, extraDelayMs = 0 } = options;
  const server = http.createServer({ keepAliveTimeout, requestTimeout: 0 }, (request, response) => {
    response.setHeader('X-Served-By', name);
    // Without this a connection that is busy when the server closes lives for as long as requests come.
    if (!server.listening) response.shouldKeepAlive = false;
    const { method = '' } = request;
    const id = request.headers['x-request-id'];
    const target = TARGET.exec(request.url ?? '');
    if (typeof id !== 'string' || target === null) {
      request.resume();
      response.end('ok\n');
      return;
    }
    let bytes = 0;
    let sum = 0;
    let isWhole = false;
    note({ backend: name, id, method, event: 'head', bytes, sum });
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      sum = sumOf(piece, sum);
    });
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      isWhole = true;
      note({ backend: name, id, method, event: 'whole', bytes, sum });
      const [, size = '0', framing = '', delayMs = '0', refusedPercent = '0'] = target;
      if (crc32(`${name} ${id}`) % 100 < Number(refusedPercent)) response.statusCode = 503;
      const send = (): void => answer(request, response, id, Math.min(Number(size), MAX_BODY_BYTES), framing);
      if (framing === 'trickle') trickle(response, id, Math.min(Number(size), MAX_BODY_BYTES), Number(delayMs));
      else if (Number(delayMs) + extraDelayMs === 0) send();
      else setTimeout(send, Number(delayMs) + extraDelayMs);
    });
    request.on('close', () => {
      if (!isWhole) note({ backend: name, id, method, event: 'broken', bytes, sum });
    });
  });
  // An answer to half a request would be nobody's: it has no signature.
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('connection', (socket: net.Socket) => socket.on('error', () => {}));
  return server;
}

function answer(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  id: string,
  size: number,
  framing: string,
): void {
  const body = bodyOf(id, 'answer', size);
  response.setHeader('X-Request-Id', id);
  if (framing === 'length' || request.method === 'HEAD') {
    response.setHeader('Content-Length', size);
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  const step = Math.max(1, Math.ceil(size / PIECES));
  for (let at = 0; at < size; at += step) response.write(body.subarray(at, at + step));
  response.end();
}

/** The answer in equal pieces, spread evenly over the time. */
function trickle(response: http.ServerResponse, id: string, size: number, spreadMs: number): void {
  const body = bodyOf(id, 'answer', size);
  const step = Math.max(1, Math.ceil(size / TRICKLES));
  let at = 0;
  response.setHeader('X-Request-Id', id);
  response.setHeader('Content-Length', size);
  response.flushHeaders();
  const timer = setInterval(() => {
    response.write(body.subarray(at, at + step));
    at += step;
    if (at < size) return;
    clearInterval(timer);
    response.end();
  }, spreadMs / TRICKLES);
  response.on('close', () => clearInterval(timer));
}
