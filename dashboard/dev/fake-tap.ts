/**
 * Requests that nobody sent, as two workers would tell them to a tap: every kind of story that there
 * is, in turn, a few a second. Without randomness of its own, as all of the fake balancer.
 */
import type { Journal } from '../../src/control-plane/journal.ts';
import { Taps } from '../../src/control-plane/taps.ts';
import { isLetThrough } from '../../src/data-plane/tap-filter.ts';
import type { FailureCode } from '../../src/protocol/failures.ts';
import type { TappedAttempt, TappedCandidate } from '../../src/protocol/tap.ts';
import type { TappedStory, WorkerTap } from '../../src/protocol/worker.ts';
import { noise } from './fake-figures.ts';
import type { FakePool } from './fake-pools.ts';

/** Of so many requests one is shown. */
const SHOWN_OF = 12;
const TARGETS = [
  '/',
  '/cart?id=7',
  '/api/v1/orders/18842?expand=items,customer&page=2',
  '/img/hero@2x.webp',
  '/search?q=blue+shoes&token=•••',
];
const METHODS = ['GET', 'GET', 'GET', 'POST', 'HEAD', 'DELETE'];

export class FakeTap {
  /** The real ones: only what workers would tell is made up. */
  readonly taps: Taps;
  readonly #pools: () => readonly FakePool[];
  #open: readonly WorkerTap[] = [];
  #number = 0;

  constructor(pools: () => readonly FakePool[], journal: Journal) {
    this.#pools = pools;
    this.taps = new Taps({
      workers: 2,
      journal,
      tell: (open) => {
        this.#open = open;
      },
      whyOut: (pool, name) => {
        const backend = pools()
          .find((one) => one.name === pool)
          ?.backends.find((one) => one.name === name);
        return backend === undefined ? '' : `${backend.state}: ${backend.reason}`;
      },
    });
  }

  /** A second is over. */
  advance(nowMs: number): void {
    const pools = this.#pools();
    if (this.#open.length === 0 || pools.length === 0) return;
    const count = 1 + Math.floor(4 * noise(Math.floor(nowMs / 1000)));
    for (let index = 0; index < count; index += 1) {
      const request = this.#make(pools, nowMs - 900 + index * 150);
      const hasTried = (backend: string): boolean => request.attempts.some((attempt) => attempt.backend === backend);
      const taps = this.#open
        .filter(({ filter }) => isLetThrough(filter, { ...request, hasTried }))
        .map(({ id }) => id);
      if (taps.length === 0) continue;
      this.taps.take(this.#number % 2, {
        counts: taps.map((tap) => ({ tap, matched: SHOWN_OF })),
        requests: [{ taps, request }],
      });
    }
  }

  #make(pools: readonly FakePool[], endMs: number): TappedStory {
    const number = ++this.#number;
    const chance = noise(number * 7);
    const pool = pools[number % pools.length];
    const names = (pool?.backends ?? []).filter(isUp).map(({ name }) => name);
    const name = (index: number): string => names[(number + index) % Math.max(1, names.length)] ?? 'b1';
    const kind = KINDS[number % KINDS.length] ?? plain;
    const { attempts, ...rest } = kind(name, chance);
    const durationMs = Math.max(0.11, ...attempts.map((attempt) => attempt.endMs + 0.08));
    return {
      atMs: endMs - durationMs,
      client: `10.1.${number % 7}.${number % 200}`,
      method: METHODS[number % METHODS.length] ?? 'GET',
      host: pool?.name === 'api' ? 'api.shop.example' : 'www.shop.example',
      target: TARGETS[number % TARGETS.length] ?? '/',
      version: '1.1',
      fields: [
        ['Host', 'www.shop.example'],
        ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0'],
        ['Accept', '*/*'],
        ['Cookie', '•••'],
        ['Authorization', '•••'],
        ['X-Request-Id', `7f3a-${number}`],
      ],
      route: 1 + (number % 3),
      pool: pool?.name ?? null,
      policy: pool?.policy ?? null,
      candidates: (pool?.backends ?? []).map(
        (backend): TappedCandidate => ({
          backend: backend.name,
          role: isUp(backend) ? 'candidate' : 'out',
          reason: '',
        }),
      ),
      waitedFromMs: null,
      waitedMs: 0,
      attempts,
      status: attempts.at(-1)?.status ?? 0,
      code: null,
      bytesIn: number % METHODS.length === 3 ? 2140 : 0,
      bytesOut: Math.round(400 + 90_000 * chance ** 6),
      durationMs,
      headMs: null,
      ...rest,
    };
  }
}

const isUp = ({ state }: { readonly state: string }): boolean => state === 'up' || state === 'unknown';

type Kind = (name: (index: number) => string, chance: number) => Pick<TappedStory, 'attempts'> & Partial<TappedStory>;

function answered(
  backend: string,
  startMs: number,
  tookMs: number,
  fields: Partial<TappedAttempt> = {},
): TappedAttempt {
  const isReused = tookMs < 30;
  const connectedMs = startMs + (isReused ? 0 : 0.6);
  return {
    backend,
    isReused,
    startMs,
    connectedMs,
    answerMs: startMs + tookMs * 0.85,
    endMs: startMs + tookMs,
    status: 200,
    code: null,
    detail: '',
    ...fields,
  };
}

function failed(backend: string, code: FailureCode, detail: string, startMs: number, endMs: number): TappedAttempt {
  const isConnected = !code.includes('CONNECT');
  return {
    backend,
    isReused: false,
    startMs,
    connectedMs: isConnected ? startMs + 0.4 : null,
    answerMs: null,
    endMs,
    status: 0,
    code,
    detail,
  };
}

const plain: Kind = (name, chance) => ({ attempts: [answered(name(0), 0.09, 2 + 60 * chance ** 2)] });

const KINDS: readonly Kind[] = [
  plain,
  plain,
  (name) => ({
    attempts: [failed(name(0), 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED', 0.1, 0.7), answered(name(1), 0.75, 37.2)],
  }),
  plain,
  (name, chance) => ({ attempts: [answered(name(0), 0.1, 3 + chance, { status: 404 })] }),
  (name, chance) => ({
    waitedFromMs: 0.12,
    waitedMs: 120 * chance,
    attempts: [answered(name(0), 0.12 + 120 * chance, 14)],
  }),
  plain,
  () => ({ attempts: [], route: null, pool: null, policy: null, candidates: [], status: 404, code: 'ROUTE_NOT_FOUND' }),
  (name) => ({
    attempts: [
      failed(name(0), 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED', 0.1, 0.9),
      failed(name(1), 'UPSTREAM_RESET', 'ECONNRESET', 1, 12.4),
      failed(name(2), 'UPSTREAM_HEAD_TIMEOUT', '', 12.5, 3012.5),
    ],
    status: 504,
    code: 'UPSTREAM_HEAD_TIMEOUT',
  }),
  (name) => ({ attempts: [answered(name(0), 0.1, 8, { status: 304 })], headMs: 212 }),
  plain,
  (name) => ({
    attempts: [answered(name(0), 0.1, 2400, { code: 'UPSTREAM_BODY_CLOSED', answerMs: 40 })],
    code: 'UPSTREAM_BODY_CLOSED',
  }),
  plain,
];
