/**
 * The types of the live channel, and the one value that goes with them: a page can only import
 * types from the server's side, so the version is written here again.
 */
import type { LIVE_VERSION as ServerVersion } from '../../src/protocol/live.ts';

export type { EventLevel, LiveEvent, PolicyInfo } from '../../src/protocol/dashboard.ts';
export type { HistoryAnswer, HistoryColumn, HistoryRange, PoolLinesAnswer } from '../../src/protocol/history.ts';
export type * from '../../src/protocol/live.ts';

/** The type makes a different number on the server's side an error of compilation. */
export const PAGE_VERSION: typeof ServerVersion = 2;
