/**
 * What a report about one backend (a check, live failures, an address) does to its record, and
 * what there is to say about it. Called by the roster only, which then stores the words.
 */
import { formatAddress } from '../config/addresses.ts';
import type { Config } from '../config/schema.ts';
import type { CheckResult } from '../protocol/admin-api.ts';
import type { EventLevel } from '../protocol/dashboard.ts';
import type { State } from '../state/layout.ts';
import { liveFailuresOf, resetLiveFailures } from './board.ts';
import { afterCheck, afterLiveFailures, type HealthRule, type HealthTrack } from './health-state.ts';
import { refusalOf } from './refused-addresses.ts';
import { type BackendRecord, isAvailable, type PoolRecord } from './roster-model.ts';

export interface Report {
  /** Whether workers must look at the words again. */
  readonly isWordChanged: boolean;
  readonly event: { readonly level: EventLevel; readonly kind: string; readonly text: string } | null;
}

const NOTHING: Report = { isWordChanged: false, event: null };

/** One more check result. */
export function reportCheckResult(
  state: State,
  backend: BackendRecord,
  result: CheckResult,
  rule: Pick<HealthRule, 'rise' | 'fall'>,
): Report {
  const was = backend.health;
  track(backend, afterCheck(backend, result.isPass, rule));
  backend.lastCheck = result;
  // While it is down the reason stays the last failure, however many checks have passed since.
  if (!result.isPass || backend.health !== 'unhealthy') backend.healthReason = result.detail;
  // A kept backend is reported again by live traffic only after its count has started anew.
  if (backend.isKept || (backend.health === 'healthy' && was === 'unhealthy')) resetLiveFailures(state, backend.slot);
  backend.isKept = false;
  if (backend.health === was) return NOTHING;
  const isUp = backend.health === 'healthy';
  const text = isUp ? `up: ${result.detail}` : `down: ${result.detail} (${backend.failsInRow} checks failed in a row)`;
  return {
    isWordChanged: true,
    event: { level: isUp ? 'good' : 'bad', kind: isUp ? 'backend-up' : 'backend-down', text },
  };
}

/** Live traffic saw it fail `fall` times in a row. The last available backend of a pool is kept. */
export function reportLiveFailures(
  state: State,
  pool: PoolRecord,
  backend: BackendRecord,
  fall: number,
  cause: string,
): Report {
  if (backend.health === 'unhealthy') return NOTHING;
  const count = Math.max(fall, liveFailuresOf(state, backend.slot));
  const address = formatAddress({ host: backend.address ?? backend.host, port: backend.port });
  const reason = `${count} failures in a row in live traffic, last ${cause} ${address}`;
  const isLast = isAvailable(backend) && !pool.backends.some((other) => other !== backend && isAvailable(other));
  if (isLast) {
    if (backend.isKept) return NOTHING;
    backend.isKept = true;
    const text = `${reason}; kept, since it is the last available backend of the pool`;
    return { isWordChanged: false, event: { level: 'warning', kind: 'backend-kept', text } };
  }
  track(backend, afterLiveFailures(backend));
  backend.healthReason = reason;
  backend.isKept = false;
  return { isWordChanged: true, event: { level: 'bad', kind: 'backend-down', text: `down: ${reason}` } };
}

/** What its name resolves to now. Null keeps the last good address. */
export function reportAddress(backend: BackendRecord, address: string | null, error: string, config: Config): Report {
  const refusal = address === null || backend.origin === 'file' ? null : refusalOf(address, backend.port, config);
  if (address === null || refusal !== null) {
    const cause = refusal === null ? error : `${backend.host} resolves to ${address}, and ${refusal}`;
    // The address of a backend added at run time is refused even if the name had a good one before.
    const isLost = refusal !== null && backend.address !== null;
    if (isLost) backend.address = null;
    const isNews = isLost || cause !== backend.addressError;
    backend.addressError = cause;
    if (!isNews) return NOTHING;
    return backend.address === null
      ? { isWordChanged: isLost, event: { level: 'bad', kind: 'backend-unresolved', text: `unresolved: ${cause}` } }
      : {
          isWordChanged: false,
          event: {
            level: 'warning',
            kind: 'address-stale',
            text: `${cause}; the last address ${backend.address} stays in use`,
          },
        };
  }
  const was = backend.address;
  const wasStale = was !== null && backend.addressError !== '';
  backend.address = address;
  backend.addressError = '';
  if (was === address && !wasStale) return NOTHING;
  const text =
    was === null || wasStale ? `${backend.host} is ${address}` : `${backend.host} is now ${address}, was ${was}`;
  return { isWordChanged: false, event: { level: 'info', kind: 'backend-resolved', text } };
}

function track(backend: BackendRecord, next: HealthTrack): void {
  backend.health = next.health;
  backend.passesInRow = next.passesInRow;
  backend.failsInRow = next.failsInRow;
}
