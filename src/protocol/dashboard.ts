/** What the journal, the live channel and the dashboard call things. The channel itself is in `live.ts`. */

export type EventLevel = 'info' | 'good' | 'warning' | 'bad';

/** Something that happened, in words. */
export interface LiveEvent {
  /** Ascending, without gaps, since the start of the process. */
  readonly id: number;
  readonly atMs: number;
  readonly level: EventLevel;
  /** Stable kind, such as `backend-down`, `policy-changed`, `worker-replaced`. */
  readonly kind: string;
  /** `pool/backend`, `pool`, `worker 1`, or empty for the whole. */
  readonly subject: string;
  readonly text: string;
  /** `health check`, `live traffic`, `admin API`, `config file`, `supervisor`, `signal` */
  readonly origin: string;
}

export interface PolicyInfo {
  readonly name: string;
  readonly summary: string;
  readonly usesWeights: boolean;
}
