/**
 * What a report about one backend (a check, an address) does to its record, and what there is to
 * say about it. Called by the roster only, which then stores the words. Reports of live traffic
 * are in `outliers.ts`.
 */
import type { Config } from '../../config/schema.ts';
import type { State } from '../../state/layout.ts';
import { refusalOf } from '../changes/refused-addresses.ts';
import type { Moment } from '../clock.ts';
import { afterCheck, healthRuleOf } from '../health/health-state.ts';
import { resetLiveFailures } from './board.ts';
import { passesToReadmit } from './ejection.ts';
import { endEjection, readmit } from './outliers.ts';
import { NOTHING, QUIET_CHANGE, type Report } from './report.ts';
import type { BackendRecord, PoolRecord, ReportedCheck } from './roster-model.ts';
import { beginSlowStart } from './slow-start.ts';

/** One more check result. */
export function reportCheckResult(
  state: State,
  pool: PoolRecord,
  backend: BackendRecord,
  result: ReportedCheck,
  now: Moment,
): Report {
  const rule = healthRuleOf(pool.config);
  const was = backend.health;
  const { health, passesInRow, failsInRow } = afterCheck(backend, result.isPass, rule);
  backend.health = health;
  backend.passesInRow = passesInRow;
  backend.failsInRow = failsInRow;
  // The result alone: it goes out with every status.
  const { atMs, isPass, detail, durationMs } = result;
  backend.lastCheck = { atMs, isPass, detail, durationMs };
  // While it is down the reason stays the last failure, however many checks have passed since.
  if (!result.isPass || backend.health !== 'unhealthy') backend.healthReason = result.detail;
  if (backend.isEjected && result.isPass) {
    if (passesInRow >= passesToReadmit(backend.ejections, rule.rise)) {
      return readmit(state, pool, backend, `${passesInRow} checks passed in a row`, now);
    }
    return health === was ? NOTHING : QUIET_CHANGE;
  }
  if (health === was) return NOTHING;
  if (health === 'unhealthy') {
    // What checks have found out outweighs what live traffic has guessed.
    if (backend.isEjected) endEjection(backend, now);
    const text = `down: ${result.detail} (${failsInRow} checks failed in a row)`;
    return { isWordChanged: true, event: { level: 'bad', kind: 'backend-down', text } };
  }
  if (was === 'unhealthy') {
    resetLiveFailures(state, backend.slot);
    beginSlowStart(backend, pool.config.slowStartMs, now);
  }
  return { isWordChanged: true, event: { level: 'good', kind: 'backend-up', text: `up: ${result.detail}` } };
}

/** What its name resolves to now. Null keeps the last good address. */
export function reportAddress(backend: BackendRecord, address: string | null, error: string, config: Config): Report {
  const refusal = address === null || backend.origin === 'file' ? null : refusalOf(address, backend.port, config);
  if (address === null || refusal !== null) {
    const cause = refusal === null ? error : `${backend.host} resolves to ${address}, and ${refusal}`;
    // The address of a backend added at run time is refused even if the name had a good one before.
    const isLost = refusal !== null && backend.address !== null;
    if (isLost) backend.address = null;
    // An outage of the name server is told once, in whatever ways it goes on failing.
    const isTold = backend.address === null ? cause === backend.addressError : backend.addressError !== '';
    const isNews = isLost || !isTold;
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
