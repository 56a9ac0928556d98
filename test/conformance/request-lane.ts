/** Runs request cases against one worker and one recording backend, one after the other. */
import { CleanupList } from '../harness/cleanup.ts';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { type ClientResponse, connectRaw, type RawClient, requestBytes } from '../harness/raw-client.ts';
import { escapeBytes, MalformedMessage } from '../harness/read-message.ts';
import {
  answerOk,
  type BackendConnection,
  type RecordingBackend,
  startRecordingBackend,
} from '../harness/recording-backend.ts';
import { SEGMENTATIONS, type SegmentationName } from '../harness/segmentations.ts';
import { isTracing, type RequestCase } from './cases.ts';
import type { Lane, Verdict } from './report.ts';
import { judgeRequest, type RequestObservation } from './request-judge.ts';

/** How long a missing answer or end is waited for: only a failing case takes that long. */
const LIMIT_MS = 10_000;

const FOLLOW_UP = '/follow-up/';
const FENCE = '/fence/';

interface Exchanged {
  readonly responses: ClientResponse[];
  readonly clientError: string | null;
  readonly followUpProblem: string | null;
}

function trace(label: string, bytes: string): void {
  if (isTracing) console.error(`${label}: ${escapeBytes(bytes, 4_000)}`);
}

class RequestLane implements Lane<RequestCase> {
  readonly #port: number;
  readonly #backend: RecordingBackend;
  #runs = 0;

  constructor(port: number, backend: RecordingBackend) {
    this.#port = port;
    this.#backend = backend;
  }

  async run(one: RequestCase, segmentation: SegmentationName): Promise<Verdict> {
    const run = this.#runs++;
    const cleanup = new CleanupList();
    const marks = new Map(this.#backend.connections.map((connection) => [connection, connection.received.length]));
    const firstRequest = this.#backend.arrivals.length;
    try {
      const client = await connectRaw(cleanup, this.#port);
      const pieces = SEGMENTATIONS[segmentation](one.raw, one.id);
      trace(`\n${one.id} [${segmentation}] client sends`, pieces.join('|'));
      await client.send(...pieces);
      if (one.eof === true) client.halfClose();
      const exchanged = await this.#exchange(one, client, run, firstRequest);
      const side = client.side;
      const fenceProblem = await this.#fence(cleanup, run);
      trace('client got', client.received);
      const observation = await this.#observe({ ...exchanged, side, fenceProblem }, marks, firstRequest);
      trace('backend got', observation.upstreamBytes);
      return judgeRequest(one, observation);
    } finally {
      await cleanup.run();
    }
  }

  /** Requests of this run in the order of their arrival, without those of the runner itself. */
  #requestsSince(first: number): RecordingBackend['arrivals'] {
    return this.#backend.arrivals
      .slice(first)
      .filter(({ target }) => !target.startsWith(FOLLOW_UP) && !target.startsWith(FENCE));
  }

  async #exchange(one: RequestCase, client: RawClient, run: number, firstRequest: number): Promise<Exchanged> {
    const responses: ClientResponse[] = [];
    const followUp = `${FOLLOW_UP}${run}`;
    let followUpProblem: string | null = null;
    const next = async (): Promise<ClientResponse | null> => {
      const method = (): string => this.#requestsSince(firstRequest)[responses.length]?.method ?? 'GET';
      try {
        return await client.response({ method, limitMs: LIMIT_MS });
      } catch (error) {
        if (error instanceof MalformedMessage) throw error;
        return null;
      }
    };
    try {
      const mayStayOpen = one.expect !== 'reject' && one.close !== true && one.eof !== true;
      const first = await next();
      if (first !== null) responses.push(first);
      const isFollowed = mayStayOpen && first !== null && first.status < 400 && first.field('connection') !== 'close';
      if (isFollowed) {
        await client.send(requestBytes('GET', followUp));
        followUpProblem = 'got no answer';
      }
      while (responses.length > 0 && client.side === 'open') {
        const response = await next();
        if (response === null) break;
        if (isFollowed && response.body === `ok ${followUp}`) {
          followUpProblem = null;
          break;
        }
        responses.push(response);
        if (response.field('connection') === 'close') followUpProblem = null;
      }
      if (client.unread !== '') this.#drain(client, responses, firstRequest);
      return { responses, clientError: null, followUpProblem };
    } catch (error) {
      return { responses, clientError: error instanceof Error ? error.message : String(error), followUpProblem };
    }
  }

  /** Takes answers that arrived together with the end of the connection. */
  #drain(client: RawClient, responses: ClientResponse[], firstRequest: number): void {
    for (;;) {
      const method = this.#requestsSince(firstRequest)[responses.length]?.method ?? 'GET';
      const response = client.take(method);
      if (response === null) return;
      responses.push(response);
    }
  }

  /** A request on a connection of its own: when its answer is here, the backend has what came before. */
  async #fence(cleanup: CleanupList, run: number): Promise<string | null> {
    try {
      const client = await connectRaw(cleanup, this.#port);
      const target = `${FENCE}${run}`;
      const response = await client.request(requestBytes('GET', target), { limitMs: LIMIT_MS });
      return response.body === `ok ${target}` ? null : `got ${response.status} "${escapeBytes(response.body)}"`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #observe(
    exchanged: Exchanged & Pick<RequestObservation, 'side' | 'fenceProblem'>,
    marks: ReadonlyMap<BackendConnection, number>,
    firstRequest: number,
  ): Promise<RequestObservation> {
    const touched = this.#backend.connections.filter(
      (connection) => connection.received.length > (marks.get(connection) ?? 0) || !marks.has(connection),
    );
    const partial = touched.filter(({ pendingBytes }) => pendingBytes > 0);
    const isOpen = (): boolean => partial.some(({ isClosed }) => !isClosed);
    await eventually('cut', () => !isOpen(), 1_000).catch(() => {});
    return {
      ...exchanged,
      requests: this.#requestsSince(firstRequest),
      upstreamBytes: touched.map((connection) => connection.received.slice(marks.get(connection) ?? 0)).join('\n'),
      partialBytes: partial.map(({ received, pendingBytes }) => received.slice(-pendingBytes)).join(''),
      isPartialOpen: isOpen(),
      malformed: touched.flatMap(({ malformed }) => malformed ?? []),
    };
  }
}

/** Starts one worker with a backend of its own. */
export async function startRequestLane(cleanup: CleanupList): Promise<Lane<RequestCase>> {
  const backend = await startRecordingBackend(cleanup, {
    async respond(request, connection) {
      // The first of several pipelined ones is the slowest: the order must hold all the same.
      if (request.target === '/1') await new Promise((resolve) => setTimeout(resolve, 10));
      answerOk(request, connection);
    },
  });
  const plane = await startDataPlane(cleanup, { pools: [{ backends: [{ name: 'recorder', port: backend.port }] }] });
  return new RequestLane(plane.port, backend);
}
