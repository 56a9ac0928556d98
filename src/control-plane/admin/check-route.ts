/**
 * `POST /api/v1/pools/:pool/backends/:backend/check`: checks a backend now, for somebody who looks
 * at it. The check counts like any other; no setting changes, and nothing is kept on disk.
 */
import type { CheckAnswer } from '../../protocol/admin-api.ts';
import { checkIfMatch, isDryRun, settingsTag } from './conditions.ts';
import type { AdminDeps } from './deps.ts';
import { findBackend } from './lookups.ts';
import { ProblemError } from './problems.ts';
import { type AdminApp, addPath } from './routes.ts';

/** Longer than most checks may take, and shorter than a page waits for an answer. */
const PATIENCE_MS = 5_000;

const LATE = Symbol('late');

export function addCheckRoute(app: AdminApp, { roster, check }: Pick<AdminDeps, 'roster' | 'check'>): void {
  addPath(app, '/api/v1/pools/:pool/backends/:backend/check', {
    POST: async (c) => {
      const isShown = isDryRun(c.req.query());
      checkIfMatch(c.req.header('if-match'), settingsTag(roster.changeCount));
      const backend = findBackend(roster, c.req.param('pool') ?? '', c.req.param('backend') ?? '');
      if (backend.isRemoved || backend.address === null) {
        const why = backend.isRemoved ? 'it is being removed' : 'its name does not resolve';
        throw new ProblemError(409, 'backend-not-checked', `Backend ${backend.name} is not checked: ${why}.`);
      }
      if (isShown) return c.json({ check: null, dryRun: true } satisfies CheckAnswer);
      const result = await within(PATIENCE_MS, check(backend));
      if (result === LATE) return c.json({ check: null } satisfies CheckAnswer, 202);
      return c.json({ check: result } satisfies CheckAnswer);
    },
  });
}

async function within<Result>(timeoutMs: number, result: Promise<Result>): Promise<Result | typeof LATE> {
  const { promise, resolve } = Promise.withResolvers<typeof LATE>();
  const timer = setTimeout(() => resolve(LATE), timeoutMs);
  try {
    return await Promise.race([result, promise]);
  } finally {
    clearTimeout(timer);
  }
}
