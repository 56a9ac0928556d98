/** The judge finds what it is there for: every rule is made to fail on purpose, by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackendStatus, PoolStatus, Status, WorkerStatus } from '../../src/protocol/admin-api.ts';
import { sumOfBody } from './bodies.ts';
import { type Figures, judgeBudget } from './counter-rules.ts';
import { type Evidence, judge } from './judge.ts';
import { newRecord } from './recording-client.ts';
import type { BackendRecord, ClientRecord, LogLine } from './records.ts';
import { drawPlan, plain } from './request-plans.ts';
import { REQUEST_RULES, type RequestRule, type Terms } from './request-rules.ts';

const TERMS: Terms = { attempts: 3, isMortal: false, isRosterWhole: true };
const BODY_BYTES = 100;
const ANSWER_BYTES = 50;

type Change<T> = Partial<{ -readonly [Key in keyof T]: T[Key] }>;

/** A request that went well, after one try that a backend never saw. */
function clientOf(change: Change<ClientRecord> = {}): ClientRecord {
  const plan = drawPlan(() => 0.5, 'r1', plain('POST', BODY_BYTES, ANSWER_BYTES));
  return {
    ...newRecord(plan, 0, false),
    end: 'answered',
    endedMs: 5,
    status: 200,
    servedBy: 'b',
    echoedId: 'r1',
    gotBytes: ANSWER_BYTES,
    gotSum: sumOfBody('r1', 'answer', ANSWER_BYTES),
    ...change,
  };
}

const lineOf = (change: Change<LogLine> = {}): LogLine => ({
  requestId: 'r1',
  method: 'POST',
  status: 200,
  code: '',
  bytesIn: BODY_BYTES,
  bytesOut: ANSWER_BYTES,
  durationMs: 5,
  pool: 'web',
  backend: 'b',
  attempts: 2,
  ...change,
});

const seenOf = (event: BackendRecord['event'], change: Change<BackendRecord> = {}): BackendRecord => ({
  backend: 'b',
  id: 'r1',
  method: 'POST',
  event,
  bytes: event === 'head' ? 0 : BODY_BYTES,
  sum: event === 'head' ? 0 : sumOfBody('r1', 'request', BODY_BYTES),
  ...change,
});

const SEEN = [seenOf('head'), seenOf('whole')];

function evidenceOf(change: Partial<Evidence> = {}): Evidence {
  return { clients: [clientOf()], lines: [lineOf()], seen: SEEN, before: null, after: null, ...change };
}

const faultsOf = (change: Partial<Evidence>, terms: Terms = TERMS): readonly string[] =>
  judge(evidenceOf(change), terms).faults;

const OWN = { status: 502, servedBy: '', echoedId: '', code: 'UPSTREAM_RESET', text: 'UPSTREAM_RESET: The' };

/** What breaks a rule, and no other. */
const BROKEN: Readonly<Record<RequestRule, readonly Partial<Evidence>[]>> = {
  ended: [
    { clients: [clientOf({ end: 'hung', status: 0, servedBy: '' })], lines: [lineOf({ status: 0 })] },
    { clients: [clientOf({ end: 'malformed', status: 0, error: 'chunk line' })] },
  ],
  answered: [
    { clients: [clientOf({ end: 'unanswered', status: 0 })], lines: [] },
    { clients: [clientOf({ end: 'refused', status: 0 })], lines: [], seen: [] },
  ],
  logged: [{ lines: [lineOf(), lineOf()] }, { lines: [] }],
  sameStory: [
    { lines: [lineOf({ status: 201 })] },
    { lines: [lineOf({ method: 'PUT' })] },
    { lines: [lineOf({ backend: 'c' })] },
    { clients: [clientOf(OWN)], lines: [lineOf({ status: 502, code: 'UPSTREAM_CLOSED' })] },
  ],
  signed: [
    { clients: [clientOf({ ...OWN, code: '' })], lines: [lineOf({ status: 502, backend: '' })] },
    {
      clients: [clientOf({ ...OWN, code: 'NO_SUCH_CODE', text: 'NO_SUCH_CODE: ' })],
      lines: [lineOf({ status: 502, code: 'NO_SUCH_CODE' })],
    },
    {
      clients: [clientOf({ ...OWN, status: 503 })],
      lines: [lineOf({ status: 503, code: 'UPSTREAM_RESET' })],
    },
    { clients: [clientOf({ ...OWN, text: 'sorry' })], lines: [lineOf({ status: 502, code: 'UPSTREAM_RESET' })] },
    { clients: [clientOf({ code: 'UPSTREAM_RESET' })], lines: [lineOf({ code: 'UPSTREAM_RESET' })] },
  ],
  wholeBody: [
    { clients: [clientOf({ gotBytes: ANSWER_BYTES - 1 })] },
    { clients: [clientOf({ gotSum: 1 })] },
    { clients: [clientOf({ echoedId: 'r2' })] },
  ],
  cutIsKnown: [{ clients: [clientOf({ end: 'cut', gotBytes: 3 })] }],
  once: [{ seen: [...SEEN, seenOf('head', { backend: 'c' }), seenOf('broken', { backend: 'c', bytes: 3 })] }],
  attempts: [
    { clients: [clientOf({ method: 'PUT' })], lines: [lineOf({ method: 'PUT', attempts: 5 })] },
    {
      clients: [clientOf({ method: 'PUT' })],
      lines: [lineOf({ method: 'PUT', attempts: 1 })],
      seen: [...SEEN, ...SEEN],
    },
  ],
  wholeRequest: [
    { seen: [seenOf('head'), seenOf('whole', { bytes: BODY_BYTES - 1 })] },
    { seen: [seenOf('head'), seenOf('whole', { sum: 1 })] },
  ],
  served: [{ seen: [] }],
};

test('a run in which all is well has no faults', () => {
  const judgement = judge(evidenceOf(), TERMS);
  assert.deepEqual(judgement.faults, []);
  assert.deepEqual(
    [judgement.requests, judgement.retried, judgement.savedByRetry, judgement.doubled, judgement.ends],
    [1, 1, 1, 0, { answered: 1 }],
  );
});

for (const rule of Object.keys(REQUEST_RULES) as RequestRule[]) {
  test(`what breaks the rule ${rule} is found by it alone`, () => {
    for (const [index, change] of BROKEN[rule].entries()) {
      const names = faultsOf(change).map((fault) => fault.slice(0, fault.indexOf(':')));
      assert.deepEqual(names, [rule], `case ${index}`);
    }
  });
}

test('an answer of the balancer itself is fine with its code, its status and its line', () => {
  const lines = [lineOf({ status: 502, code: 'UPSTREAM_RESET' })];
  assert.deepEqual(faultsOf({ clients: [clientOf(OWN)], lines }), []);
  assert.deepEqual(faultsOf({ clients: [clientOf({ ...OWN, end: 'cut', text: '' })], lines }), []);
});

test('what a client or a fault in front of the balancer has done is not held against it', () => {
  for (const change of [{ behaviour: 'leave-in-answer', end: 'left' }, { isBehindFaults: true }] as const) {
    assert.deepEqual(faultsOf({ clients: [clientOf({ end: 'unanswered', status: 0, ...change })], lines: [] }), []);
    // But a clean body that is too short is a lie, whoever was in the way.
    assert.equal(faultsOf({ clients: [clientOf({ ...change, end: 'answered', gotBytes: 3 })] }).length, 1);
  }
});

test('one who ends its side in a queue is taken for gone, and nowhere else', () => {
  const clients = [clientOf({ behaviour: 'half-close', end: 'unanswered', status: 0 })];
  const change = { clients, lines: [lineOf({ status: 0, code: 'CLIENT_CLOSED', attempts: 0 })], seen: [] };
  assert.deepEqual(faultsOf(change, { ...TERMS, hasQueue: true }), []);
  assert.equal(faultsOf(change).length, 1);
});

test('where something was killed on purpose, answers and lines may be lost and nothing doubled', () => {
  const mortal = { ...TERMS, isMortal: true };
  assert.deepEqual(faultsOf({ clients: [clientOf({ end: 'unanswered', status: 0 })], lines: [] }, mortal), []);
  assert.deepEqual(faultsOf({ lines: [] }, mortal), []);
  assert.equal(faultsOf({ seen: [...SEEN, ...SEEN] }, mortal).length, 1);
});

test('a stranger, and an id that was given twice, are found', () => {
  assert.match(faultsOf({ seen: [...SEEN, seenOf('head', { id: 'r9' })] }).join(), /^stranger: r9/);
  assert.match(faultsOf({ lines: [lineOf(), lineOf({ requestId: 'r9' })] }).join(), /^stranger: r9/);
  assert.match(faultsOf({ clients: [clientOf(), clientOf()] }).join(), /^setup: r1/);
});

const NO_STATUSES = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 };
const METRICS: readonly (readonly [string, number])[] = [
  ['ballast_requests_total{pool="web"}', 1],
  ['ballast_failed_requests_total{pool="web"}', 0],
  ['ballast_retries_total{pool="web"}', 1],
  ['ballast_request_bytes_total{pool="web"}', BODY_BYTES],
  ['ballast_response_bytes_total{pool="web"}', ANSWER_BYTES],
  ['ballast_responses_total{pool="web",class="2xx"}', 1],
  ['ballast_backend_requests_total{pool="web",backend="b"}', 2],
  ['ballast_backend_in_flight{pool="web",backend="b"}', 0],
];

interface FigureChange {
  readonly pool?: Change<PoolStatus>;
  readonly backend?: Change<BackendStatus>;
  readonly worker?: Change<WorkerStatus>;
  readonly failuresWithoutPool?: Record<string, number>;
  readonly metric?: readonly [string, number];
}

/** Figures after one request of two tries, as far as the judge reads them. */
function figuresOf({ pool, backend, worker, failuresWithoutPool = {}, metric }: FigureChange = {}): Figures {
  const backends = [{ name: 'b', requests: 2, inFlight: 0, connections: 1, idleConnections: 1, ...backend }];
  const counters = { requests: 1, failures: 0, retries: 1, bytesIn: BODY_BYTES, bytesOut: ANSWER_BYTES };
  const statuses = { ...NO_STATUSES, '2xx': 1 };
  const pools = [{ name: 'web', ...counters, statuses, failuresByCode: {}, queued: 0, backends, ...pool }];
  const workers = [{ worker: 0, exchanges: 0, clientConnections: 0, restarts: 0, ...worker }];
  const status = { pools, workers, failuresWithoutPool } as unknown as Status;
  return { status, metrics: new Map([...METRICS, ...(metric === undefined ? [] : [metric])]) };
}

const ZERO = figuresOf({
  pool: { requests: 0, retries: 0, bytesIn: 0, bytesOut: 0, statuses: NO_STATUSES },
  backend: { requests: 0 },
});
const BEFORE: Figures = { status: ZERO.status, metrics: new Map(METRICS.map(([key]) => [key, 0])) };

test('figures that tell what the log tells are fine', () => {
  assert.deepEqual(faultsOf({ before: BEFORE, after: figuresOf() }), []);
});

const WRONG_FIGURES: readonly (readonly [what: string, change: FigureChange])[] = [
  ['a request too many', { pool: { requests: 2 } }],
  ['a failure that the log has not', { pool: { failures: 1, failuresByCode: { UPSTREAM_RESET: 1 } } }],
  ['a retry too few', { pool: { retries: 0 } }],
  ['a byte too many', { pool: { bytesOut: ANSWER_BYTES + 1 } }],
  ['another class', { pool: { statuses: { ...NO_STATUSES, '5xx': 1 } } }],
  ['a failure without a pool', { failuresWithoutPool: { ROUTE_NOT_FOUND: 1 } }],
  ['an attempt in the status too few', { backend: { requests: 1 } }],
  ['a metric that differs', { metric: ['ballast_requests_total{pool="web"}', 7] }],
  ['a metric by code that differs', { metric: ['ballast_failures_total{pool="web",code="UPSTREAM_RESET"}', 1] }],
  ['a backend in flight', { backend: { inFlight: 1 } }],
  ['a connection that is not idle', { backend: { connections: 2 } }],
  ['a worker that was replaced', { worker: { restarts: 1 } }],
  ['an exchange under way', { worker: { exchanges: 1 } }],
  ['a client connection', { worker: { clientConnections: 1 } }],
  ['a request that waits', { pool: { queued: 1 } }],
  ['a gauge in the metrics', { metric: ['ballast_backend_in_flight{pool="web",backend="b"}', 3] }],
];

for (const [what, change] of WRONG_FIGURES) {
  test(`figures with ${what} are found`, () => {
    assert.notDeepEqual(faultsOf({ before: BEFORE, after: figuresOf(change) }), []);
  });
}

test('figures of a backend that has left are not missed, unless none has left', () => {
  const after = figuresOf({
    backend: { requests: 1 },
    metric: ['ballast_backend_requests_total{pool="web",backend="b"}', 1],
  });
  assert.equal(faultsOf({ before: BEFORE, after }).length, 1);
  assert.deepEqual(faultsOf({ before: BEFORE, after }, { ...TERMS, isRosterWhole: false }), []);
});

test('more tries again than the budget allows are found, and those that cost nothing are not counted', () => {
  const budget = { percent: 10, perSecond: 0 };
  const faultsWith = (retries: number, stale: number): readonly string[] => {
    const after = figuresOf({
      pool: { requests: 100, retries },
      backend: { failuresByCode: { UPSTREAM_STALE: stale } },
    });
    const zero = figuresOf({ pool: { requests: 0, retries: 0 }, backend: { failuresByCode: {} } });
    return judgeBudget(zero, after, budget, 5);
  };
  assert.deepEqual(faultsWith(10, 0), []);
  assert.equal(faultsWith(11, 0).length, 1);
  assert.deepEqual(faultsWith(11, 1), []);
});
