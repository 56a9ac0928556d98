/**
 * Who of a pool is in rotation: pure, and decided nowhere else.
 *
 * Asked by every worker when the pool's words have changed (`data-plane/availability.ts`), and by
 * the control plane, which tells people of panic. Both have it from here, so they cannot disagree.
 *
 * A backend is *available* when it is ready, not found unhealthy by checks, and not ejected. The
 * answer has up to two parts: those who are asked first, and those who are asked by an exchange
 * that has tried (or found full) all of the first. In this order:
 * 1. The available primaries, with the available backups behind them: nginx gives a request to its
 *    backups "only when the primary set gives nothing".
 * 2. Where no primary is available, or fewer than `panicPercent` of them while the available
 *    backups make up for it: both together. One that is held back while the rest is overrun would
 *    be a strange reserve.
 * 3. Panic, where even that is less than `panicPercent`: all who are ready, whatever is known of
 *    them. Checks may be wrong, and a few overrun backends die one after another. Known good
 *    backups join in; only where no primary is ready at all are the backups judged by themselves.
 * 4. Panic too, where nobody is available: those that are ejected but not found unhealthy by
 *    checks. An ejection is a guess from live traffic, and a guess beats an outage.
 * 5. Nobody: what checks find dead is dead, and a 503 at once beats three time-outs.
 *
 * Source: Envoy's panic threshold (docs, "Panic threshold"), without its overprovisioning factor.
 */

export interface Standing {
  /** What it is called in the answer. */
  readonly backend: number;
  /** It has an address, and its mode lets it have new requests. */
  readonly isReady: boolean;
  /** Checks have not found it unhealthy; nobody may have checked it yet. */
  readonly isHealthy: boolean;
  readonly isEjected: boolean;
  /** It serves only while the others cannot. */
  readonly isBackup: boolean;
}

export interface Rotation {
  /** Whom the policy chooses from. */
  readonly candidates: readonly number[];
  /** Whom it chooses from once an exchange has tried all candidates. */
  readonly reserves: readonly number[];
  /** There are candidates that would not be any if there were enough better ones. */
  readonly isPanic: boolean;
}

/** @param panicPercent of the ready primaries that must be available; 0 is never */
export function rotationOf(standings: readonly Standing[], panicPercent: number): Rotation {
  const primaries = standings.filter(({ isReady, isBackup }) => isReady && !isBackup);
  const backups = standings.filter(({ isReady, isBackup }) => isReady && isBackup);
  const front = primaries.filter(isAvailable);
  const spare = backups.filter(isAvailable);
  const all = primaries.length > 0 ? primaries : backups;
  const isEnough = (count: number): boolean => count > 0 && count * 100 >= panicPercent * all.length;

  if (isEnough(front.length)) return rotation(front, spare, false);
  if (isEnough(front.length + spare.length)) return rotation([...front, ...spare], [], false);
  if (panicPercent > 0 && all.length > 0) {
    return rotation(primaries.length > 0 ? [...primaries, ...spare] : backups, [], true);
  }
  const [first, second] = [primaries.filter(isHealthy), backups.filter(isHealthy)];
  const isAnyLeft = first.length + second.length > 0;
  return first.length > 0 ? rotation(first, second, true) : rotation(second, [], isAnyLeft);
}

/** Whether it may have new requests while all is well with the pool. */
export function isAvailable({ isReady, isHealthy, isEjected }: Omit<Standing, 'backend' | 'isBackup'>): boolean {
  return isReady && isHealthy && !isEjected;
}

const isHealthy = (standing: Standing): boolean => standing.isHealthy;

function rotation(candidates: readonly Standing[], reserves: readonly Standing[], isPanic: boolean): Rotation {
  return { candidates: candidates.map(numberOf), reserves: reserves.map(numberOf), isPanic };
}

const numberOf = ({ backend }: Standing): number => backend;
