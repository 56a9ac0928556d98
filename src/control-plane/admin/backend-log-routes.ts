/** What has happened to one backend of late: `…/backends/:backend/checks` and `…/states`. */
import type { BackendLog } from '../health/backend-log.ts';
import type { Roster } from '../roster/roster.ts';
import type { RosterBackend } from '../roster/roster-model.ts';
import { findBackend } from './lookups.ts';
import { type AdminApp, type AdminContext, addPath } from './routes.ts';

const BACKEND = '/api/v1/pools/:pool/backends/:backend';

export function addBackendLogRoutes(app: AdminApp, roster: Roster, log: BackendLog): void {
  const backendOf = ({ req }: AdminContext): RosterBackend =>
    findBackend(roster, req.param('pool') ?? '', req.param('backend') ?? '');

  addPath(app, `${BACKEND}/checks`, { GET: (c) => c.json({ checks: log.checksOf(backendOf(c)) }) });
  addPath(app, `${BACKEND}/states`, { GET: (c) => c.json({ states: log.statesOf(backendOf(c)) }) });
}
