/**
 * The types of the live channel, and the one value that goes with them: a page can only import
 * types from the server's side, so the version is written here again.
 */
import type { LIVE_VERSION as ServerVersion } from '../../src/protocol/dashboard.ts';

export type { LiveEvent, PolicyInfo, ServerMessage } from '../../src/protocol/dashboard.ts';

/** The type makes a different number on the server's side an error of compilation. */
export const LIVE_VERSION: typeof ServerVersion = 1;
