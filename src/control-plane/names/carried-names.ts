/**
 * What names stand for, from one process to the next: without it a restart while the name server
 * is dead would lose every backend that has a name, though the old process still served them.
 *
 * It counts as the last good answer, and is asked for anew at once like every name that comes.
 */
import { isIP } from 'node:net';
import type { CarriedName } from '../../protocol/handover.ts';
import type { Roster } from '../roster/roster.ts';

export function namesToCarry(roster: Roster): CarriedName[] {
  return [...roster.knownAddresses].map(([host, addresses]) => ({ host, addresses }));
}

/** To be called before anything is looked up, and before health is carried over: to whom, these names decide. */
export function carryNames(roster: Roster, carried: readonly CarriedName[]): void {
  for (const { host, addresses } of carried) {
    const usable = addresses.filter((address) => isIP(address) !== 0);
    if (usable.length > 0) roster.setAddresses(host, usable);
  }
}
