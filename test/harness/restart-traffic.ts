/**
 * All kinds of traffic at once, for a balancer that is restarted under it: a new connection for
 * each request, kept-alive connections with GET and with POST, and on demand a slow download and
 * a WebSocket, which stay with the process that has accepted them.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { type BackgroundLoad, startLoad } from './background-load.ts';
import type { Cleanup } from './cleanup.ts';
import { within } from './eventually.ts';
import { type HttpBackend, startHttpBackend } from './http-backends.ts';
import { failedIn, type LoadReport } from './load.ts';

const PIECE = 'x'.repeat(1_000);
const ANSWER_LIMIT_MS = 60_000;

/** Answers `/download/PIECES/EVERY_MS` with so many pieces, and WebSocket messages with themselves. */
export function startTrafficBackend(cleanup: Cleanup, name: string): Promise<HttpBackend> {
  const echo = new WebSocketServer({ noServer: true });
  echo.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data) => socket.send(String(data)));
  });
  return startHttpBackend(cleanup, name, {
    prepare: (server) =>
      server.on('upgrade', (request, socket, head) =>
        echo.handleUpgrade(request, socket, head, (one) => echo.emit('connection', one, request)),
      ),
    handle(request, response) {
      const [, pieces, everyMs] = /^\/download\/(\d+)\/(\d+)$/.exec(request.url ?? '') ?? [];
      if (pieces === undefined) {
        request.resume();
        // Not at once, so that there is always something in flight, and the machine not used up.
        setTimeout(() => response.end(name), 5);
        return;
      }
      let left = Number(pieces);
      const timer = setInterval(() => {
        if (--left < 0) response.end();
        else response.write(PIECE);
      }, Number(everyMs));
      response.on('close', () => clearInterval(timer));
    },
  });
}

export interface RestartTraffic {
  /** Ends it; answers how many requests there were, and throws where one was refused, reset or failed. */
  stop(): Promise<number>;
}

/** Begins at once. */
export function startTraffic(cleanup: Cleanup, port: number): RestartTraffic {
  const kinds: readonly (readonly [string, BackgroundLoad])[] = [
    ['a new connection for each', startLoad(cleanup, { port, concurrency: 6, isFresh: true })],
    ['kept alive, GET', startLoad(cleanup, { port, concurrency: 3 })],
    ['kept alive, POST', startLoad(cleanup, { port, concurrency: 3, method: 'POST', body: 'b'.repeat(5_000) })],
  ];
  return {
    async stop() {
      const reports: (readonly [string, LoadReport])[] = [];
      for (const [kind, load] of kinds) reports.push([kind, await load.stop()]);
      for (const [kind, report] of reports) assert.deepEqual(failedIn(report), [], kind);
      return reports.reduce((sum, [, { sent }]) => sum + sent, 0);
    },
  };
}

export interface Download {
  /** Resolves with its bytes when it has ended well. */
  readonly done: Promise<number>;
}

/** A download that takes `pieces` times `everyMs`; resolves when it has begun. */
export async function startDownload(port: number, pieces: number, everyMs: number): Promise<Download> {
  const request = http.get({ host: '127.0.0.1', port, path: `/download/${pieces}/${everyMs}`, agent: false });
  const begun = once(request, 'response') as Promise<[http.IncomingMessage]>;
  const [response] = await within('a download to begin', ANSWER_LIMIT_MS, begun);
  let bytes = 0;
  response.on('data', (piece: Buffer) => {
    bytes += piece.length;
  });
  const done = once(response, 'end').then(() => bytes);
  // Whoever waits for it hears of it.
  done.catch(() => {});
  return { done };
}

export async function openEcho(cleanup: Cleanup, port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`);
  cleanup.after(() => socket.terminate());
  await within('a WebSocket to open', ANSWER_LIMIT_MS, once(socket, 'open'));
  return socket;
}

/** One message there and back. */
export async function sayEcho(socket: WebSocket, text: string): Promise<void> {
  const answer = once(socket, 'message') as Promise<[Buffer]>;
  socket.send(text);
  const [echoed] = await within('an echo', ANSWER_LIMIT_MS, answer);
  assert.equal(echoed.toString(), text);
}
