/**
 * What must be true of every single request of a run, read off the join of the three logs. Each
 * rule is pure and says in words what is wrong, or null.
 */
import { FAILURES } from '../../src/protocol/failures.ts';
import type { BudgetTerms } from './climates.ts';
import type { Row } from './joined.ts';
import { type ClientRecord, EARLY } from './records.ts';

export interface Terms {
  /** `retry.attempts` of the pool. */
  readonly attempts: number;
  /**
   * The balancer, or a worker of it, has died on purpose in this run: what it had under way may be
   * lost without an answer or a line of the log. Never doubled, and never short without showing it.
   */
  readonly isMortal: boolean;
  /** The balancer has been stopped in order in this run: what it never took may be lost. */
  readonly isStopping?: boolean;
  /** Backends have limits, so that requests wait. */
  readonly hasQueue?: boolean;
  /** No backend has been removed in this run, with the figures that it had. */
  readonly isRosterWhole: boolean;
  /** What tries again are held against, where the pool is short of them. */
  readonly budget?: BudgetTerms | null;
  /** How long the run has taken. */
  readonly seconds?: number;
}

export type Rule = (row: Row, terms: Terms) => string | null;

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE', 'QUERY']);
const STATUS_OF: ReadonlyMap<string, number> = new Map(FAILURES.map(({ code, status }) => [code as string, status]));
/** `UPSTREAM_STALE` is tried again without being counted, once. */
const STALE_TRIES = 1;

/** The client itself, or a fault between it and the balancer, may have ended it. */
const isOwnDoing = ({ behaviour, isBehindFaults }: ClientRecord): boolean =>
  isBehindFaults || behaviour.startsWith('leave');

const isOwnAnswer = ({ status, servedBy }: ClientRecord): boolean => status > 0 && servedBy === '';

export const REQUEST_RULES = {
  /** Every request has come to an end, and one that is HTTP. */
  ended({ client, lines }) {
    // Half a HEAD is not known for one: it is refused with a body.
    if (client.end === 'malformed' && client.isBehindFaults && client.method === 'HEAD' && lines.length === 0)
      return null;
    // A fault in front of the balancer can be that nothing comes through.
    if (client.end === 'hung' && client.isBehindFaults) return null;
    if (client.end === null || client.end === 'hung') return 'has neither an answer nor an end';
    return client.end === 'malformed' ? `the answer is not HTTP: ${client.error}` : null;
  },

  /** Nobody who waited for an answer was left without one. */
  answered({ client, lines, seen }, { isMortal, isStopping = false, hasQueue = false }) {
    if (isMortal || isOwnDoing(client)) return null;
    if (isStopping && lines.length === 0 && seen.length === 0) return null;
    // One who ends its side while it waits for a place is taken for gone.
    if (hasQueue && client.behaviour === 'half-close' && lines[0]?.code === 'CLIENT_CLOSED') return null;
    return client.end === 'unanswered' || client.end === 'refused' ? `${client.end}: ${client.error}` : null;
  },

  /** It is in the access log once; not at all only where the balancer never had all of its head. */
  logged({ client, lines }, { isMortal }) {
    if (lines.length > 1) return `${lines.length} lines in the log`;
    const isKnown = client.status > 0 && client.servedBy !== EARLY && !isOwnDoing(client);
    return isKnown && lines.length === 0 && !isMortal ? `answered ${client.status} and not in the log` : null;
  },

  /** Client and log tell the same status and the same failure. */
  sameStory({ client, lines }) {
    const [line] = lines;
    // The fault proxy before the balancer has answered in its place.
    if (line === undefined || (client.isBehindFaults && client.servedBy === EARLY)) return null;
    if (client.method !== line.method) return `the log says ${line.method}`;
    if (client.status > 0 && client.status !== line.status) return `got ${client.status}, the log says ${line.status}`;
    if (client.code !== '' && client.code !== line.code) return `got ${client.code}, the log says ${line.code}`;
    const isForwarded = client.status > 0 && client.code === '';
    return isForwarded && client.servedBy !== EARLY && client.servedBy !== line.backend
      ? `answered by "${client.servedBy}", the log says "${line.backend}"`
      : null;
  },

  /** An answer is signed by a backend or names a failure of the table with its status: one of both. */
  signed({ client }) {
    if (client.status === 0) return null;
    if (!isOwnAnswer(client)) return client.code === '' ? null : `signed by ${client.servedBy} and by ${client.code}`;
    const status = STATUS_OF.get(client.code);
    if (status === undefined) return `${client.status} without a known code: "${client.code}"`;
    if (status !== client.status) return `${client.code} goes with ${status}, got ${client.status}`;
    const isNamed = client.method === 'HEAD' || client.text.startsWith(`${client.code}: `);
    return isNamed || client.end !== 'answered' ? null : `${client.code} is not in the text "${client.text}"`;
  },

  /** A whole answer of a backend is this request's, to the last byte. */
  wholeBody({ client }) {
    if (client.end !== 'answered' || isOwnAnswer(client) || client.servedBy === EARLY) return null;
    if (client.echoedId !== client.id) return `got the answer to "${client.echoedId}"`;
    if (client.gotBytes !== client.answerBytes)
      return `a clean body of ${client.gotBytes} of ${client.answerBytes} bytes`;
    return client.gotSum === client.answerSum ? null : 'the body of the answer is not the one that was sent';
  },

  /** A cut answer is a failure in the log, too, and what the log takes for whole is whole. */
  cutIsKnown({ client, lines }) {
    const [line] = lines;
    if (line === undefined || isOwnDoing(client)) return null;
    return client.end === 'cut' && line.code === '' ? `cut (${client.error}), and fine in the log` : null;
  },

  /** A request that may not be repeated reaches one backend at most, once. */
  once({ client, seen }) {
    if (IDEMPOTENT.has(client.method)) return null;
    const heads = seen.filter(({ event }) => event === 'head');
    return heads.length > 1 ? `${client.method} reached ${heads.map(({ backend }) => backend).join(' and ')}` : null;
  },

  /** Nothing reaches backends more often than is allowed, or than the log says. */
  attempts({ seen, lines }, { attempts }) {
    const heads = seen.filter(({ event }) => event === 'head').length;
    const [line] = lines;
    if (line !== undefined && heads > line.attempts) return `${heads} tries seen, ${line.attempts} in the log`;
    const tries = Math.max(heads, line?.attempts ?? 0);
    return tries > attempts + STALE_TRIES ? `${tries} tries of ${attempts}` : null;
  },

  /** What a backend takes for a whole request is the whole request. */
  wholeRequest({ client, seen }) {
    for (const { backend, event, bytes, sum } of seen) {
      if (event !== 'whole' || (bytes === client.bodyBytes && sum === client.bodySum)) continue;
      return `${backend} took ${bytes} of ${client.bodyBytes} bytes for the whole request`;
    }
    return null;
  },

  /** A backend's answer to a request comes from one that has had it. */
  served({ client, seen }) {
    if (client.status === 0 || isOwnAnswer(client) || client.servedBy === EARLY) return null;
    return seen.some(({ backend, event }) => event === 'head' && backend === client.servedBy)
      ? null
      : `${client.servedBy} has answered without being asked`;
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RequestRule = keyof typeof REQUEST_RULES;

/** Whether the request is one that may be repeated (RFC 9110 section 9.2.2). */
export const isIdempotent = (method: string): boolean => IDEMPOTENT.has(method);
