/**
 * `POST /api/v1/explain`: which route, pool and backends a request would meet now.
 *
 * It is not sent anywhere. Host and target are read as the data plane reads them: nothing is
 * decoded or normalised, so `/a/../b` is the path `/a/../b`.
 */
import { z } from 'zod';
import type { ExplainQuestion, Explanation } from '../../protocol/admin-api.ts';
import { type FailureCode, failureOf } from '../../protocol/failures.ts';
import { explainRoute, type RouteAnswer } from '../explain.ts';
import { explainPool, type PoolAnswer } from '../explain-pool.ts';
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

type Asked = Explanation['request'];

const NOT_ROUTED: RouteAnswer = { route: null, lost: [], moreLost: 0 };

export function addExplainRoute(app: AdminApp, roster: Roster, sampler: Sampler): void {
  addPath(app, '/api/v1/explain', {
    POST: async ({ req, json }) => {
      const asked = requestOf(await readBody(req.raw, ExplainSchema));
      return json(explanationOf(asked, roster, sampler));
    },
  });
}

function explanationOf(request: Asked, roster: Roster, sampler: Sampler): Explanation {
  const isMethodServed = request.method !== 'CONNECT' && request.method !== 'TRACE';
  const routed = isMethodServed ? explainRoute(roster.config.routes, request.host, request.path) : NOT_ROUTED;
  const placed = routed.route === null ? null : placedIn(routed.route.pool, roster, sampler);
  const failed: FailureCode | null = !isMethodServed
    ? 'REQUEST_METHOD_REFUSED'
    : placed === null
      ? 'ROUTE_NOT_FOUND'
      : placed.placing === 'forwarded' || placed.placing === 'queued'
        ? null
        : placed.placing;
  return {
    request,
    outcome: failed !== null ? 'refused' : placed?.placing === 'queued' ? 'queued' : 'forwarded',
    failure: failed === null ? null : failureShown(failed),
    ...routed,
    pool: placed?.pool ?? null,
  };
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

function failureShown(failed: FailureCode): Explanation['failure'] {
  const { code, status, text } = failureOf(failed);
  return { code, status, text };
}

/** The question as a request. Throws `ProblemError` where no client could send it. */
function requestOf({ method = 'GET', url, host, path, headers = {} }: ExplainQuestion): Asked {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) throw invalid('/method', 'a method is one word, such as GET');
  if (url !== undefined && (host !== undefined || path !== undefined)) {
    throw invalid('/url', 'a URL has host and path in it: give it alone, or host and path');
  }
  const parts = url === undefined ? { host: undefined, path } : partsOf(url);
  const fields = Object.entries(headers).filter(([name]) => name.toLowerCase() === 'host');
  if (fields.length > 1) throw invalid('/headers', 'Host is given more than once');
  const [field] = fields;
  const wanted = host ?? field?.[1] ?? parts.host ?? '';
  if (wanted !== '' && !isHost(wanted)) {
    const pointer = host !== undefined ? '/host' : field !== undefined ? `/headers/${field[0]}` : '/url';
    throw invalid(pointer, 'a host is a name or an address, with or without a port: api.example.com:8080');
  }
  const target = parts.path ?? '/';
  const isWhole = target === '*' && method === 'OPTIONS';
  if (!isWhole && !/^\/[!-~]*$/.test(target)) {
    const detail = 'a path begins with / and has visible ASCII only; everything else is written as %XX';
    throw invalid(url === undefined ? '/path' : '/url', detail);
  }
  return { method, host: wanted, path: target };
}

function partsOf(url: string): { readonly host: string; readonly path: string } {
  const match = /^https?:\/\/([^/?#]*)([^#]*)/i.exec(url);
  const [, host = '', rest = ''] = match ?? [];
  // What stands before an @ is a password, and is not repeated.
  if (match === null || !isHost(host)) throw invalid('/url', 'a URL is written as http://host/path');
  return { host, path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** `uri-host [ ":" port ]`, as the data plane takes it. */
function isHost(text: string): boolean {
  const port = /^(?:\[[0-9A-Fa-f:.]{2,}\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)(?::(\d{0,5}))?$/.exec(text);
  return port !== null && Number(port[1] ?? 0) <= 65_535;
}

function invalid(pointer: string, detail: string): ProblemError {
  return new ProblemError(422, 'body-invalid', `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
}
