/**
 * What two processes say to each other while the new one takes the ports over from the old one.
 *
 * It goes over the IPC channel between parent and child, in the order of the types below. The two
 * may be of different versions, so what is here never changes its meaning: what is added must be
 * optional, and `HANDOVER_VERSION` is raised where an older process could not follow any more.
 */
import type { CheckResult } from './admin-api.ts';

/** Environment variable of the new process: a `Handover` as JSON. */
export const HANDOVER_VARIABLE = 'BALLAST_HANDOVER';
export const HANDOVER_VERSION = 1;

/** A listening socket, by the number that every thread of its process knows it by. */
export interface ListeningSocket {
  /** Of the listener in the config. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** File descriptor. Whoever opened it closes it, and nobody else. */
  readonly fd: number;
}

/** A listening socket that two processes share: the same queue of connections, accepted from by both. */
export interface InheritedSocket extends ListeningSocket {
  readonly use: 'listener' | 'admin';
}

/** What the new process finds in its environment. */
export interface Handover {
  readonly version: number;
  /** With the file descriptors that they have in the new process. */
  readonly sockets: readonly InheritedSocket[];
}

/** How the old process saw a backend last. */
export interface CarriedHealth {
  readonly pool: string;
  readonly backend: string;
  readonly url: string;
  readonly health: 'healthy' | 'unhealthy';
  /** A check that says so. */
  readonly check: CheckResult;
}

/** What a name stood for when it was last asked for. */
export interface CarriedName {
  readonly host: string;
  readonly addresses: readonly string[];
}

/** Who is signed in to the admin API: digests, and never what opens anything. */
export interface CarriedSessions {
  /** Of the token that has opened them. */
  readonly tokenDigest: string;
  readonly open: readonly { readonly digest: string; readonly leftMs: number }[];
}

/** What the old process leaves to the new one. */
export interface Carried {
  /** The changes made at run time, as the text of a state file. */
  readonly state: string;
  readonly health: readonly CarriedHealth[];
  readonly names?: readonly CarriedName[] | undefined;
  /** Null where the admin API has no token. */
  readonly sessions: CarriedSessions | null;
}

/** New process to old. */
export type FromSuccessor =
  /** The config is good and the program runs: tell me what you leave. */
  | { readonly type: 'prepared' }
  /** Every worker accepts. */
  | { readonly type: 'ready' }
  /** It has taken over what only one of them may write. The channel ends after this. */
  | { readonly type: 'serving' }
  /** It cannot start, for this reason; it ends. */
  | { readonly type: 'failed'; readonly problem: string };

/** Old process to new. */
export type ToSuccessor =
  /** Answers `prepared`. The old process changes and writes none of this from here on. */
  | ({ readonly type: 'take' } & Carried)
  /** Answers `ready`: it is yours. */
  | { readonly type: 'go' };
