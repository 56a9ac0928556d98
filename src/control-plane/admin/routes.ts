/**
 * What the admin API does: every path, and what a write waits for before it answers.
 *
 * Called by `server.ts`, which has let the sender in by then. A write changes the roster, waits
 * until the change is on disk and, where workers need a new plan for it, until every worker
 * follows that plan. So a request that begins after the answer meets the change, in all workers.
 * Between the look at `If-Match` and the change nothing is awaited.
 * Handlers throw `ProblemError` or `RosterError`; they never build an error answer.
 */
import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import type { BackendsChanged, CutAnswer, Persistence, RefusedChange } from '../../protocol/admin-api.ts';
import { consequencesOf } from '../changes/consequences.ts';
import type { RuntimeChanges } from '../changes/runtime-changes.ts';
import { addBackend, chooseMode, choosePolicy, chooseWeight, removeBackend } from '../changes/runtime-edits.ts';
import type { RosterBackend, RosterPool } from '../roster/roster-model.ts';
import { RosterError } from '../roster/roster-model.ts';
import { BackendAdditionSchema, BackendPatchSchema, BackendsPatchSchema, PoolPatchSchema, readBody } from './body.ts';
import { checkIfMatch, isDryRun, settingsTag } from './conditions.ts';
import type { AdminDeps } from './deps.ts';
import { changeMany, previewMany } from './many-backends.ts';
import { ProblemError } from './problems.ts';

export type AdminContext = Context<{ Bindings: HttpBindings }>;
export type AdminApp = Hono<{ Bindings: HttpBindings }>;
type Handler = (context: AdminContext) => Response | Promise<Response>;

const ORIGIN = 'admin API';
/** The names of thousands of backends. */
const MANY_NAMES_BYTES = 512 * 1024;
/** A worker that needs longer is stuck; it is replaced, and the one that follows has the plan. */
const APPLY_TIMEOUT_MS = 15_000;

/** Adds a path with its methods; any other method is answered 405. HEAD goes with GET. */
export function addPath(app: AdminApp, path: string, handlers: Readonly<Record<string, Handler>>): void {
  for (const [method, handler] of Object.entries(handlers)) app.on(method, path, handler);
  const methods = Object.keys(handlers);
  const allow = (methods.includes('GET') ? [...methods, 'HEAD'] : methods).join(', ');
  app.all(path, ({ req }) => {
    throw new ProblemError(405, 'method-not-allowed', `${req.method} is not for this path; use ${allow}.`, {
      headers: { allow },
    });
  });
}

/** Adds everything below `/api/v1` that is about pools and their backends. */
export function addApiRoutes(app: AdminApp, deps: AdminDeps): void {
  const { roster, sampler } = deps;

  addPath(app, '/api/v1/status', { GET: (c) => read(c, sampler.status()) });
  addPath(app, '/api/v1/routes', { GET: (c) => c.json({ routes: deps.routes.status() }) });
  addPath(app, '/api/v1/listeners', { GET: (c) => c.json({ listeners: deps.listeners() }) });
  addPath(app, '/api/v1/pools', { GET: (c) => read(c, { pools: sampler.status().pools }) });
  addPath(app, '/api/v1/pools/:pool', {
    GET: (c) => read(c, sampler.poolStatus(poolOf(c))),
    PATCH: async (c) => {
      const { policy } = await readBody(c.req.raw, PoolPatchSchema);
      const pool = poolOf(c);
      const { changes } = roster;
      if (isOnlyShown(c)) return show(c, pool, policy === undefined ? changes : choosePolicy(changes, pool, policy));
      if (policy !== undefined) roster.setPolicy(pool, policy, ORIGIN);
      const persistence = await changed(c, false);
      return c.json({ ...sampler.poolStatus(pool), ...persistence });
    },
  });
  addPath(app, '/api/v1/pools/:pool/backends', {
    GET: (c) => read(c, { backends: sampler.poolStatus(poolOf(c)).backends }),
    PATCH: async (c) => {
      const patch = await readBody(c.req.raw, BackendsPatchSchema, MANY_NAMES_BYTES);
      const pool = poolOf(c);
      if (isOnlyShown(c)) {
        const { changes, refused } = previewMany(roster, pool, patch);
        return show(c, pool, changes, refused);
      }
      const outcome = changeMany(roster, pool, patch, ORIGIN);
      const persistence = await changed(c, false);
      return c.json({ ...outcome, ...persistence } satisfies BackendsChanged);
    },
    POST: async (c) => {
      const addition = await readBody(c.req.raw, BackendAdditionSchema);
      const pool = poolOf(c);
      if (isOnlyShown(c)) return show(c, pool, addBackend(roster.changes, roster.config, pool, addition).changes);
      const backend = roster.addBackend(pool, addition, ORIGIN);
      const persistence = await changed(c, true);
      // Relative to the path asked for, so that it holds under any base path.
      const location = `./backends/${encodeURIComponent(backend.name)}`;
      return c.json({ ...sampler.backendStatus(backend), ...persistence }, 201, { location });
    },
  });
  addPath(app, '/api/v1/pools/:pool/backends/:backend', {
    GET: (c) => read(c, sampler.backendStatus(backendOf(c))),
    PATCH: async (c) => {
      const { weight, mode } = await readBody(c.req.raw, BackendPatchSchema);
      const backend = backendOf(c);
      const pool = poolOf(c);
      if (isOnlyShown(c)) {
        const { changes } = roster;
        const weighted = weight === undefined ? changes : chooseWeight(changes, pool, backend, weight);
        return show(c, pool, mode === undefined ? weighted : chooseMode(weighted, pool, backend, mode));
      }
      // Both were checked: neither can be refused after the other was made, but for a backend
      // that is being removed, and that one refuses the first already.
      if (weight !== undefined) roster.setWeight(backend, weight, ORIGIN);
      if (mode !== undefined) roster.setMode(backend, mode, ORIGIN);
      const persistence = await changed(c, false);
      return c.json({ ...sampler.backendStatus(backend), ...persistence });
    },
    DELETE: async (c) => {
      const backend = backendOf(c);
      const pool = poolOf(c);
      if (isOnlyShown(c)) {
        const { changes } = roster;
        return show(c, pool, backend.isRemoved ? changes : removeBackend(changes, pool, backend));
      }
      roster.removeBackend(backend, ORIGIN);
      const persistence = await changed(c, true);
      return c.json({ ...sampler.backendStatus(backend), ...persistence }, 202);
    },
  });
  addPath(app, '/api/v1/pools/:pool/backends/:backend/cut', {
    POST: (c) => {
      const backend = backendOf(c);
      const inFlight = roster.inFlightToCut(backend);
      if (isOnlyShown(c)) return c.json({ cut: inFlight, dryRun: true } satisfies CutAnswer);
      return c.json({ cut: roster.cut(backend, ORIGIN) } satisfies CutAnswer);
    },
  });
  addPath(app, '/api/v1/reload', {
    POST: async (c) => {
      const isShown = isOnlyShown(c);
      const result = await (isShown ? deps.previewReload() : deps.reload());
      c.header('etag', settingsTag(roster.changeCount));
      if (result.ok) return c.json({ ...result, dryRun: isShown });
      const { reason, problems, diagnostics } = result;
      const [first = ''] = problems;
      if (reason === 'no-file') throw new ProblemError(409, 'config-not-from-file', `${first}.`);
      if (reason === 'not-now') throw new ProblemError(503, 'reload-not-now', `${first}.`);
      throw new ProblemError(422, 'config-invalid', 'The config file was refused; the old config stays.', {
        errors: problems.map((detail) => ({ pointer: '', detail })),
        diagnostics,
      });
    },
  });

  function read(context: AdminContext, body: object): Response {
    context.header('etag', settingsTag(roster.changeCount));
    return context.json(body);
  }

  /** Whether a change is only to be shown. Throws where it must be neither made nor shown. */
  function isOnlyShown(context: AdminContext): boolean {
    const isShown = isDryRun(context.req.query());
    checkIfMatch(context.req.header('if-match'), settingsTag(roster.changeCount));
    return isShown;
  }

  function show(
    context: AdminContext,
    pool: RosterPool,
    changes: RuntimeChanges,
    refused?: readonly RefusedChange[],
  ): Response {
    const shortage = roster.shortageFor(roster.config, changes);
    if (shortage !== null) throw new RosterError('capacity-exceeded', 507, `${shortage}; a restart makes more`);
    const consequences = consequencesOf(
      roster.config,
      roster.knownAddresses,
      pool,
      changes,
      (backend) => sampler.backendStatus(backend).inFlight,
    );
    return read(context, refused === undefined ? consequences : { ...consequences, refused });
  }

  function changed(context: AdminContext, isPlanChanged: boolean): Promise<Persistence> {
    return settle(context, deps, isPlanChanged);
  }

  function poolOf(context: AdminContext): RosterPool {
    const name = context.req.param('pool') ?? '';
    const pool = roster.pool(name);
    if (pool === undefined) throw new ProblemError(404, 'pool-not-found', `There is no pool ${JSON.stringify(name)}.`);
    return pool;
  }

  function backendOf(context: AdminContext): RosterBackend {
    const pool = poolOf(context);
    const name = context.req.param('backend') ?? '';
    const backend = roster.backend(pool.name, name);
    if (backend !== undefined) return backend;
    const detail = `There is no backend ${JSON.stringify(name)} in pool ${JSON.stringify(pool.name)}.`;
    throw new ProblemError(404, 'backend-not-found', detail);
  }
}

/** To be called when a change has been made: waits until it holds everywhere and is kept. */
export async function settle(context: AdminContext, deps: AdminDeps, isPlanChanged: boolean): Promise<Persistence> {
  // What this change has led to, and not what another one adds while this one waits.
  context.header('etag', settingsTag(deps.roster.changeCount));
  const [problem] = await Promise.all([deps.persist(), isPlanChanged ? applied(deps) : null]);
  return problem === null ? { persisted: true } : { persisted: false, warning: problem };
}

async function applied({ supervisor }: AdminDeps): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const detail = 'The change stands, but a worker has not taken it up yet.';
    reject(new ProblemError(503, 'not-applied-yet', detail, { headers: { 'retry-after': '5' } }));
  }, APPLY_TIMEOUT_MS);
  try {
    await Promise.race([supervisor.applied(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
