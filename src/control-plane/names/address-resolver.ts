/**
 * The address resolver: keeps the names of backends resolved, on the main thread.
 *
 * Workers only ever see addresses: a slow name server must not hold up a request. A name is
 * looked up when its first backend comes, when its TTL has run out, and when a check of one of
 * its backends fails. What it stands for is told to the roster: to each backend that uses one
 * address, and as a whole for the entries that use all of them. A name that never resolved leaves
 * its backends `unresolved`, which is a state and not an error.
 */
import { isIP } from 'node:net';
import type { DnsConfig } from '../../config/schema.ts';
import { type Clock, SYSTEM_CLOCK, type Timer } from '../clock.ts';
import type { Roster } from '../roster/roster.ts';
import type { RosterBackend } from '../roster/roster-model.ts';
import { isOneOfAll } from './all-addresses.ts';
import { createLookup, type Lookup } from './name-lookup.ts';
import {
  addressesOf,
  afterAnswer,
  beforeAnswer,
  doubtAbout,
  doubtAboutAll,
  type NameState,
  waitMsAfter,
} from './name-state.ts';

/** How long a start waits for the first lookups. */
const START_WAIT_MS = 2_000;
/** A failing backend does not ask the name server more often. */
const MIN_AGE_MS = 1_000;
/** A thousand names at once would be a burst of packets, of which some would be lost. */
const MAX_LOOKUPS = 32;
/** How many failed checks a backend stays at one address, once all have been tried: 30 s at the default pace. */
const FAILS_PER_TRY = 15;
/**
 * A wait is lengthened by up to this share of it, never shortened: a name server that keeps
 * answers would give the old one again, with a second to live.
 */
const JITTER = 0.1;

export interface AddressResolverOptions {
  readonly roster: Roster;
  readonly clock?: Clock;
  /** 0 to 1, as `Math.random`. */
  readonly random?: () => number;
  readonly lookup?: Lookup;
}

interface Name {
  readonly host: string;
  state: NameState;
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
  #settings: DnsConfig;
  #lookups = 0;
  #onSettled: () => void = () => {};
  #stop: () => void = () => {};
  #isFollowing = false;

  constructor(options: AddressResolverOptions) {
    this.#roster = options.roster;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#random = options.random ?? Math.random;
    this.#lookup = options.lookup ?? createLookup({ clock: this.#clock });
    this.#settings = options.roster.config.dns;
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
    if (backend.health !== 'healthy' && !isOneOfAll(backend)) this.#tryNext(name, backend);
    const isRecent = name.lookedUpMs !== null && this.#clock.monotonicMs() - name.lookedUpMs < MIN_AGE_MS;
    if (!isRecent) this.#ask(name);
  }

  /** Each address once, and then another one now and then: every move is a new plan for all workers. */
  #tryNext({ state }: Name, backend: RosterBackend): void {
    const addresses = addressesOf(state);
    if (backend.address === null || addresses.length < 2) return;
    if (backend.failsInRow > addresses.length && backend.failsInRow % FAILS_PER_TRY !== 0) return;
    const next = addresses[addresses.indexOf(backend.address) + 1] ?? addresses[0];
    if (next !== undefined) this.#roster.tryAddress(backend, next);
  }

  /** Takes up the names that have come, drops those that nobody uses any more, and asks anew where the settings have changed. */
  #follow(): void {
    // Setting an address makes a new plan, which calls this again.
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    const { dns } = this.#roster.config;
    const isAskedAnew = JSON.stringify(dns) !== JSON.stringify(this.#settings);
    this.#settings = dns;
    const hosts = new Set<string>();
    for (const backend of this.#backends()) {
      hosts.add(backend.host);
      const name = this.#names.get(backend.host) ?? this.#begin(backend.host);
      const isKnown = name.lookedUpMs !== null || addressesOf(name.state).length > 0;
      if (backend.address === null && isKnown) this.#assign(name, backend);
    }
    for (const [host, name] of this.#names) {
      if (hosts.has(host)) {
        if (isAskedAnew && !name.isUnderWay) this.#ask(name);
        continue;
      }
      name.timer?.clear();
      this.#names.delete(host);
      this.#roster.forgetName(host);
    }
    this.#isFollowing = false;
  }

  #begin(host: string): Name {
    const state = beforeAnswer(this.#roster.knownAddresses.get(host) ?? []);
    const name: Name = { host, state, lookedUpMs: null, isUnderWay: false, timer: null };
    this.#names.set(host, name);
    this.#ask(name);
    return name;
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
    const { maxTtlMs } = this.#settings;
    const answer = await this.#lookup(name.host, this.#settings);
    this.#lookups--;
    this.#askNext();
    name.isUnderWay = false;
    name.lookedUpMs = this.#clock.monotonicMs();
    // Dropped while it was looked up.
    if (this.#names.get(name.host) !== name) return;
    name.state = afterAnswer(name.state, answer);
    const addresses = addressesOf(name.state);
    if (addresses.length > 0)
      this.#roster.setAddresses(name.host, addresses, withHost(doubtAboutAll(name.state), name));
    for (const backend of this.#backends()) if (backend.host === name.host) this.#assign(name, backend);
    const waitMs = Math.round(waitMsAfter(answer, maxTtlMs) * (1 + JITTER * this.#random()));
    name.timer = this.#clock.after(waitMs, () => this.#ask(name));
    if (this.#isSettled()) this.#onSettled();
  }

  /** An address that the name still stands for is kept. */
  #assign(name: Name, backend: RosterBackend): void {
    if (isOneOfAll(backend)) return;
    const addresses = addressesOf(name.state);
    if (backend.address !== null && addresses.includes(backend.address)) {
      const doubt = doubtAbout(backend.address, name.state);
      this.#roster.setAddress(backend, doubt === '' ? backend.address : null, withHost(doubt, name));
    } else {
      this.#roster.setAddress(backend, addresses[0] ?? null, withHost(doubtAboutAll(name.state), name));
    }
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

/** `ETIMEOUT app.internal`; empty stays empty. */
function withHost(doubt: string, { host }: Name): string {
  return doubt === '' ? '' : `${doubt} ${host}`;
}
