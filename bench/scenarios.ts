/** What is measured: one entry a scenario. `run.ts` runs them in this order; the report lists them so. */
/** How Ballast is set up where it is compared with itself. */
export interface Variant {
  /** Under which it stands in the report. */
  readonly name: string;
  readonly workers?: number;
  readonly backendCount?: number;
  readonly routeCount?: number;
}

export interface Scenario {
  readonly name: string;
  /** For the report: what it is and what it tells. */
  readonly summary: string;
  /** What the ratio shall not exceed; null where nothing was promised. */
  readonly goal: number | null;
  /** The same against peers that were tuned for it. */
  readonly tunedGoal: number | null;
  /** What is compared: processor time a request, or the 99th percentile of the latencies. */
  readonly measure: 'cpu' | 'p99';
  /**
   * `closed`: each connection has one request under way. `paced`: requests by the clock, at half of
   * what HAProxy can do. `messages`: 64 bytes through a WebSocket, there and back.
   */
  readonly load: 'closed' | 'paced' | 'messages';
  readonly method: 'GET' | 'POST';
  /** Path on the backends: see `backends.ts`. */
  readonly path: string;
  /** Host that the clients ask for. */
  readonly host: string;
  /** Bytes of each answer. */
  readonly answerBytes: number;
  /** Bytes of each request's body. */
  readonly requestBytes: number;
  readonly isChunked: boolean;
  /** Client connections. */
  readonly connections: number;
  /** Whether each request comes on a connection of its own. */
  readonly closesConnections: boolean;
  readonly policy: 'round-robin' | 'weighted-round-robin' | 'least-connections';
  /** Ballast against itself: the first is the bar. Null where the peers are. */
  readonly variants: readonly Variant[] | null;
  /** Whether the proxy has a core for itself. If not, it and the load share both. */
  readonly isPinned: boolean;
}

const KIB = 1024;

/** The route in the middle of the many: see `peers.ts`. */
export const MANY_ROUTES = 10_000;
const hostOfRoute = (number: number): string => `h${number}.example`;
export const routeHosts = (count: number): string[] =>
  Array.from({ length: count - 1 }, (_, number) => hostOfRoute(number));

const BASE = {
  goal: null,
  tunedGoal: null,
  measure: 'cpu',
  load: 'closed',
  method: 'GET',
  path: '/64b',
  host: '127.0.0.1',
  answerBytes: 64,
  requestBytes: 0,
  isChunked: false,
  connections: 64,
  closesConnections: false,
  policy: 'round-robin',
  variants: null,
  isPinned: true,
} as const;

const POST = { ...BASE, method: 'POST', path: '/post', answerBytes: 5, requestBytes: 16 * KIB } as const;

export const SCENARIOS: readonly Scenario[] = [
  { ...BASE, name: 'small', goal: 1, summary: '64-byte answers, 64 kept-alive connections: the cost of a request.' },
  {
    ...BASE,
    name: 'connections',
    goal: 0.95,
    summary: '64-byte answers, 1,000 kept-alive connections: the cost of having many.',
    connections: 1000,
  },
  {
    ...BASE,
    name: 'least-connections',
    goal: 1.02,
    summary: '64-byte answers, 64 kept-alive connections, each to the backend with the least to do.',
    policy: 'least-connections',
  },
  {
    ...BASE,
    name: 'weighted',
    goal: 1.02,
    summary: '64-byte answers, 64 kept-alive connections, to backends of weight 3, 2 and 1 in turn.',
    policy: 'weighted-round-robin',
  },
  {
    ...BASE,
    name: '64k',
    goal: 0.85,
    tunedGoal: 1,
    summary: '64 KiB answers, 64 kept-alive connections: a page, an image.',
    path: '/64k',
    answerBytes: 64 * KIB,
  },
  {
    ...BASE,
    name: '1m',
    goal: 0.45,
    tunedGoal: 1,
    summary: '1 MiB answers, 16 kept-alive connections: the cost of a byte.',
    path: '/1m',
    answerBytes: KIB * KIB,
    connections: 16,
  },
  {
    ...BASE,
    name: 'new-connection',
    goal: 1.1,
    summary: '64-byte answers, a new client connection for each request, 64 at a time.',
    closesConnections: true,
  },
  {
    ...POST,
    name: 'post',
    goal: 1.1,
    summary: '16 KiB request bodies, 5-byte answers, 64 kept-alive connections: an upload, an API call.',
  },
  {
    ...POST,
    name: 'post-chunked',
    path: '/post-chunked',
    goal: 1.1,
    summary: 'The same in chunks of 4 KiB: an upload whose length nobody knew.',
    isChunked: true,
  },
  {
    ...BASE,
    name: 'websocket',
    goal: 1.1,
    summary: '64-byte messages through 64 WebSockets, there and back: the cost of a message.',
    load: 'messages',
    path: '/echo',
  },
  {
    ...BASE,
    name: 'latency',
    goal: 1.2,
    summary:
      '64-byte answers at half the rate that HAProxy can do, by the clock: the time that one in a hundred takes.',
    measure: 'p99',
    load: 'paced',
  },
  {
    ...BASE,
    name: 'two-workers',
    goal: 1.05,
    summary:
      'What two workers cost a request, beside one worker: both share both cores with the load, so that what the load takes from them is the same.',
    isPinned: false,
    variants: [
      { name: 'one worker', workers: 1 },
      { name: 'two workers', workers: 2 },
    ],
  },
  {
    ...BASE,
    name: 'backends',
    goal: 1.1,
    summary: 'What 1,000 backends cost a request, beside 3.',
    variants: [
      { name: '3 backends', backendCount: 3 },
      { name: '1,000 backends', backendCount: 999 },
    ],
  },
  {
    ...BASE,
    name: 'routes',
    goal: 1.1,
    summary: 'What 10,000 routes cost a request, beside 1.',
    host: hostOfRoute(MANY_ROUTES / 2),
    variants: [
      { name: '1 route', routeCount: 1 },
      { name: '10,000 routes', routeCount: MANY_ROUTES },
    ],
  },
];
