/**
 * What the names of the config stand for, as the roster knows it: told by the address resolver,
 * read when entries with `addresses: all` become backends. Says what there is to say about it.
 *
 * A name may have more addresses than there are free rows in shared memory. Then those that are
 * in use stay, as many others join as there is room for, and the rest is tried again with every
 * lookup.
 */
import type { EventLevel } from '../../protocol/dashboard.ts';
import type { KnownAddresses } from './all-addresses.ts';

/** An event names no more addresses than this. */
const MAX_NAMED = 8;

interface KnownName {
  /** Why what is known of it may be out of date; empty where it is not. */
  readonly error: string;
  /** How many addresses there was no room for. */
  readonly leftOut: number;
}

export interface NameEvent {
  readonly level: EventLevel;
  readonly kind: string;
  readonly text: string;
}

export class KnownNames {
  readonly #names = new Map<string, KnownName>();
  readonly #used = new Map<string, readonly string[]>();

  /** The addresses that are used. */
  get used(): KnownAddresses {
    return this.#used;
  }

  /** Nobody asks for the name any more. */
  forget(host: string): void {
    this.#names.delete(host);
    this.#used.delete(host);
  }

  /**
   * What a name stands for now: at least one address. Answers what there is to say.
   * @param excessOf how many addresses of this name must go for what is used to fit
   */
  report(
    host: string,
    addresses: readonly string[],
    error: string,
    excessOf: (known: KnownAddresses) => number,
  ): NameEvent[] {
    const was = this.#names.get(host);
    const used = this.#used.get(host) ?? [];
    const isSettled = was !== undefined && was.leftOut === 0 && isSameSet(used, addresses);
    const now = isSettled ? used : this.#fitting(host, used, addresses, excessOf);
    this.#used.set(host, now);
    this.#names.set(host, { error, leftOut: addresses.length - now.length });
    return [
      ...changeEvents(host, was, used, now, error),
      ...staleEvents(was, now, error),
      ...roomEvents(host, was, addresses, now),
    ];
  }

  #fitting(
    host: string,
    used: readonly string[],
    addresses: readonly string[],
    excessOf: (known: KnownAddresses) => number,
  ): readonly string[] {
    const kept = used.filter((address) => addresses.includes(address));
    const all = [...kept, ...addresses.filter((address) => !used.includes(address))];
    const excess = excessOf(new Map([...this.#used, [host, all]]));
    return all.slice(0, Math.max(0, all.length - excess));
  }
}

/** Whether both hold the same, in whatever order. */
export function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each) => b.includes(each));
}

function changeEvents(
  host: string,
  was: KnownName | undefined,
  before: readonly string[],
  now: readonly string[],
  error: string,
): NameEvent[] {
  const came = now.filter((address) => !before.includes(address));
  const went = before.filter((address) => !now.includes(address));
  const isBack = was !== undefined && was.error !== '' && error === '';
  if (was === undefined || (isBack && came.length + went.length === 0)) {
    return [{ level: 'info', kind: 'backend-resolved', text: `${host} is ${listed(now)}` }];
  }
  if (came.length + went.length === 0) return [];
  const parts = [
    ...(came.length > 0 ? [`${listed(came)} came`] : []),
    ...(went.length > 0 ? [`${listed(went)} went`] : []),
  ];
  return [{ level: 'info', kind: 'addresses-changed', text: `${host}: ${parts.join(', ')}` }];
}

function staleEvents(was: KnownName | undefined, now: readonly string[], error: string): NameEvent[] {
  // An outage of the name server is told once, in whatever ways it goes on failing.
  if (error === '' || (was !== undefined && was.error !== '')) return [];
  const last = now.length === 1 ? 'the last address' : 'the last addresses';
  const stay = now.length === 1 ? 'stays' : 'stay';
  return [{ level: 'warning', kind: 'address-stale', text: `${error}; ${last} ${listed(now)} ${stay} in use` }];
}

function roomEvents(
  host: string,
  was: KnownName | undefined,
  addresses: readonly string[],
  now: readonly string[],
): NameEvent[] {
  const leftOut = addresses.length - now.length;
  if (leftOut === 0 || leftOut === was?.leftOut) return [];
  const text = `${host} has ${addresses.length} addresses, and there is room for ${now.length} of them`;
  return [{ level: 'warning', kind: 'addresses-left-out', text }];
}

function listed(addresses: readonly string[]): string {
  const named = addresses.slice(0, MAX_NAMED).join(', ');
  return addresses.length > MAX_NAMED ? `${named} and ${addresses.length - MAX_NAMED} more` : named;
}
