/** Runs response cases against one worker and one scripted backend, one after the other. */
import { setTimeout as delay } from 'node:timers/promises';
import { CleanupList } from '../harness/cleanup.ts';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { type ClientResponse, connectRaw, type RawClient, requestBytes } from '../harness/raw-client.ts';
import { escapeBytes, MalformedMessage } from '../harness/read-message.ts';
import {
  answerOk,
  type BackendConnection,
  type RecordedRequest,
  type RecordingBackend,
  startRecordingBackend,
} from '../harness/recording-backend.ts';
import { SEGMENTATIONS, type SegmentationName, writePieces } from '../harness/segmentations.ts';
import { isTracing, type ResponseCase } from './cases.ts';
import type { Lane, Verdict } from './report.ts';
import { judgeResponse } from './response-judge.ts';

/** Short, so that a stalling backend is given up soon; long enough for a machine under load. */
const BACKEND_LIMIT_MS = 4_000;
const LIMIT_MS = 15_000;
/** What the backend has written is read by the balancer before it closes or resets. */
const REST_MS = 15;

const CASE = '/case/';
const NEXT = '/next/';
const PRIME = '/prime/';

interface Script {
  readonly one: ResponseCase;
  readonly pieces: readonly string[];
  /** Connections that the case's bytes were written on. */
  readonly connections: Set<BackendConnection>;
  isWritten: boolean;
}

function trace(label: string, bytes: string): void {
  if (isTracing) console.error(`${label}: ${escapeBytes(bytes, 4_000)}`);
}

async function perform(script: Script, connection: BackendConnection): Promise<void> {
  const { one, pieces } = script;
  script.connections.add(connection);
  await writePieces(connection.socket, pieces);
  if (one.reset === true) {
    await delay(REST_MS);
    connection.socket.resetAndDestroy();
  } else if (one.close) {
    connection.socket.end();
  }
  script.isWritten = true;
}

class ResponseLane implements Lane<ResponseCase> {
  script: Script | null = null;
  readonly #port: number;
  readonly #backend: RecordingBackend;
  #runs = 0;

  constructor(port: number, backend: RecordingBackend) {
    this.#port = port;
    this.#backend = backend;
  }

  async run(one: ResponseCase, segmentation: SegmentationName): Promise<Verdict> {
    const run = this.#runs++;
    const cleanup = new CleanupList();
    const pieces = SEGMENTATIONS[segmentation](one.raw, one.id);
    const script: Script = { one, pieces, connections: new Set(), isWritten: false };
    this.script = script;
    const firstArrival = this.#backend.arrivals.length;
    trace(`\n${one.id} [${segmentation}] backend writes`, pieces.join('|'));
    try {
      if (one.early === true) await this.#primeAndWriteEarly(cleanup, script, run);
      const client = await connectRaw(cleanup, this.#port);
      const version = one.client_version ?? '1.1';
      await client.send(
        requestBytes(one.method, `${CASE}${run}`, one.request_headers, one.request_body ?? null, version),
      );
      const answered = await this.#answer(one, client, script);
      const next = await this.#next(cleanup, client, answered.response, run, script);
      trace('client got', client.received);
      const arrivals = this.#backend.arrivals.slice(firstArrival);
      const nextOne = arrivals.find(({ target }) => target === `${NEXT}${run}`);
      return judgeResponse(one, {
        ...answered,
        ...next,
        attempts: arrivals.filter(({ target }) => target === `${CASE}${run}`).length,
        malformed: arrivals.flatMap(({ connection }) => connection.malformed ?? []),
        isReused: nextOne !== undefined && script.connections.has(nextOne.connection),
      });
    } finally {
      await cleanup.run();
    }
  }

  /** Makes one backend connection idle and writes the case's bytes on it, unasked. */
  async #primeAndWriteEarly(cleanup: CleanupList, script: Script, run: number): Promise<void> {
    const client = await connectRaw(cleanup, this.#port);
    const target = `${PRIME}${run}`;
    await client.request(requestBytes('GET', target), { limitMs: LIMIT_MS });
    const connection = this.#backend.arrivals.find((request) => request.target === target)?.connection;
    if (connection === undefined) throw new Error('the first request did not reach the backend');
    await delay(REST_MS);
    await perform(script, connection);
    await eventually('the idle connection to be dropped', () => connection.isClosed, LIMIT_MS);
  }

  async #answer(
    one: ResponseCase,
    client: RawClient,
    script: Script,
  ): Promise<{ response: ClientResponse | null; tunnelBytes: string; clientError: string | null }> {
    try {
      const response = await client.response({ method: one.method, limitMs: LIMIT_MS });
      await eventually('the backend to have written', () => script.isWritten, LIMIT_MS);
      if (response.status === 101)
        await eventually('tunnel', () => client.unread.length >= (one.body?.length ?? 0), 1_000);
      const tunnelBytes = response.status === 101 ? client.unread : '';
      return { response, tunnelBytes, clientError: null };
    } catch (error) {
      if (error instanceof MalformedMessage) return { response: null, tunnelBytes: '', clientError: error.message };
      if (client.side === 'open') throw error;
      return { response: null, tunnelBytes: '', clientError: null };
    }
  }

  /** The next request, on the same client connection if that is still open, and its own answer. */
  async #next(
    cleanup: CleanupList,
    client: RawClient,
    response: ClientResponse | null,
    run: number,
    script: Script,
  ): Promise<{ nextProblem: string | null; clientBytes: string }> {
    if (script.one.reuse === false) {
      // Nothing can tell what the balancer has read of surplus bytes, but it must drop the connection.
      const isDropped = (): boolean => [...script.connections].every(({ isClosed }) => isClosed);
      await eventually('the connection to be dropped', isDropped, 1_000).catch(() => {});
    }
    const target = `${NEXT}${run}`;
    const isTunnel = response?.status === 101;
    if (isTunnel) client.destroy();
    const isOpen = client.side === 'open' && !isTunnel && response?.field('connection') !== 'close';
    const other = isOpen ? client : await connectRaw(cleanup, this.#port);
    let nextProblem: string | null = null;
    try {
      const next = await other.request(requestBytes('GET', target), { limitMs: LIMIT_MS });
      if (next.body !== `ok ${target}`) nextProblem = `got ${next.status} "${escapeBytes(next.body, 200)}"`;
    } catch (error) {
      nextProblem = error instanceof Error ? error.message : String(error);
    }
    return { nextProblem, clientBytes: other === client ? client.received : `${client.received}\n${other.received}` };
  }
}

/** Starts one worker with a backend that plays the lane's script. */
export async function startResponseLane(cleanup: CleanupList): Promise<Lane<ResponseCase>> {
  let lane: ResponseLane | null = null;
  const respond = async (request: RecordedRequest, connection: BackendConnection): Promise<void> => {
    const script = lane?.script ?? null;
    if (!request.target.startsWith(CASE) || script === null || script.one.early === true) answerOk(request, connection);
    else await perform(script, connection);
  };
  const backend = await startRecordingBackend(cleanup, { respond });
  const plane = await startDataPlane(cleanup, {
    pools: [
      {
        backends: [{ name: 'scripted', port: backend.port }],
        timeouts: { responseHeadMs: BACKEND_LIMIT_MS, bodyIdleMs: BACKEND_LIMIT_MS },
      },
    ],
  });
  lane = new ResponseLane(plane.port, backend);
  return lane;
}
