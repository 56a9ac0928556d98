/**
 * All pools together, second by second: rates from the sums of their counts, percentiles from
 * their merged buckets. Used by the sampler only.
 */
import type { LatencyMs } from '../../protocol/admin-api.ts';
import { HISTOGRAM_BUCKETS } from '../../state/histogram.ts';
import type { Figures } from '../history/figures.ts';
import { LatencySeconds, RateWindow } from './sampler-window.ts';

const merged = new Uint32Array(HISTOGRAM_BUCKETS);

export class TotalsRow implements Figures {
  finished = 0;
  errors = 0;
  retries = 0;
  inFlight = 0;
  connections = 0;
  idleConnections = 0;
  clientConnections = 0;
  queued = 0;
  /** Over the last ten seconds. */
  rps = 0;
  errorsPerSecond = 0;
  readonly #rate = new RateWindow();
  readonly #errorRate = new RateWindow();
  readonly #seconds = new LatencySeconds();

  /** Ends a second that took `elapsedMs`, after the rows of all pools have ended theirs. */
  advance(
    elapsedMs: number,
    pools: readonly (Figures & { readonly idleConnections: number })[],
    clients: number,
  ): void {
    this.finished = sum(pools, (row) => row.finished);
    this.errors = sum(pools, (row) => row.errors);
    this.retries = sum(pools, (row) => row.retries);
    this.inFlight = sum(pools, (row) => row.inFlight);
    this.connections = sum(pools, (row) => row.connections);
    this.idleConnections = sum(pools, (row) => row.idleConnections);
    this.queued = sum(pools, (row) => row.queued);
    this.clientConnections = clients;
    this.#rate.add(this.finished, elapsedMs);
    this.#errorRate.add(this.errors, elapsedMs);
    this.rps = this.#rate.perSecond();
    this.errorsPerSecond = this.#errorRate.perSecond();
    const second = this.#seconds.begin();
    for (const { latencies } of pools) latencies?.addTo(merged, 1);
    for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
      const count = merged[bucket] as number;
      if (count > 0) second.push(bucket, count);
    }
    if (second.length > 0) this.#seconds.touch();
    merged.fill(0);
  }

  get latencies(): LatencySeconds {
    return this.#seconds;
  }

  /** Over the last ten seconds; the same object until it changes. */
  latency(): LatencyMs {
    return this.#seconds.latency();
  }
}

function sum<Row>(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}
