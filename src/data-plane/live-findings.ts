/**
 * What live traffic finds out about a backend: counted over all workers, and reported to the
 * control plane each time that a limit of the pool's plan is reached. Called by the exchange.
 */
import type { FailureCode } from '../protocol/failures.ts';
import type { DataPlane } from './data-plane.ts';
import type { Backend, Pool } from './pool.ts';

/** Counts an answer for or against its backend; so many gateway errors in a row are told. */
export function findAnswer(plane: DataPlane, pool: Pool | null, backend: Backend | null, status: number): void {
  const errors = backend?.answered(status) ?? 0;
  if (backend === null || errors === 0) return;
  const limit = pool?.plan.gatewayErrors ?? 0;
  if (limit === 0 || errors % limit !== 0) return;
  plane.report({ type: 'failing', backend: backend.slot, code: null, detail: `status ${status}` });
}

/** Counts a failure that blames its backend; so many in a row are told. */
export function findFailure(plane: DataPlane, pool: Pool, backend: Backend, code: FailureCode, detail: string): void {
  if (backend.failed() % pool.plan.fall !== 0) return;
  plane.report({ type: 'failing', backend: backend.slot, code, detail });
}
