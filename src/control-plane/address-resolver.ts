/**
 * The address resolver: from the names of backends to IP addresses, on the main thread.
 *
 * Workers only ever see addresses: a slow name server must not hold up a request. A name is
 * looked up when its first backend comes, every 30 s after that, and when a check of its backend
 * fails. The last good address stays in use for as long as lookups fail; a name that never
 * resolved leaves its backends `unresolved`, which is a state and not an error.
 *
 * `dns.lookup` is used, as people expect /etc/hosts and `localhost` to hold. It takes one of the
 * four threads of Node's own pool, which writes files too, so no more than two run at one time
 * and none is waited for longer than 5 s.
 */
import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Clock, SYSTEM_CLOCK, type Timer } from './clock.ts';
import type { Roster } from './roster.ts';
import type { RosterBackend } from './roster-model.ts';

const INTERVAL_MS = 30_000;
/** While the latest lookup has failed. */
const RETRY_INTERVAL_MS = 5_000;
const LOOKUP_TIMEOUT_MS = 5_000;
/** How long a start waits for the first lookups. */
const START_WAIT_MS = 2_000;
/** A failing backend does not ask the name server more often. */
const MIN_AGE_MS = 1_000;
const MAX_LOOKUPS = 2;
/** How many failed checks a backend stays at one address, once all have been tried: 30 s at the default pace. */
const FAILS_PER_TRY = 15;
/** A wait is shortened by up to this share of it. */
const JITTER = 0.1;

/** The addresses of a name, best first: never empty. Rejects with a system error. */
export type Lookup = (host: string) => Promise<readonly string[]>;

const systemLookup: Lookup = async (host) => {
  // IPv4 first: `localhost` stands for ::1 too, where most development servers do not listen.
  const found = await dnsLookup(host, { all: true, order: 'ipv4first' });
  return found.map(({ address }) => address);
};

export interface AddressResolverOptions {
  readonly roster: Roster;
  readonly clock?: Clock;
  /** 0 to 1, as `Math.random`. */
  readonly random?: () => number;
  readonly lookup?: Lookup;
}

interface Name {
  readonly host: string;
  addresses: readonly string[];
  /** Why the latest lookup failed; empty where it did not. */
  error: string;
  /** When the latest lookup ended, in monotonic time; null before the first one has. */
  lookedUpMs: number | null;
  isUnderWay: boolean;
  timer: Timer | null;
}

export class AddressResolver {
  readonly #roster: Roster;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #lookup: Lookup;
  readonly #names = new Map<string, Name>();
  readonly #queue: Name[] = [];
  #lookups = 0;
  #onSettled: () => void = () => {};
  #stop: () => void = () => {};
  #isFollowing = false;

  constructor(options: AddressResolverOptions) {
    this.#roster = options.roster;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#random = options.random ?? Math.random;
    this.#lookup = options.lookup ?? systemLookup;
  }

  /** Resolves when every name has been looked up once, or after 2 s. */
  async start(): Promise<void> {
    this.#stop = this.#roster.onPlanChange(() => this.#follow());
    this.#follow();
    if (this.#isSettled()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onSettled = resolve;
    const timer = this.#clock.after(START_WAIT_MS, resolve);
    await promise;
    timer.clear();
  }

  stop(): void {
    this.#stop();
    this.#onSettled();
    for (const name of this.#names.values()) name.timer?.clear();
    this.#names.clear();
    this.#queue.length = 0;
  }

  /** A check of this backend has failed: its name may have moved, or another address of it may do better. */
  reportFailed(backend: RosterBackend): void {
    const name = this.#names.get(backend.host);
    if (name === undefined || name.isUnderWay) return;
    if (backend.health !== 'healthy') this.#tryNext(name, backend);
    const isRecent = name.lookedUpMs !== null && this.#clock.monotonicMs() - name.lookedUpMs < MIN_AGE_MS;
    if (!isRecent) this.#ask(name);
  }

  /** Each address once, and then another one now and then: every move is a new plan for all workers. */
  #tryNext({ addresses }: Name, backend: RosterBackend): void {
    if (backend.address === null || addresses.length < 2) return;
    if (backend.failsInRow > addresses.length && backend.failsInRow % FAILS_PER_TRY !== 0) return;
    const next = addresses[addresses.indexOf(backend.address) + 1] ?? addresses[0];
    if (next !== undefined) this.#roster.tryAddress(backend, next);
  }

  /** Takes up the names that have come, and drops those that nobody uses any more. */
  #follow(): void {
    // Setting an address makes a new plan, which calls this again.
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    const hosts = new Set<string>();
    for (const backend of this.#backends()) {
      hosts.add(backend.host);
      const known = this.#names.get(backend.host);
      if (known === undefined) this.#begin(backend.host);
      else if (backend.address === null && known.lookedUpMs !== null) this.#assign(known, backend);
    }
    for (const [host, name] of this.#names) {
      if (hosts.has(host)) continue;
      name.timer?.clear();
      this.#names.delete(host);
    }
    this.#isFollowing = false;
  }

  #begin(host: string): void {
    const name: Name = { host, addresses: [], error: '', lookedUpMs: null, isUnderWay: false, timer: null };
    this.#names.set(host, name);
    this.#ask(name);
  }

  #ask(name: Name): void {
    name.timer?.clear();
    name.timer = null;
    name.isUnderWay = true;
    this.#queue.push(name);
    this.#askNext();
  }

  #askNext(): void {
    while (this.#lookups < MAX_LOOKUPS) {
      const name = this.#queue.shift();
      if (name === undefined) return;
      this.#lookups++;
      void this.#resolve(name);
    }
  }

  async #resolve(name: Name): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = this.#clock.after(LOOKUP_TIMEOUT_MS, () => late.reject(new Error('timeout')));
    const lookup = this.#lookup(name.host);
    // One that nobody waits for any more still has its thread.
    const free = (): void => {
      this.#lookups--;
      this.#askNext();
    };
    lookup.then(free, free);
    try {
      name.addresses = await Promise.race([lookup, late.promise]);
      name.error = '';
    } catch (error) {
      name.error = `${causeOf(error)} ${name.host}`;
    }
    timer.clear();
    name.isUnderWay = false;
    name.lookedUpMs = this.#clock.monotonicMs();
    // Dropped while it was looked up.
    if (this.#names.get(name.host) !== name) return;
    for (const backend of this.#backends()) if (backend.host === name.host) this.#assign(name, backend);
    const waitMs = name.error === '' ? INTERVAL_MS : RETRY_INTERVAL_MS;
    name.timer = this.#clock.after(Math.round(waitMs * (1 - JITTER * this.#random())), () => this.#ask(name));
    if (this.#isSettled()) this.#onSettled();
  }

  /** An address that the name still stands for is kept: name servers like to shuffle their answers. */
  #assign(name: Name, backend: RosterBackend): void {
    if (name.error !== '') {
      this.#roster.setAddress(backend, null, name.error);
      return;
    }
    const isKept = backend.address !== null && name.addresses.includes(backend.address);
    this.#roster.setAddress(backend, isKept ? backend.address : (name.addresses[0] ?? null), `no address ${name.host}`);
  }

  #isSettled(): boolean {
    return [...this.#names.values()].every(({ lookedUpMs }) => lookedUpMs !== null);
  }

  /** Those whose address comes from a name. */
  #backends(): RosterBackend[] {
    return this.#roster.pools.flatMap(({ backends }) =>
      backends.filter(({ host, isRemoved }) => !isRemoved && isIP(host) === 0),
    );
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
