/**
 * `POST /api/v1/explain`: which route, pool and backends a request would meet now. It is not sent
 * anywhere.
 */
import { z } from 'zod';
import type { ExplainQuestion } from '../../protocol/admin-api.ts';
import { explanationOf } from '../explain.ts';
import { explainPool, type PoolAnswer } from '../explain-pool.ts';
import { type AskedRequest, QuestionError, requestOf } from '../explain-question.ts';
import type { Roster } from '../roster.ts';
import type { Sampler } from '../sampler.ts';
import { readBody } from './body.ts';
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

export function addExplainRoute(app: AdminApp, roster: Roster, sampler: Sampler): void {
  addPath(app, '/api/v1/explain', {
    POST: async ({ req, json }) => {
      const asked = readQuestion(await readBody(req.raw, ExplainSchema));
      return json(explanationOf(asked, roster.config.routes, (pool) => placedIn(pool, roster, sampler)));
    },
  });
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
  if (pool === undefined) return null;
  const now = sampler.sharesOf(pool);
  return explainPool(pool, now.rps, (backend) => ({
    inFlight: sampler.backendStatus(backend, now).inFlight,
    serviceMs: sampler.meanLatencyMs(backend),
  }));
}
