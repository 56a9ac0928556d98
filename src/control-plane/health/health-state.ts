/**
 * What a row of check results makes of a backend: pure, one result in, one state out.
 *
 * `rise` and `fall` are hysteresis: a backend that answers now well, now badly, keeps the state
 * that it has. The first pass is enough for a backend that nobody has checked before; one that
 * has never passed still needs `fall` failures, so that a single lost packet at start takes
 * nothing out.
 */
import type { PoolConfig } from '../../config/schema.ts';

export type Health = 'unknown' | 'healthy' | 'unhealthy';

export interface HealthTrack {
  readonly health: Health;
  /** Passed checks in a row, up to the latest. */
  readonly passesInRow: number;
  /** Failed checks in a row, up to the latest. */
  readonly failsInRow: number;
}

/** When a backend changes its state, and how often it is asked. */
export interface HealthRule {
  /** Passes in a row that bring an unhealthy backend back. */
  readonly rise: number;
  /** Failures in a row that take a backend out. */
  readonly fall: number;
  readonly intervalMs: number;
  /** Pace while a backend is down, ejected, unknown or changing. */
  readonly fastIntervalMs: number;
  readonly timeoutMs: number;
}

/** For a pool without `health`: can a TCP connection be made? */
const CONNECT_RULE: HealthRule = { rise: 2, fall: 3, intervalMs: 30_000, fastIntervalMs: 2_000, timeoutMs: 3_000 };

export const UNCHECKED: HealthTrack = { health: 'unknown', passesInRow: 0, failsInRow: 0 };

/** The rule of a pool, whether it is checked by HTTP or by TCP connect. */
export function healthRuleOf(pool: PoolConfig): HealthRule {
  return pool.health ?? CONNECT_RULE;
}

/** The state after one more check. */
export function afterCheck(track: HealthTrack, isPass: boolean, rule: Pick<HealthRule, 'rise' | 'fall'>): HealthTrack {
  const passesInRow = isPass ? track.passesInRow + 1 : 0;
  const failsInRow = isPass ? 0 : track.failsInRow + 1;
  let health = track.health;
  if (isPass && (health === 'unknown' || passesInRow >= rule.rise)) health = 'healthy';
  if (!isPass && failsInRow >= rule.fall) health = 'unhealthy';
  return { health, passesInRow, failsInRow };
}

/** How long to wait for the next check: the slow pace only while all is well. */
export function paceOf(
  track: HealthTrack & { readonly isEjected?: boolean },
  rule: Pick<HealthRule, 'intervalMs' | 'fastIntervalMs'>,
): number {
  const isSteady = track.health === 'healthy' && track.failsInRow === 0 && track.isEjected !== true;
  return isSteady ? rule.intervalMs : Math.min(rule.fastIntervalMs, rule.intervalMs);
}
