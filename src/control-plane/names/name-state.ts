/**
 * What is known of one name after each lookup, and when to look again: pure.
 *
 * The last good addresses stay for as long as lookups fail, each kind by itself: where a server
 * answers for IPv4 and is silent about IPv6, the one is as it says and the other as it was. A
 * name that has no address any more is taken for a mistake as well: a dead address costs a health
 * check, a lost one the service.
 */

import { isIPv4 } from 'node:net';
import { isSameSet } from './known-names.ts';
import { isFound, type LookupAnswer } from './name-lookup.ts';
import type { KindAnswer } from './name-servers.ts';

/** A TTL of 0 means not to keep the answer at all; it must not mean to ask without end. */
export const MIN_TTL_MS = 1_000;
/** While nothing is found. */
export const RETRY_INTERVAL_MS = 5_000;

interface KnownKind {
  /** In the order of the answer that first had them. */
  readonly addresses: readonly string[];
  /** Why they may be out of date, or are not there; empty where all is well. */
  readonly error: string;
}

export interface NameState {
  readonly ipv4: KnownKind;
  readonly ipv6: KnownKind;
}

/** Before the first lookup; `addresses` are those that an earlier process knew. */
export function beforeAnswer(addresses: readonly string[]): NameState {
  return {
    ipv4: { addresses: addresses.filter((address) => isIPv4(address)), error: '' },
    ipv6: { addresses: addresses.filter((address) => !isIPv4(address)), error: '' },
  };
}

/** The state after one more lookup. */
export function afterAnswer(state: NameState, answer: LookupAnswer): NameState {
  const isAnyFound = isFound(answer);
  const after = (was: KnownKind, { addresses, isKnown, error }: KindAnswer): KnownKind => {
    if (!isKnown || !isAnyFound) return { addresses: was.addresses, error };
    // Name servers like to shuffle their answers: that is no news.
    return { addresses: isSameSet(was.addresses, addresses) ? was.addresses : addresses, error: '' };
  };
  return { ipv4: after(state.ipv4, answer.ipv4), ipv6: after(state.ipv6, answer.ipv6) };
}

/** IPv4 first: many a server listens there only, also where its name has both. */
export function addressesOf({ ipv4, ipv6 }: NameState): readonly string[] {
  return [...ipv4.addresses, ...ipv6.addresses];
}

/** Why this address may be out of date; empty where it is not. */
export function doubtAbout(address: string, { ipv4, ipv6 }: NameState): string {
  return ipv4.addresses.includes(address) ? ipv4.error : ipv6.error;
}

/** Why any of the addresses may be out of date, or where there are none, why; empty where all is well. */
export function doubtAboutAll({ ipv4, ipv6 }: NameState): string {
  const holding = [ipv4, ipv6].filter(({ addresses }) => addresses.length > 0);
  const all = holding.length > 0 ? holding : [ipv4, ipv6];
  return all.find(({ error }) => error !== '')?.error ?? '';
}

/** How long the answer may be believed. */
export function waitMsAfter(answer: LookupAnswer, maxTtlMs: number): number {
  if (!isFound(answer)) return RETRY_INTERVAL_MS;
  const ttls = [answer.ipv4, answer.ipv6].filter(({ addresses }) => addresses.length > 0).map(({ ttlMs }) => ttlMs);
  return Math.min(Math.max(Math.min(...ttls), MIN_TTL_MS), maxTtlMs);
}
