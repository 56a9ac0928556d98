/** What the fake balancer says of the past of a backend, and of why it gets what it gets. */
import { ProblemError } from '../../src/control-plane/admin/problems.ts';
import { type AdminApp, type AdminContext, addPath } from '../../src/control-plane/admin/routes.ts';
import type { BackendExplanation, CheckRecord, StateChange } from '../../src/protocol/admin-api.ts';
import type { FakeFleet } from './fake-fleet.ts';
import type { FakeBackend } from './fake-pools.ts';

const BACKEND = '/api/v1/pools/:pool/backends/:backend';
const HOUR_MS = 3_600_000;

export function addFakeBackendLog(app: AdminApp, fleet: FakeFleet): void {
  const found = ({ req }: AdminContext): { readonly pool: string; readonly backend: FakeBackend } => {
    const pool = req.param('pool') ?? '';
    const backend = fleet.find(pool, req.param('backend') ?? '');
    if (backend === undefined) throw new ProblemError(404, 'backend-not-found', 'There is no such backend.');
    return { pool, backend };
  };
  addPath(app, `${BACKEND}/checks`, { GET: (c) => c.json({ checks: checksOf(found(c).backend, Date.now()) }) });
  addPath(app, `${BACKEND}/states`, { GET: (c) => c.json({ states: statesOf(found(c).backend, Date.now()) }) });
  addPath(app, `${BACKEND}/explain`, {
    GET: (c) => {
      const { pool, backend } = found(c);
      return c.json(explanationOf(pool, backend, fleet));
    },
  });
}

/** Fifty, seven seconds apart: as its state has been since it began, and well before that. */
function checksOf({ state, reason, sinceMs, lastCheck }: FakeBackend, nowMs: number): CheckRecord[] {
  return Array.from({ length: 50 }, (_, index) => {
    const atMs = (lastCheck?.atMs ?? nowMs) - (49 - index) * 7000;
    const isPass = state !== 'down' || atMs < sinceMs - 21_000;
    const durationMs = 2 + (index % 5) * 0.7;
    return isPass
      ? { atMs, isPass, detail: 'status 200', durationMs, connectMs: 0.4, firstByteMs: durationMs - 0.6, body: null }
      : { atMs, isPass, detail: reason, durationMs: 0.5, connectMs: null, firstByteMs: null, body: null };
  });
}

/** A day with two short troubles in it. */
function statesOf({ state, reason, sinceMs }: FakeBackend, nowMs: number): StateChange[] {
  const past: StateChange[] = [
    { atMs: nowMs - 26 * HOUR_MS, state: 'up', reason: 'status 200' },
    { atMs: nowMs - 17 * HOUR_MS, state: 'down', reason: 'timeout 3s' },
    { atMs: nowMs - 17 * HOUR_MS + 94_000, state: 'up', reason: 'status 200' },
    { atMs: nowMs - 6 * HOUR_MS, state: 'maintenance', reason: 'maintenance set by admin API' },
    { atMs: nowMs - 5 * HOUR_MS, state: 'up', reason: 'status 200' },
  ];
  return [...past.filter(({ atMs }) => atMs < sinceMs), { atMs: sinceMs, state, reason }];
}

function explanationOf(pool: string, backend: FakeBackend, fleet: FakeFleet): BackendExplanation {
  const { name, state, reason } = backend;
  const isCandidate = state === 'up' || state === 'unknown';
  const { events } = fleet.journal.find({ subjects: [`${pool}/${name}`], limit: 5 });
  return {
    pool,
    backend: name,
    state,
    isCandidate,
    share: isCandidate ? 0.3 : 0,
    why: isCandidate
      ? ['It is one of the backends that take requests.', 'In the last 10 s it had 30 %.']
      : [`It gets no requests: ${reason}.`],
    next: state === 'down' ? ['It comes back when 2 checks in a row have passed; none so far.'] : [],
    events,
  };
}
