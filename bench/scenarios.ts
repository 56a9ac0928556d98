/** What is measured: one entry a scenario. `run.ts` runs them in this order; the report lists them so. */

export interface Scenario {
  readonly name: string;
  /** For the report: what it is and what it tells. */
  readonly summary: string;
  readonly method: 'GET' | 'POST';
  /** Path on the backends: see `backends.ts`. */
  readonly path: string;
  /** Bytes of each answer. */
  readonly answerBytes: number;
  /** Bytes of each request's body. */
  readonly requestBytes: number;
  /** Client connections, each with one request under way. */
  readonly connections: number;
  /** Whether each request comes on a connection of its own. */
  readonly closesConnections: boolean;
}

const KIB = 1024;

const BASE = {
  method: 'GET',
  path: '/64b',
  answerBytes: 64,
  requestBytes: 0,
  connections: 64,
  closesConnections: false,
} as const;

export const SCENARIOS: readonly Scenario[] = [
  { ...BASE, name: 'small', summary: '64-byte answers, 64 kept-alive connections: the cost of a request.' },
  {
    ...BASE,
    name: 'connections',
    summary: '64-byte answers, 1,000 kept-alive connections: the cost of having many.',
    connections: 1000,
  },
  {
    ...BASE,
    name: '64k',
    summary: '64 KiB answers, 64 kept-alive connections: a page, an image.',
    path: '/64k',
    answerBytes: 64 * KIB,
  },
  {
    ...BASE,
    name: '1m',
    summary: '1 MiB answers, 16 kept-alive connections: the cost of a byte.',
    path: '/1m',
    answerBytes: KIB * KIB,
    connections: 16,
  },
  {
    ...BASE,
    name: 'new-connection',
    summary: '64-byte answers, a new client connection for each request, 64 at a time.',
    closesConnections: true,
  },
  {
    ...BASE,
    name: 'post',
    summary: '16 KiB request bodies, 5-byte answers, 64 kept-alive connections: an upload, an API call.',
    method: 'POST',
    path: '/post',
    answerBytes: 5,
    requestBytes: 16 * KIB,
  },
];
