/**
 * Outlier detection: ejects a backend that fails in live traffic, and lets it in again.
 *
 * Called by the roster only, with what workers report; `ejection.ts` has the arithmetic. Live
 * traffic alone never takes out the last available backend of a pool, nor more than the pool's
 * share: such a backend is kept, which is told once and then not again while it goes on failing.
 */
import { formatAddress } from '../../config/addresses.ts';
import type { State } from '../../state/layout.ts';
import type { Moment } from '../clock.ts';
import { healthRuleOf } from '../health/health-state.ts';
import { gatewayErrorsOf, liveFailuresOf, resetLiveFailures } from './board.ts';
import { ejectionMs, mostEjected } from './ejection.ts';
import { NOTHING, type Report } from './report.ts';
import { type BackendRecord, isAvailable, type PoolRecord } from './roster-model.ts';
import { beginSlowStart } from './slow-start.ts';

/** What a worker has seen of a backend. */
export interface LiveTrouble {
  /** Answers 502, 503 and 504, and not failures of connections. */
  readonly isGatewayErrors: boolean;
  /** The last one, such as `ECONNREFUSED` or `status 503`. */
  readonly last: string;
}

/** Live traffic saw it fail as often in a row as it may. */
export function reportLiveTrouble(
  state: State,
  pool: PoolRecord,
  backend: BackendRecord,
  trouble: LiveTrouble,
  now: Moment,
): Report {
  // One that is out already may still fail what it has in flight.
  if (!isAvailable(backend)) return NOTHING;
  const { outlier } = pool.config;
  const cause = inWords(state, pool, backend, trouble);
  const kept = whyKept(pool, backend);
  if (kept !== null) {
    const isTold = now.monotonicMs < backend.quietUntilMs;
    backend.quietUntilMs = now.monotonicMs + outlier.timeMs;
    if (isTold) return NOTHING;
    const event = { level: 'warning', kind: kept.kind, text: `${cause}; kept, since ${kept.text}` } as const;
    return { isWordChanged: false, event };
  }
  backend.isEjected = true;
  backend.ejections++;
  backend.ejectionsTotal++;
  const forMs = ejectionMs(backend.ejections, outlier);
  backend.ejectedUntilMs = now.wallMs + forMs;
  backend.readmitDueMs = now.monotonicMs + forMs;
  backend.ejectionReason = `${cause}; ejected for ${forMs / 1_000} s`;
  // Only checks that were made since count for it.
  backend.passesInRow = 0;
  const event = { level: 'bad', kind: 'backend-ejected', text: backend.ejectionReason } as const;
  return { isWordChanged: true, event };
}

/** Lets it have requests again. */
export function readmit(state: State, pool: PoolRecord, backend: BackendRecord, why: string, now: Moment): Report {
  endEjection(backend, now);
  resetLiveFailures(state, backend.slot);
  beginSlowStart(backend, pool.config.slowStartMs, now);
  return { isWordChanged: true, event: { level: 'good', kind: 'backend-readmitted', text: `readmitted: ${why}` } };
}

/** Ends the ejection without a word: something else decides about it now. */
export function endEjection(backend: BackendRecord, now: Moment): void {
  backend.isEjected = false;
  backend.ejectedUntilMs = null;
  backend.ejectionReason = '';
  backend.calmSinceMs = now.monotonicMs;
}

function whyKept(pool: PoolRecord, backend: BackendRecord): { readonly kind: string; readonly text: string } | null {
  const isLast = !pool.backends.some((other) => other !== backend && isAvailable(other));
  if (isLast) return { kind: 'backend-kept', text: 'it is the last available backend of the pool' };
  const ready = pool.backends.filter(
    ({ mode, address, isRemoved }) => mode === 'ready' && address !== null && !isRemoved,
  );
  const ejected = ready.filter(({ isEjected }) => isEjected).length;
  const most = mostEjected(ready.length, pool.config.outlier);
  if (ejected < most) return null;
  const text = `${ejected} of ${ready.length} are ejected, and ${most} may be (outlier.maxShare)`;
  return { kind: 'ejection-limited', text };
}

function inWords(
  state: State,
  pool: PoolRecord,
  backend: BackendRecord,
  { isGatewayErrors, last }: LiveTrouble,
): string {
  if (isGatewayErrors) {
    const count = Math.max(pool.config.outlier.gatewayErrors, gatewayErrorsOf(state, backend.slot));
    return `${count} gateway errors in a row in live traffic, last ${last}`;
  }
  const count = Math.max(healthRuleOf(pool.config).fall, liveFailuresOf(state, backend.slot));
  const address = formatAddress({ host: backend.address ?? backend.host, port: backend.port });
  return `${count} failures in a row in live traffic, last ${last} ${address}`;
}
