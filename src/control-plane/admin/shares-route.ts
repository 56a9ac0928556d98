/** `GET /api/v1/pools/:pool/shares?policy=NAME`: who would get what, before a policy is applied. */
import { POLICIES, policyNamed } from '../../balancing/policies.ts';
import type { SharePreview } from '../../protocol/admin-api.ts';
import type { Sampler } from '../metrics/sampler.ts';
import { sharesUnder } from '../roster/pool-shares.ts';
import type { Roster } from '../roster/roster.ts';
import type { RosterPool } from '../roster/roster-model.ts';
import { findPool } from './lookups.ts';
import { queryProblem } from './query.ts';
import { type AdminApp, addPath } from './routes.ts';

export function addSharesRoute(app: AdminApp, roster: Roster, sampler: Sampler): void {
  addPath(app, '/api/v1/pools/:pool/shares', {
    GET: ({ req, json }) => {
      const pool = findPool(roster, req.param('pool') ?? '');
      return json(previewOf(pool, req.query('policy') ?? pool.policy, sampler));
    },
  });
}

function previewOf(pool: RosterPool, policy: string, sampler: Sampler): SharePreview {
  if (policyNamed(policy) === null) {
    throw queryProblem(`policy is one of ${POLICIES.map(({ name }) => name).join(', ')}`);
  }
  const now = sampler.sharesOf(pool);
  const statuses = pool.backends.map((backend) => ({ backend, status: sampler.backendStatus(backend, now) }));
  const inFlight = new Map(statuses.map(({ backend, status }) => [backend.id, status.inFlight]));
  const expected = sharesUnder(pool, policy, now.rps, (backend) => ({
    inFlight: inFlight.get(backend.id) ?? 0,
    serviceMs: sampler.meanLatencyMs(backend),
  }));
  return {
    pool: pool.name,
    policy,
    backends: statuses.map(({ backend, status }) => ({
      name: backend.name,
      actual: status.actualShare,
      expected: rounded(expected.get(backend.id) ?? null),
    })),
  };
}

const rounded = (share: number | null): number | null => (share === null ? null : Math.round(share * 1000) / 1000);
