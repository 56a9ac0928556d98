/**
 * `GET /api/v1/failures`: what every failure code means, for people. The table is that of
 * `protocol/failures.ts`, which a page cannot import.
 */
import { FAILURES, type FailureText } from '../../protocol/failures.ts';
import { type AdminApp, addPath } from './routes.ts';

const TEXTS: readonly FailureText[] = FAILURES.map(({ code, side, stage, status, text }) => ({
  code,
  side,
  stage,
  status,
  text,
}));

export function addFailuresRoute(app: AdminApp): void {
  addPath(app, '/api/v1/failures', { GET: (c) => c.json({ failures: TEXTS }) });
}
