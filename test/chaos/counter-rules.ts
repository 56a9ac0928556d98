/**
 * What must be true of the figures of a run: the status, the metrics and the access log tell the
 * same, and nothing is left over. Pure; all figures are differences between two moments of rest.
 */
import type { PoolStatus, Status } from '../../src/protocol/admin-api.ts';
import type { BudgetTerms } from './climates.ts';
import type { LogLine } from './records.ts';

export interface Figures {
  readonly status: Status;
  readonly metrics: ReadonlyMap<string, number>;
}

type Counts = Record<string, number>;

function countBy(keys: readonly string[]): Counts {
  const counts: Counts = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

function minus(after: Readonly<Counts>, before: Readonly<Counts>): Counts {
  const differences: Counts = {};
  for (const [key, value] of Object.entries(after)) {
    const difference = value - (before[key] ?? 0);
    if (difference !== 0) differences[key] = difference;
  }
  return differences;
}

const shown = (counts: Readonly<Counts>): string =>
  Object.keys(counts)
    .toSorted()
    .map((key) => `${key} ${counts[key]}`)
    .join(', ') || 'nothing';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The counters of a pool as the log has them. */
function poolByLog(lines: readonly LogLine[]): Counts {
  return {
    requests: lines.length,
    failures: lines.filter(({ code }) => code !== '').length,
    retries: sum(lines.map(({ attempts }) => Math.max(0, attempts - 1))),
    bytesIn: sum(lines.map(({ bytesIn }) => bytesIn)),
    bytesOut: sum(lines.map(({ bytesOut }) => bytesOut)),
    ...countBy(lines.filter(({ status }) => status > 0).map(({ status }) => `${Math.floor(status / 100)}xx`)),
    ...countBy(lines.map(({ code }) => code).filter((code) => code !== '')),
  };
}

function countsOf({ requests, failures, retries, bytesIn, bytesOut, statuses, failuresByCode }: PoolStatus): Counts {
  return { requests, failures, retries, bytesIn, bytesOut, ...statuses, ...failuresByCode };
}

/** The metrics of a pool under the names that the status has for them. */
function countsInMetrics(metrics: ReadonlyMap<string, number>, pool: string): Counts {
  const labels = `pool="${pool}"`;
  const counts: Counts = {};
  const families: readonly (readonly [string, string])[] = [
    ['requests', 'requests_total'],
    ['failures', 'failed_requests_total'],
    ['retries', 'retries_total'],
    ['bytesIn', 'request_bytes_total'],
    ['bytesOut', 'response_bytes_total'],
  ];
  for (const [name, family] of families) counts[name] = metrics.get(`ballast_${family}{${labels}}`) ?? Number.NaN;
  for (const [key, value] of metrics) {
    const name = /^ballast_(?:responses_total|failures_total)\{pool="([^"]*)",(?:class|code)="([^"]*)"\}$/.exec(key);
    if (name?.[1] === pool) counts[name[2] ?? ''] = value;
  }
  return counts;
}

const attemptsOf = ({ backends }: PoolStatus): Counts =>
  Object.fromEntries(backends.map(({ name, requests }) => [name, requests]));

const EMPTY: Counts = {};

/**
 * The counters against the log, and the metrics against the status.
 * @param isRosterWhole no backend has left: its figures would have left with it
 */
export function judgeCounters(
  before: Figures,
  after: Figures,
  lines: readonly LogLine[],
  isRosterWhole: boolean,
): string[] {
  const faults: string[] = [];
  const compare = (what: string, got: Counts, wanted: Counts): void => {
    const [left, right] = [shown(minus(got, EMPTY)), shown(minus(wanted, EMPTY))];
    if (left !== right) faults.push(`${what}: ${left}; the log has ${right}`);
  };
  for (const pool of after.status.pools) {
    const own = lines.filter((line) => line.pool === pool.name);
    const old = before.status.pools.find(({ name }) => name === pool.name);
    compare(`status of ${pool.name}`, minus(countsOf(pool), old === undefined ? EMPTY : countsOf(old)), poolByLog(own));
    compare(
      `metrics of ${pool.name}`,
      minus(countsInMetrics(after.metrics, pool.name), countsInMetrics(before.metrics, pool.name)),
      poolByLog(own),
    );
    const attempts = minus(attemptsOf(pool), old === undefined ? EMPTY : attemptsOf(old));
    const wanted = sum(own.map((line) => line.attempts));
    const got = sum(Object.values(attempts));
    if (isRosterWhole ? got !== wanted : got > wanted)
      faults.push(`attempts at the backends of ${pool.name}: ${got}; the log has ${wanted}`);
    const lastTries = countBy(own.map(({ backend }) => backend).filter((name) => name !== ''));
    for (const [name, count] of Object.entries(lastTries)) {
      const made = attempts[name] ?? 0;
      if (made < count && isRosterWhole)
        faults.push(`${made} attempts at ${name}; by the log it had ${count} of the last ones alone`);
    }
    const inMetrics = sum(
      pool.backends.map(
        ({ name }) =>
          after.metrics.get(`ballast_backend_requests_total{pool="${pool.name}",backend="${name}"}`) ?? Number.NaN,
      ),
    );
    const inStatus = sum(Object.values(attemptsOf(pool)));
    if (inMetrics !== inStatus) faults.push(`attempts in the metrics: ${inMetrics}; in the status: ${inStatus}`);
  }
  for (const { worker, restarts } of after.status.workers) {
    const old = before.status.workers.find((one) => one.worker === worker)?.restarts ?? 0;
    if (restarts !== old) faults.push(`worker ${worker} was replaced, and nobody has harmed it`);
  }
  compare(
    'without a pool',
    minus(after.status.failuresWithoutPool, before.status.failuresWithoutPool),
    countBy(lines.filter(({ pool }) => pool === '').map(({ code }) => code)),
  );
  return faults;
}

/** Of the tries again, those that cost a budget nothing: see `retry-budget.ts`. */
const FREE_TRIES = ['UPSTREAM_STALE', 'BACKEND_CUT'];
/** The floor of so many seconds may have been saved up. */
const SAVED_SECONDS = 10;

/** Tries again stay within the budget, over the whole of the run. */
export function judgeBudget(
  before: Figures,
  after: Figures,
  { percent, perSecond }: BudgetTerms,
  seconds: number,
): string[] {
  const countOf = ({ status }: Figures, of: (pool: PoolStatus) => number): number => sum(status.pools.map(of));
  const since = (of: (pool: PoolStatus) => number): number => countOf(after, of) - countOf(before, of);
  const tries = since(({ retries }) => retries);
  const free = since(({ backends }) =>
    sum(backends.flatMap(({ failuresByCode }) => FREE_TRIES.map((code) => failuresByCode[code] ?? 0))),
  );
  const allowed = (since(({ requests }) => requests) * percent) / 100 + perSecond * (seconds + SAVED_SECONDS);
  return tries - free <= allowed
    ? []
    : [`${tries} tries again, ${free} of them free, and ${Math.floor(allowed)} allowed`];
}

/** Nothing is in flight, open or waiting any more. */
export function judgeRest({ status, metrics }: Figures): string[] {
  const faults: string[] = [];
  for (const { worker, exchanges, clientConnections } of status.workers) {
    if (exchanges !== 0) faults.push(`worker ${worker} has ${exchanges} exchanges under way`);
    if (clientConnections !== 0) faults.push(`worker ${worker} has ${clientConnections} client connections`);
  }
  for (const { name, backends, queued } of status.pools) {
    if (queued !== 0) faults.push(`${queued} requests wait for ${name}`);
    for (const backend of backends) {
      if (backend.inFlight !== 0) faults.push(`${backend.name} has ${backend.inFlight} in flight`);
      if (backend.connections !== backend.idleConnections) {
        faults.push(`${backend.name} has ${backend.connections} connections, ${backend.idleConnections} of them idle`);
      }
    }
  }
  for (const [key, value] of metrics) {
    if (key.startsWith('ballast_backend_in_flight{') && value !== 0) faults.push(`${key} is ${value}`);
  }
  return faults;
}
