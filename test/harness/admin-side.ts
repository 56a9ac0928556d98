/**
 * The admin server with everything that it reads, and no worker: roster, sampler and journal are
 * real, shared memory is written by the test, and time is a number that the test moves.
 */
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { POLICIES } from '../../src/balancing/policies.ts';
import type { Config } from '../../src/config/schema.ts';
import type { AdminDeps } from '../../src/control-plane/admin/deps.ts';
import { startAdmin } from '../../src/control-plane/admin/server.ts';
import { Journal } from '../../src/control-plane/journal.ts';
import { ProcessFacts } from '../../src/control-plane/metrics/process-facts.ts';
import { RouteCounts } from '../../src/control-plane/metrics/route-counts.ts';
import { Sampler } from '../../src/control-plane/metrics/sampler.ts';
import { ConfigEditor } from '../../src/control-plane/reload/config-editor.ts';
import { ConfigRevisions } from '../../src/control-plane/reload/config-revisions.ts';
import { PromisedShares } from '../../src/control-plane/roster/pool-shares.ts';
import { Roster } from '../../src/control-plane/roster/roster.ts';
import { Taps } from '../../src/control-plane/taps.ts';
import type { WorkerStatus } from '../../src/protocol/admin-api.ts';
import { LIVE_VERSION, type ServerMessage, type SnapshotMessage } from '../../src/protocol/live.ts';
import type { WorkerTap } from '../../src/protocol/worker.ts';
import { type Capacity, State } from '../../src/state/layout.ts';
import type { Cleanup } from './cleanup.ts';
import { within } from './eventually.ts';
import { FakeClock } from './fake-clock.ts';
import { makeConfig } from './make-config.ts';

export const TOKEN = 'correct-horse-battery-staple-0123456789';

export interface AdminAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
}

export interface Ask {
  readonly method?: string;
  /** Null leaves Host out; the default is the address asked. */
  readonly host?: string | null;
  readonly headers?: OutgoingHttpHeaders;
  /** An object is sent as JSON, with its content type. */
  readonly body?: string | Readonly<Record<string, unknown>> | readonly unknown[];
}

export type AdminSide = Awaited<ReturnType<typeof startAdminSide>>;

export interface AdminSideOptions {
  readonly pools?: Config['pools'] | Readonly<Record<string, unknown>>;
  readonly admin?: Readonly<Record<string, unknown>>;
  readonly capacity?: Partial<Capacity>;
  readonly deps?: Partial<AdminDeps> | ((parts: Pick<AdminDeps, 'roster' | 'journal'>) => Partial<AdminDeps>);
}

const WEB = {
  web: { backends: [8081, 8082].map((port, i) => ({ url: `http://127.0.0.1:${port}`, name: `b${i + 1}` })) },
};

const NO_RELOAD = { ok: false, reason: 'no-file', problems: ['there is no file'], diagnostics: [] } as const;

export async function startAdminSide(cleanup: Cleanup, options: AdminSideOptions = {}) {
  const config = makeConfig({
    pools: options.pools ?? WEB,
    routes: [{ pool: Object.keys(options.pools ?? WEB)[0] }],
    admin: { address: '127.0.0.1:0', ...options.admin },
  });
  const state = State.create({ workers: 2, pools: 4, backends: 16, routes: 8, ...options.capacity });
  const clock = new FakeClock();
  const journal = new Journal();
  const roster = new Roster({ state, config, journal, clock });
  const deps = typeof options.deps === 'function' ? options.deps({ roster, journal }) : (options.deps ?? {});
  const loadedConfig = deps.loadedConfig ?? (() => ({ path: null, hash: null, config }));
  const calls: string[] = [];
  const workers: WorkerStatus[] = [
    {
      worker: 0,
      state: 'running',
      startedAtMs: 0,
      restarts: 0,
      isCrashLoop: false,
      lastDeath: null,
      clientConnections: 0,
      restartAtMs: null,
      lastBeatMs: null,
      connectionLimit: null,
      upstreamConnections: 0,
      exchanges: 0,
      cpuShare: 0,
      loopBusy: 0,
      loopDelayMs: 0,
      loopDelayP99Ms: 0,
      heapBytes: 0,
      heapLimitBytes: 2 ** 30,
      gcShare: 0,
      sockets: 'handles',
    },
  ];
  const live = { isDraining: false };
  const shares = new PromisedShares(state, roster);
  /** What workers would follow now. */
  const tapped: { now: readonly WorkerTap[] } = { now: [] };
  const taps = new Taps({
    workers: 2,
    tell: (list) => {
      tapped.now = list;
    },
    whyOut: (pool, backend) => `down: ${pool}/${backend}`,
    journal,
    clock,
  });
  const sampler = new Sampler({
    state,
    roster,
    workers: () => workers,
    policies: POLICIES.map(({ name }) => name),
    version: '1.2.3',
    isDraining: () => live.isDraining,
    expectedShares: (poolId) => shares.of(poolId),
    clock,
  });
  const routes = new RouteCounts(state, roster);
  sampler.onSecond(() => routes.tick());
  sampler.start();
  const server = await startAdmin({
    config,
    roster,
    journal,
    sampler,
    routes,
    listeners: () => [],
    taps,
    process: new ProcessFacts({
      version: '1.2.3',
      configFile: null,
      stateFile: () => ({ path: null, problem: 'there is no state file' }),
      sharedBytes: state.buffer.byteLength,
      descriptors: { connectionsPerWorker: 1_000, adminConnections: 64 },
      shortages: () => [],
      handover: () => 'none',
      tookOverFrom: null,
      dnsServers: () => [],
      clock,
    }),
    supervisor: {
      workers: () => workers,
      applied: async () => void calls.push(`applied ${roster.revision}`),
    },
    check: async ({ name }) => {
      calls.push(`check ${name}`);
      const details = { connectMs: 0.5, firstByteMs: 0.4, body: null };
      return { atMs: clock.wallMs(), isPass: true, detail: 'status 200', durationMs: 1, ...details };
    },
    persist: async () => {
      calls.push('persist');
      return null;
    },
    reload: async () => {
      calls.push('reload');
      return { ok: true, revision: roster.revision, changes: [], needsRestart: [], overruled: [], warnings: [] };
    },
    previewReload: async () => ({
      ok: true,
      revision: roster.revision,
      changes: ['routes changed'],
      needsRestart: [],
      overruled: [],
      warnings: [],
    }),
    loadedConfig,
    configEditor: new ConfigEditor({
      path: null,
      reloader: {
        get inForce() {
          return loadedConfig();
        },
        preview: async () => NO_RELOAD,
        replace: async () => NO_RELOAD,
      },
      revisions: new ConfigRevisions(),
      roster,
      env: deps.env ?? {},
    }),
    log: pino({ level: 'silent' }),
    env: {},
    version: '1.2.3',
    isDraining: () => live.isDraining,
    monotonicMs: () => clock.monotonicMs(),
    ...deps,
  });
  const port = Number(new URL(server.baseUrl).port);
  const side = {
    server,
    port,
    state,
    clock,
    journal,
    roster,
    sampler,
    workers,
    live,
    taps,
    tapped,
    /** `persist` and `applied`, in the order in which they were awaited. */
    calls,
    ask: (path: string, ask?: Ask) => askAdmin(port, path, ask),
    open: (headers?: Record<string, string>) => LivePage.open(cleanup, port, headers),
    /** A page that has said what it looks at, and its first snapshot. */
    look: async (...topics: string[]) => {
      const page = await LivePage.open(cleanup, port);
      return { page, snapshot: await page.hello(...topics) };
    },
    /** Lets whole seconds pass: the sampler samples, and the channel sends. */
    pass: (seconds: number) => clock.advance(seconds * 1000),
  };
  cleanup.after(async () => {
    sampler.stop();
    await server.close(0);
  });
  return side;
}

/** One request by `node:http`, which lets every field be forged. */
export function askAdmin(port: number, path: string, ask: Ask = {}): Promise<AdminAnswer> {
  const { method = 'GET', host = `127.0.0.1:${port}`, body } = ask;
  const headers: OutgoingHttpHeaders = {
    ...(host === null ? {} : { host }),
    ...(body !== undefined && typeof body !== 'string' ? { 'content-type': 'application/json' } : {}),
    ...ask.headers,
  };
  const { promise, resolve, reject } = Promise.withResolvers<AdminAnswer>();
  const sent = request({ host: '127.0.0.1', port, path, method, headers, setHost: false, agent: false }, (answer) => {
    const pieces: Buffer[] = [];
    answer.on('data', (piece: Buffer) => pieces.push(piece));
    answer.on('error', reject);
    answer.on('end', () => {
      const bytes = Buffer.concat(pieces);
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: bytes.toString('utf8'), bytes });
    });
  });
  sent.on('error', reject);
  sent.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
  return within(`${method} ${path}`, 30_000, promise);
}

/** A page on the live channel: what it was told, in order. */
export class LivePage {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  /** Bytes of each message. */
  readonly sizes: number[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  #taken = 0;
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      const text = String(data);
      this.sizes.push(text.length);
      this.messages.push(JSON.parse(text) as ServerMessage);
      this.#wake();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
      this.#wake();
    });
  }

  /** Rejects with `status code` where the server refuses. */
  static open(cleanup: Cleanup, port: number, headers: Record<string, string> = {}): Promise<LivePage> {
    const { promise, resolve, reject } = Promise.withResolvers<LivePage>();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live`, { headers });
    const page = new LivePage(socket);
    socket.on('open', () => resolve(page));
    socket.on('error', reject);
    socket.on('unexpected-response', (_, answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('close', () => {
        const problem = JSON.parse(Buffer.concat(pieces).toString()) as { code: string };
        reject(new Error(`${answer.statusCode} ${problem.code} ${answer.headers.connection}`));
      });
    });
    cleanup.after(() => socket.terminate());
    return within('the live channel to open', 30_000, promise);
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Says what it looks at; answers the first snapshot. */
  hello(...topics: string[]): Promise<SnapshotMessage> {
    this.say({ op: 'hello', version: LIVE_VERSION, topics });
    return this.next('snapshot');
  }

  /** Looks at other things from now on; answers the snapshot of what is new. */
  follow(...topics: string[]): Promise<SnapshotMessage> {
    this.say({ op: 'topics', topics });
    return this.next('snapshot');
  }

  /** The next message of this type, skipping none: another type fails. */
  async next<Type extends ServerMessage['type']>(type: Type): Promise<Extract<ServerMessage, { type: Type }>> {
    await within(
      `a ${type}`,
      30_000,
      this.#until(() => this.messages.length > this.#taken || this.closed !== null),
    );
    const message = this.messages[this.#taken++];
    if (message?.type !== type) throw new Error(`${message?.type ?? 'the end'} instead of a ${type}`);
    return message as Extract<ServerMessage, { type: Type }>;
  }

  /** Resolves with the code of the close. */
  async end(): Promise<number> {
    await within(
      'the channel to close',
      30_000,
      this.#until(() => this.closed !== null),
    );
    return this.closed?.code ?? 0;
  }

  /** When this resolves, the server has read all that the page has sent. */
  settle(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.socket.once('pong', () => resolve());
    this.socket.ping();
    return within('a pong', 30_000, promise);
  }

  async #until(claim: () => boolean): Promise<void> {
    while (!claim()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}
