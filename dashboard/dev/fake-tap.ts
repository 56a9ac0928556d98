/**
 * Requests that nobody sent, as the tap tells them: every kind of story that there is, in turn, a few
 * a second. Without randomness of its own, as all of the fake balancer.
 */
import type { FailureCode } from '../../src/protocol/failures.ts';
import type { Topic } from '../../src/protocol/live.ts';
import {
  TAP_MINUTES,
  TAP_ROWS,
  type TapFields,
  type TappedAttempt,
  type TappedCandidate,
  type TappedRequest,
} from '../../src/protocol/tap.ts';
import { noise } from './fake-figures.ts';
import type { FakePool } from './fake-pools.ts';

const TARGETS = [
  '/',
  '/cart?id=7',
  '/api/v1/orders/18842?expand=items,customer&page=2',
  '/img/hero@2x.webp',
  '/search?q=blue+shoes&token=•••',
];
const METHODS = ['GET', 'GET', 'GET', 'POST', 'HEAD', 'DELETE'];

interface View {
  readonly endsAtMs: number;
  readonly options: URLSearchParams;
  matched: number;
  rows: readonly TappedRequest[];
}

export class FakeTap {
  readonly #views = new Map<string, View>();
  #number = 0;
  /** Moves the end of taps that begin from now on. */
  lengthMs = TAP_MINUTES * 60_000;

  /** A tap by its topic, begun when it is first asked for. */
  topic(options: URLSearchParams, nowMs: number): Topic<TapFields, TappedRequest> {
    const key = options.toString();
    const view = this.#views.get(key) ?? { endsAtMs: nowMs + this.lengthMs, options, matched: 0, rows: [] };
    this.#views.set(key, view);
    const { endsAtMs, matched, rows } = view;
    return { fields: { isOn: nowMs < endsAtMs, endsAtMs, matched, shown: Math.ceil(matched / 12) }, rows };
  }

  /** Nobody looks at it any more: whoever asks again begins anew. */
  forget(): void {
    this.#views.clear();
  }

  advance(pools: readonly FakePool[], nowMs: number): void {
    if (this.#views.size === 0 || pools.length === 0) return;
    const count = 1 + Math.floor(4 * noise(Math.floor(nowMs / 1000)));
    const fresh = Array.from({ length: count }, (_, index) => this.#make(pools, nowMs - 900 + index * 150));
    for (const view of this.#views.values()) {
      if (nowMs >= view.endsAtMs) continue;
      const shown = fresh.filter((request) => isLetThrough(view.options, request));
      view.matched += shown.length * 12;
      view.rows = [...view.rows, ...shown].slice(-TAP_ROWS);
    }
  }

  #make(pools: readonly FakePool[], endMs: number): TappedRequest {
    const number = ++this.#number;
    const chance = noise(number * 7);
    const pool = pools[number % pools.length];
    const names = (pool?.backends ?? []).filter(isUp).map(({ name }) => name);
    const name = (index: number): string => names[(number + index) % Math.max(1, names.length)] ?? 'b1';
    const kind = KINDS[number % KINDS.length] ?? plain;
    const { attempts, ...rest } = kind(name, chance);
    const durationMs = Math.max(0.11, ...attempts.map((attempt) => attempt.endMs + 0.08));
    return {
      name: `${number % 2}-${number}`,
      atMs: endMs - durationMs,
      worker: number % 2,
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
      candidates: (pool?.backends ?? []).map(({ name, state, reason }): TappedCandidate => {
        const isIn = isUp({ state });
        return { backend: name, role: isIn ? 'candidate' : 'out', reason: isIn ? '' : `${state}: ${reason}` };
      }),
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

type Kind = (
  name: (index: number) => string,
  chance: number,
) => Pick<TappedRequest, 'attempts'> & Partial<TappedRequest>;

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

function isLetThrough(options: URLSearchParams, request: TappedRequest): boolean {
  const is = (name: string, isSo: (value: string) => boolean): boolean => {
    const value = options.get(name);
    return value === null || isSo(value);
  };
  return (
    is('pool', (pool) => request.pool === pool) &&
    is('route', (route) => request.route === Number(route)) &&
    is('backend', (backend) => request.attempts.some((attempt) => attempt.backend === backend)) &&
    is('minMs', (minMs) => request.durationMs >= Number(minMs)) &&
    is('client', (client) => request.client === client) &&
    is('status', (status) =>
      status === 'failed'
        ? request.code !== null
        : status.endsWith('xx')
          ? Math.floor(request.status / 100) === Number(status[0])
          : request.status === Number(status),
    ) &&
    is('q', (q) => [request.method, request.host, request.target].some((text) => text.toLowerCase().includes(q)))
  );
}
