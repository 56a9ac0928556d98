/**
 * Tells when Ballast falls short of something, and when that is over: once each, however many
 * requests it costs.
 *
 * Asked once a second, it looks for counters of such failures that have moved. A shortage is over
 * when none has moved for ten seconds, so that one that comes and goes is one shortage. It never
 * writes shared memory.
 */
import { type FailureCode, failureOf } from '../../protocol/failures.ts';
import type { ShortageStatus } from '../../protocol/process.ts';
import { BACKEND_COUNTERS, type State, WORKER_COUNTERS } from '../../state/layout.ts';
import { type Clock, SYSTEM_CLOCK } from '../clock.ts';
import type { Journal } from '../journal.ts';

const QUIET_MS = 10_000;

interface Watched {
  readonly code: FailureCode;
  /** Kind of the event; with `-over` when it is over. */
  readonly kind: string;
  readonly begun: string;
  /** What happens no more; `N times` follows. */
  readonly over: string;
}

const WATCHED: readonly Watched[] = [
  {
    code: 'CONNECTIONS_FULL',
    kind: 'connections-full',
    begun: 'new clients are turned away: a worker has as many connections as it may',
    over: 'no client is turned away any more',
  },
  {
    code: 'HEAP_EXHAUSTED',
    kind: 'heap-exhausted',
    begun: 'new requests are refused: a worker is short of memory',
    over: 'no request is refused for want of memory any more',
  },
  {
    code: 'DESCRIPTORS_EXHAUSTED',
    kind: 'descriptors-exhausted',
    begun: 'backends cannot be connected to: no file descriptor is left',
    over: 'file descriptors do not run out any more',
  },
  {
    code: 'PORTS_EXHAUSTED',
    kind: 'ports-exhausted',
    begun: 'a backend cannot be connected to: no local port is left for another connection to it',
    over: 'local ports do not run out any more',
  },
  {
    code: 'SOCKET_MEMORY_EXHAUSTED',
    kind: 'socket-memory-exhausted',
    begun: 'backends cannot be connected to: the system has no memory for a socket',
    over: 'memory for sockets does not run out any more',
  },
];

interface Shortage {
  readonly watched: Watched;
  count: number;
  /** Count before it began; null while there is none. */
  countBefore: number | null;
  /** When it began, milliseconds since the epoch. */
  sinceMs: number;
  lastMs: number;
}

export class ShortageWatch {
  readonly #state: State;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #shortages: readonly Shortage[];

  constructor(state: State, journal: Journal, clock: Clock = SYSTEM_CLOCK) {
    this.#state = state;
    this.#journal = journal;
    this.#clock = clock;
    this.#shortages = WATCHED.map((watched) => ({ watched, count: 0, countBefore: null, sinceMs: 0, lastMs: 0 }));
  }

  /** Once a second. */
  look(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const shortage of this.#shortages) {
      const { watched } = shortage;
      const count = countOf(this.#state, watched.code);
      // It falls where a backend's row is cleared for another one.
      const hasMoved = count > shortage.count;
      if (hasMoved) {
        shortage.lastMs = nowMs;
        if (shortage.countBefore === null) {
          shortage.countBefore = shortage.count;
          shortage.sinceMs = this.#clock.wallMs();
          this.#tell('bad', watched.kind, `${watched.begun} (${watched.code})`);
        }
      } else if (shortage.countBefore !== null && nowMs - shortage.lastMs >= QUIET_MS) {
        const times = Math.max(0, shortage.count - shortage.countBefore);
        shortage.countBefore = null;
        this.#tell('good', `${watched.kind}-over`, `${watched.over}; it was so ${times} times`);
      }
      shortage.count = count;
    }
  }

  /** What is short now. */
  underWay(): ShortageStatus[] {
    return this.#shortages.flatMap(({ watched, count, countBefore, sinceMs }) =>
      countBefore === null
        ? []
        : [{ code: watched.code, text: watched.begun, sinceMs, count: Math.max(0, count - countBefore) }],
    );
  }

  #tell(level: 'good' | 'bad', kind: string, text: string): void {
    this.#journal.add({ level, kind, subject: '', text, origin: 'live traffic' });
  }
}

/** How often it has come up, in all workers: without a pool, and in attempts. */
function countOf(state: State, code: FailureCode): number {
  const { index } = failureOf(code);
  const { counters, capacity } = state;
  let count = 0;
  for (let worker = 0; worker < capacity.workers; worker++) {
    count += counters[state.workerCounters(worker) + WORKER_COUNTERS.FIRST_FAILURE + index] ?? 0;
    for (let backend = 0; backend < capacity.backends; backend++) {
      count += counters[state.backendCounters(worker, backend) + BACKEND_COUNTERS.FIRST_FAILURE + index] ?? 0;
    }
  }
  return count;
}
