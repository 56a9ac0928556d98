/**
 * Mutated messages through a running worker, in batches. What must hold for any bytes:
 *
 * - the worker lives on, and every connection is answered or closed in time;
 * - a client never gets a malformed byte, a backend never a malformed request;
 * - servers that read less strictly than ours see the same requests as strict ones;
 * - the counters say what client and backend have seen, and at the end nothing is in flight.
 */
import net from 'node:net';
import type { Cleanup } from '../harness/cleanup.ts';
import { type DataPlane, startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { escapeBytes } from '../harness/read-message.ts';
import { readResponse } from '../harness/read-response.ts';
import {
  answerOk,
  type BackendConnection,
  type RecordingBackend,
  startRecordingBackend,
} from '../harness/recording-backend.ts';
import { writePieces } from '../harness/segmentations.ts';
import { readRequests } from '../http1-cases/read-stream.ts';
import type { Direction } from './corpus.ts';
import { LENIENT_READERS, readLeniently } from './lenient-readers.ts';
import { cut, type Random } from './mutate.ts';

/** How long a connection may take: far above what it does on a quiet machine. */
const LIMIT_MS = 10_000;
const BACKEND_LIMIT_MS = 1_000;
/** Connections at a time. */
const LANES = 24;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** One worker with one backend that answers, and one that writes what it is told. */
export class ProgramUnderTest {
  readonly #plane: DataPlane;
  readonly #backend: RecordingBackend;
  /** What the backend writes for `/answer/N`, in pieces. */
  readonly #answers: Map<string, readonly string[]>;
  #arrivals = 0;
  #clientAnswers = 0;

  constructor(plane: DataPlane, backend: RecordingBackend, answers: Map<string, readonly string[]>) {
    this.#plane = plane;
    this.#backend = backend;
    this.#answers = answers;
  }

  /** Runs a batch; throws where a rule is broken. */
  async run(direction: Direction, inputs: readonly string[], random: Random): Promise<void> {
    const pieces = inputs.map((input) => cut(input, random));
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let index = next++; index < inputs.length; index = next++) {
        const own = pieces[index] ?? [];
        if (direction === 'requests') await this.#sendRequests(inputs[index] ?? '', own);
        else await this.#provokeAnswer(own, index);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await this.#plane.atRest(LIMIT_MS);
    if (this.#plane.crashes.length > 0) throw this.#plane.crashes[0];
    // A request behind an answer that is still being written is not in its books yet.
    const { connections } = this.#backend;
    await eventually('the backend to end its answers', () => !connections.some((one) => one.isAnswering), LIMIT_MS);
    this.#judgeBackend();
    this.#arrivals += this.#backend.arrivals.length;
    this.#judgeCounters();
    await this.#forget();
  }

  /** The next batch begins with new connections, and nothing is kept of the old ones. */
  async #forget(): Promise<void> {
    const { connections, arrivals } = this.#backend;
    for (const { socket } of connections) socket.end();
    await eventually('the idle connections to close', () => connections.every(({ isClosed }) => isClosed), LIMIT_MS);
    connections.length = 0;
    arrivals.length = 0;
  }

  /** Writes pieces, ends its side, and answers all bytes that came until the other side ended. */
  async #talk(pieces: readonly string[], label: string): Promise<string> {
    const socket = net.connect({ port: this.#plane.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    let received = '';
    let isOver = false;
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
    });
    for (const event of ['end', 'error', 'close']) {
      socket.on(event, () => {
        isOver = true;
      });
    }
    try {
      await writePieces(socket, pieces);
      socket.end();
      await eventually(
        () => `the end after "${escapeBytes(label, 5_000)}"; got "${escapeBytes(received)}"`,
        () => isOver,
        LIMIT_MS,
      );
    } finally {
      socket.destroy();
    }
    return received;
  }

  async #sendRequests(input: string, pieces: readonly string[]): Promise<void> {
    const received = await this.#talk(pieces, input);
    const methods = readRequests([input]).messages.map(({ method }) => method);
    this.#clientAnswers += countAnswers(received, methods, input);
  }

  async #provokeAnswer(pieces: readonly string[], index: number): Promise<void> {
    const target = `/answer/${index}`;
    this.#answers.set(target, pieces);
    const method = ['GET', 'HEAD', 'POST'][index % 3] ?? 'GET';
    const body = method === 'POST' ? 'Content-Length: 2\r\n\r\nhi' : '\r\n';
    const request = `${method} ${target} HTTP/1.1\r\nHost: a\r\n${body}`;
    const received = await this.#talk([request], pieces.join(''));
    this.#answers.delete(target);
    this.#clientAnswers += countAnswers(received, [method], pieces.join(''));
  }

  #judgeBackend(): void {
    const { connections } = this.#backend;
    for (const { malformed, received, requests } of connections) {
      if (malformed !== null) throw new Error(`the backend got ${malformed}: "${escapeBytes(received)}"`);
      const strict = requests.map(({ method, target }) => `${method} ${target}`).join('\n');
      for (const reader of LENIENT_READERS) {
        const lenient = readLeniently(received, reader).join('\n');
        if (lenient !== strict) throw new Error(`"${reader.name}" sees other requests in "${escapeBytes(received)}"`);
      }
    }
  }

  #judgeCounters(): void {
    const pool = this.#plane.pool();
    const answered = sum(pool.statusClasses) + this.#plane.totals.requestsWithoutPool;
    if (answered !== this.#clientAnswers) throw new Error(`${answered} answers counted, ${this.#clientAnswers} seen`);
    const attempts = this.#plane.backend('recording').requests;
    const arrivals = this.#arrivals;
    if (arrivals > attempts) throw new Error(`${attempts} attempts counted, ${arrivals} requests seen`);
    const successes = sum(this.#plane.backend('recording').statusClasses);
    if (successes > arrivals) throw new Error(`${successes} answers of the backend counted, ${arrivals} requests seen`);
  }
}

/** Final answers with a whole head. Throws where the bytes are no answers. */
function countAnswers(received: string, methods: readonly string[], input: string): number {
  let answers = 0;
  for (let at = 0; at < received.length; ) {
    let response: ReturnType<typeof readResponse>;
    try {
      response = readResponse(received, at, methods[answers] ?? 'GET', 'ended');
    } catch (error) {
      throw new Error(`after "${escapeBytes(input)}" the client got "${escapeBytes(received)}"`, { cause: error });
    }
    if (response === null) break;
    if (response.status >= 200) answers++;
    // A cut answer is the last one.
    if (!response.isComplete) break;
    at = response.end;
  }
  return answers;
}

export async function startProgramUnderTest(cleanup: Cleanup): Promise<ProgramUnderTest> {
  const answers = new Map<string, readonly string[]>();
  const backend = await startRecordingBackend(cleanup, {
    respond: async (request, connection: BackendConnection) => {
      const pieces = answers.get(request.target);
      if (pieces === undefined) return answerOk(request, connection);
      await writePieces(connection.socket, pieces);
      connection.socket.end();
    },
  });
  const plane = await startDataPlane(cleanup, {
    pools: [
      {
        backends: [{ name: 'recording', port: backend.port }],
        retry: { attempts: 1 },
        timeouts: { responseHeadMs: BACKEND_LIMIT_MS, bodyIdleMs: BACKEND_LIMIT_MS },
      },
    ],
  });
  return new ProgramUnderTest(plane, backend, answers);
}
