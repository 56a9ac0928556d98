/**
 * A WebSocket and a slow download that last for as long as a test does, and prove that they are
 * whole: what the one sends comes back, and the other one's lines are numbered.
 */
import { once } from 'node:events';
import http from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import type { Cleanup } from './cleanup.ts';
import { eventually, within } from './eventually.ts';
import { type HttpBackend, startHttpBackend } from './http-backends.ts';

const LINE_EVERY_MS = 10;
const LIMIT_MS = 20_000;

export interface StreamBackend {
  readonly backend: HttpBackend;
  /** Ends every download that is under way. */
  readonly finish: () => void;
}

/** Echoes WebSockets, answers `/download` with a line every 10 ms until `finish`, all else with its name. */
export async function startStreamBackend(cleanup: Cleanup, name: string): Promise<StreamBackend> {
  const echo = new WebSocketServer({ noServer: true });
  echo.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const downloads = new Set<() => void>();
  const download = (response: http.ServerResponse): void => {
    let line = 0;
    const timer = setInterval(() => response.write(`${line++}\n`), LINE_EVERY_MS);
    const finish = (): void => void response.end(`${line} lines\n`);
    downloads.add(finish);
    response.on('close', () => {
      clearInterval(timer);
      downloads.delete(finish);
    });
  };
  const backend = await startHttpBackend(cleanup, name, {
    handle(request, response) {
      if (request.url?.startsWith('/download') === true) download(response);
      else {
        request.resume();
        request.on('end', () => response.end(name));
      }
    },
    prepare: (server) =>
      server.on('upgrade', (request, socket, head) =>
        echo.handleUpgrade(request, socket, head, (one) => echo.emit('connection', one, request)),
      ),
  });
  const finish = (): void => {
    for (const end of downloads) end();
  };
  return { backend, finish };
}

export class Streams {
  /** Of the download. */
  lines = 0;
  echoes = 0;
  /** What went wrong; nothing must. */
  readonly faults: string[] = [];
  readonly #socket: WebSocket;
  readonly #request: http.ClientRequest;
  readonly #ended = Promise.withResolvers<void>();
  #rest = '';
  #isComplete = false;

  constructor(socket: WebSocket, request: http.ClientRequest, response: http.IncomingMessage) {
    this.#socket = socket;
    this.#request = request;
    socket.on('error', (error) => this.faults.push(`WebSocket: ${error.message}`));
    socket.on('close', (code) => code !== 1000 && this.faults.push(`the WebSocket was closed: ${code}`));
    response.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    response.on('error', (error) => this.faults.push(`download: ${error.message}`));
    response.on('close', () => {
      if (!response.complete || !this.#isComplete) this.faults.push(`the download was cut after line ${this.lines}`);
      this.#ended.resolve();
    });
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === `${this.lines} lines`) this.#isComplete = true;
      else if (line !== String(this.lines++)) this.faults.push(`line ${this.lines - 1} of the download is "${line}"`);
    }
  }

  /** A message that must come back the same. */
  async echo(bytes = 200): Promise<void> {
    const message = `${this.echoes++} `.padEnd(bytes, 'x');
    const arrival = once(this.#socket, 'message') as Promise<[Buffer]>;
    this.#socket.send(message);
    const [echoed] = await within('an echo', LIMIT_MS, arrival);
    if (echoed.toString() !== message) this.faults.push(`echo ${this.echoes - 1} came back as another one`);
  }

  /** Waits until more of the download has come, as a sign that it is not only open. */
  async more(): Promise<void> {
    const { lines } = this;
    await eventually('more of the download', () => this.lines > lines || this.faults.length > 0, LIMIT_MS);
  }

  /** Ends both in order, the download by `finish` of its backend. */
  async end(finish: () => void): Promise<void> {
    finish();
    await within('the end of the download', LIMIT_MS, this.#ended.promise);
    this.#socket.close(1000);
    await within('the end of the WebSocket', LIMIT_MS, once(this.#socket, 'close'));
    this.#request.destroy();
  }
}

/** Opens both through a balancer on this port. */
export async function openStreams(cleanup: Cleanup, port: number, host = '127.0.0.1'): Promise<Streams> {
  const socket = new WebSocket(`ws://${host}:${port}/chat`, { perMessageDeflate: false });
  cleanup.after(() => socket.terminate());
  await within('a WebSocket to open', LIMIT_MS, once(socket, 'open'));
  const request = http.get({ host, port, path: '/download', agent: false });
  cleanup.after(() => void request.destroy());
  request.on('error', () => {});
  const [response] = (await within('a download to begin', LIMIT_MS, once(request, 'response'))) as [
    http.IncomingMessage,
  ];
  const streams = new Streams(socket, request, response);
  if (response.statusCode !== 200) streams.faults.push(`the download was answered ${response.statusCode}`);
  return streams;
}
