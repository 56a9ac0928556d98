/**
 * `POST /api/v1/explain`: which route, pool and backends a request would meet now. It is not sent
 * anywhere. `GET …/backends/:backend/explain`: why one backend gets what it gets.
 */
import { z } from 'zod';
import type { BackendExplanation, ExplainQuestion } from '../../protocol/admin-api.ts';
import type { LiveEvent } from '../../protocol/dashboard.ts';
import { explanationOf } from '../explain/explain.ts';
import { explainBackend } from '../explain/explain-backend.ts';
import { explainPool, type PoolAnswer } from '../explain/explain-pool.ts';
import { type AskedRequest, QuestionError, requestOf } from '../explain/explain-question.ts';
import type { Journal } from '../journal.ts';
import type { PoolShares, Sampler } from '../metrics/sampler.ts';
import type { Roster } from '../roster/roster.ts';
import { type RosterBackend, type RosterPool, stateOf, subjectOf } from '../roster/roster-model.ts';
import { readBody } from './body.ts';
import { findBackend, findPool } from './lookups.ts';
import { ProblemError } from './problems.ts';
import { type AdminApp, addPath } from './routes.ts';

/** More than any limit on heads lets through. */
const MAX_TEXT = 32_768;

const ExplainSchema = z.strictObject({
  method: z.string().max(64).exactOptional(),
  url: z.string().max(MAX_TEXT).exactOptional(),
  host: z.string().max(512).exactOptional(),
  path: z.string().max(MAX_TEXT).exactOptional(),
  headers: z.record(z.string(), z.string().max(MAX_TEXT)).exactOptional(),
}) satisfies z.ZodType<ExplainQuestion>;

/** So many events about a backend lead to what it is; and of its pool those of these kinds. */
const OWN_EVENTS = 5;
const POOL_EVENTS = 2;
const POOL_KINDS = ['pool-panic', 'pool-panic-over', 'policy-changed'];

export function addExplainRoute(app: AdminApp, roster: Roster, sampler: Sampler, journal: Journal): void {
  addPath(app, '/api/v1/explain', {
    POST: async ({ req, json }) => {
      const asked = readQuestion(await readBody(req.raw, ExplainSchema));
      return json(explanationOf(asked, roster.config.routes, (pool) => placedIn(pool, roster, sampler)));
    },
  });
  addPath(app, '/api/v1/pools/:pool/backends/:backend/explain', {
    GET: ({ req, json }) => {
      const pool = findPool(roster, req.param('pool') ?? '');
      const backend = findBackend(roster, pool.name, req.param('backend') ?? '');
      return json(explanationOfBackend(pool, backend, roster, sampler, journal));
    },
  });
}

function explanationOfBackend(
  pool: RosterPool,
  backend: RosterBackend,
  roster: Roster,
  sampler: Sampler,
  journal: Journal,
): BackendExplanation {
  const now = sampler.sharesOf(pool);
  const placed = placedBy(pool, sampler, now);
  const { rps, inFlight, expectedShare } = sampler.backendStatus(backend, now);
  const own = placed.pool.backends.find(({ name }) => name === backend.name);
  const words = explainBackend({
    pool,
    backend,
    placed,
    routeCount: roster.config.routes.filter((route) => route.pool === pool.name).length,
    poolRps: now.rps,
    rps,
    inFlight,
    promisedShare: expectedShare,
  });
  return {
    pool: pool.name,
    backend: backend.name,
    state: stateOf(backend),
    isCandidate: own?.isCandidate ?? false,
    share: own?.share ?? null,
    ...words,
    events: eventsBehind(backend, journal),
  };
}

function eventsBehind(backend: RosterBackend, journal: Journal): LiveEvent[] {
  const own = journal.find({ subjects: [subjectOf(backend)], limit: OWN_EVENTS }).events;
  const ofPool = journal.find({ subjects: [backend.pool], kinds: POOL_KINDS, limit: POOL_EVENTS }).events;
  return [...own, ...ofPool].sort((a, b) => a.id - b.id).slice(-OWN_EVENTS);
}

function readQuestion(question: ExplainQuestion): AskedRequest {
  try {
    return requestOf(question);
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    const { pointer, message: detail } = error;
    throw new ProblemError(422, 'body-invalid', `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
  }
}

function placedIn(name: string, roster: Roster, sampler: Sampler): PoolAnswer | null {
  const pool = roster.pool(name);
  return pool === undefined ? null : placedBy(pool, sampler, sampler.sharesOf(pool));
}

function placedBy(pool: RosterPool, sampler: Sampler, now: PoolShares): PoolAnswer {
  return explainPool(pool, now.rps, (backend) => ({
    inFlight: sampler.backendStatus(backend, now).inFlight,
    serviceMs: sampler.meanLatencyMs(backend),
  }));
}
