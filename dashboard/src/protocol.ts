/**
 * The types of the live channel, and the few values that go with them: a page can only import
 * types from the server's side, so they are written here again.
 */
import type { LIVE_VERSION as ServerVersion } from '../../src/protocol/live.ts';
import type {
  TAP_MINUTES as ServerMinutes,
  TAP_PER_SECOND as ServerPerSecond,
  MAX_TAPS as ServerTaps,
} from '../../src/protocol/tap.ts';

export type { EventLevel, LiveEvent, PolicyInfo } from '../../src/protocol/dashboard.ts';
export type { FailureCode, FailureText } from '../../src/protocol/failures.ts';
export type { HistoryAnswer, HistoryColumn, HistoryRange, PoolLinesAnswer } from '../../src/protocol/history.ts';
export type * from '../../src/protocol/live.ts';
export type { HandoverState, ProcessFields, ShortageStatus, ThreadFigures } from '../../src/protocol/process.ts';
export type {
  TapFields,
  TapFilter,
  TappedAttempt,
  TappedCandidate,
  TappedRequest,
} from '../../src/protocol/tap.ts';

/** The types make a different number on the server's side an error of compilation. */
export const PAGE_VERSION: typeof ServerVersion = 2;
export const TAP_PER_SECOND: typeof ServerPerSecond = 20;
export const TAP_MINUTES: typeof ServerMinutes = 5;
export const MAX_TAPS: typeof ServerTaps = 8;
