/**
 * Changes of the fake balancer's pools, in the words and shapes of the real one: made, or only
 * shown. Called by `fake-server.ts` for every write below `/api/v1/pools`.
 */
import type {
  BackendAddition,
  BackendStatus,
  BackendsPatch,
  DryRun,
  PoolPatch,
  RefusedChange,
  SharePreview,
} from '../../src/protocol/admin-api.ts';
import type { FakeFleet } from './fake-fleet.ts';
import { backendStatusOf, type FakeBackend, type FakePool, POLICIES, statusOf } from './fake-pools.ts';

export interface FakeWrite {
  readonly method: string;
  /** Below `/api/v1/pools`. */
  readonly parts: readonly string[];
  readonly body: unknown;
  readonly isDryRun: boolean;
}

export class FakeProblem extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** The entity tag of the settings. */
export const tagOf = (fleet: FakeFleet): string => `"${fleet.revision}"`;

export function findFakePool(fleet: FakeFleet, name: string): FakePool {
  const pool = fleet.fakePools.find((one) => one.name === name);
  if (pool === undefined) throw new FakeProblem(404, 'pool-not-found', `There is no pool "${name}".`);
  return pool;
}

/** Answers the body of the answer. Throws `FakeProblem`. */
export function write(fleet: FakeFleet, { method, parts, body, isDryRun }: FakeWrite): object {
  const pool = findFakePool(fleet, parts[0] ?? '');
  const nowMs = Date.now();
  if (parts.length === 1) return writePolicy(fleet, pool, body as PoolPatch, isDryRun);
  if (method === 'POST') {
    const addition = body as BackendAddition;
    const name = addition.name ?? new URL(addition.url).host;
    if (isDryRun) return dryRun(pool, [`backend ${name} added`], [], 1);
    fleet.add(pool, addition, nowMs);
    return { ...kept, name };
  }
  const isMany = parts.length === 2;
  const patch = body as BackendsPatch;
  const names = isMany ? patch.backends : [parts[2] ?? ''];
  const refused: RefusedChange[] = [];
  const found = names.flatMap((name) => {
    const backend = fleet.find(pool.name, name);
    if (backend !== undefined && !backend.isRemoved) return backend;
    if (!isMany) throw new FakeProblem(404, 'backend-not-found', `There is no backend "${name}".`);
    refused.push({ backend: name, code: 'backend-not-found', detail: `there is no backend "${name}"` });
    return [];
  });
  const { weight, mode } = method === 'DELETE' ? {} : patch;
  if (isDryRun) return { ...showChange(pool, found, method === 'DELETE', patch), ...(isMany ? { refused } : {}) };
  for (const backend of found) {
    if (method === 'DELETE') backend.isRemoved = true;
    if (weight !== undefined) backend.weight = weight;
    if (mode !== undefined) fleet.setMode(pool.name, backend, mode, nowMs);
  }
  fleet.revision += 1;
  return isMany ? { ...kept, changed: found.map(({ name }) => name), refused } : { ...statusOf(pool), ...kept };
}

const kept = { persisted: true };

function writePolicy(fleet: FakeFleet, pool: FakePool, { policy }: PoolPatch, isDryRun: boolean): object {
  if (policy === undefined || !POLICIES.some(({ name }) => name === policy)) {
    throw new FakeProblem(422, 'policy-unknown', `There is no policy "${policy}".`);
  }
  if (isDryRun) {
    const changes = policy === pool.policy ? [] : [`policy ${pool.policy} → ${policy}`];
    return { ...dryRun(pool, changes, [], 0), former: { policy: pool.policy, backends: [] } };
  }
  const text = `policy is now ${policy}, was ${pool.policy}`;
  pool.policy = policy;
  fleet.revision += 1;
  fleet.tell('info', 'policy-changed', pool.name, text, 'admin API', Date.now());
  return { ...statusOf(pool), ...kept };
}

const takes = ({ state, isRemoved }: Pick<BackendStatus, 'state' | 'isRemoved'>): boolean =>
  !isRemoved && (state === 'up' || state === 'unknown');

function showChange(pool: FakePool, found: readonly FakeBackend[], isRemoval: boolean, patch: BackendsPatch): DryRun {
  const { weight, mode } = patch;
  const changed = found.filter(
    (one) => isRemoval || (mode ?? one.mode) !== one.mode || (weight ?? one.weight) !== one.weight,
  );
  const changes = changed.map((one) => {
    if (isRemoval) return `backend ${one.name} removed`;
    return mode === undefined
      ? `backend ${one.name}: weight ${one.weight} → ${weight}`
      : `backend ${one.name}: mode ${one.mode} → ${mode}`;
  });
  const leaving = isRemoval || (mode !== undefined && mode !== 'ready') ? changed.filter(takes) : [];
  const coming = mode === 'ready' ? changed.filter((one) => !takes(one)).length : 0;
  return dryRun(pool, changes, leaving, coming, changed);
}

function dryRun(
  pool: FakePool,
  changes: readonly string[],
  leaving: readonly FakeBackend[],
  coming: number,
  changed: readonly FakeBackend[] = [],
): DryRun {
  const before = pool.backends.filter(takes).length;
  const after = before - leaving.length + coming;
  const inFlight = leaving.reduce((sum, backend) => sum + backendStatusOf(backend).inFlight, 0);
  const consequences = inFlight > 0 ? [`${inFlight} requests in flight may be finished within 10m`] : [];
  if (before > 0 && after === 0) consequences.push(`no backend is left in ${pool.name}: 503 for all`);
  return {
    dryRun: true,
    changes,
    consequences,
    inFlight,
    available: { before, after },
    former: { policy: null, backends: changed.map(({ name, url, weight, mode }) => ({ name, url, weight, mode })) },
  };
}

/** `GET /api/v1/pools/:pool/shares` */
export function sharesOf(pool: FakePool, policy: string): SharePreview {
  const part = (backend: FakeBackend): number => {
    if (!takes(backend)) return 0;
    if (policy === 'weighted-round-robin') return backend.weight;
    return policy === 'least-connections' ? backend.speed : 1;
  };
  const sum = pool.backends.reduce((total, backend) => total + part(backend), 0);
  return {
    pool: pool.name,
    policy,
    backends: pool.backends.map((backend) => ({
      name: backend.name,
      actual: backend.actualShare,
      expected: sum === 0 ? null : part(backend) / sum,
    })),
  };
}
