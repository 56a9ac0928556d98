/**
 * The story of one request: what the tap shows of it (`protocol/tap.ts`).
 *
 * Made by `tap.ts` for requests that begin while somebody looks, and told by the exchange as it
 * happens. It notes and decides nothing; names, fields and candidates are made out at the end, and
 * only of a request that is shown. No secret leaves it: see `redact.ts`.
 */
import type { HeadReader } from '../http1/head-reader.ts';
import type { Failure, FailureCode } from '../protocol/failures.ts';
import type { TappedAttempt, TappedCandidate } from '../protocol/tap.ts';
import type { TappedStory } from '../protocol/worker.ts';
import type { RotationNow } from './availability.ts';
import type { Clock } from './clock.ts';
import type { Pool } from './pool.ts';
import { shownText, shownValue } from './redact.ts';
import type { TrustedNetworks } from './trusted-networks.ts';

const MAX_CANDIDATES = 50;
const MAX_FIELDS = 64;
const MAX_NAME = 128;
const MAX_VALUE = 256;
/** Characters of all values together: what is kept of a request stays within a bound. */
const MAX_VALUES = 8 * 1024;
const MAX_TARGET = 1024;
/** Attempts that are told; stale connections could make more of them than are of any use. */
const MAX_ATTEMPTS = 32;

type Attempt = { -readonly [Key in keyof TappedAttempt]: TappedAttempt[Key] };

export class Story {
  readonly atMs: number;
  readonly #clock: Clock;
  readonly #startMs: number;
  /** From the first byte of the head to its last; null where it came in one read. */
  readonly #headMs: number | null;
  /** The request line and the fields, as they came; empty where they were not understood. */
  readonly #line: string;
  readonly #lines: string;
  readonly #methodEnd: number;
  readonly #targetStart: number;
  readonly #minorVersion: number;
  readonly #peer: string;
  readonly #trust: TrustedNetworks;
  #fields: readonly (readonly [string, string])[] | null = null;
  #pool: Pool | null = null;
  #rotation: RotationNow | null = null;
  #waitSinceMs: number | null = null;
  #waitedFromMs: number | null = null;
  #waitedMs = 0;
  readonly #attempts: Attempt[] = [];
  #attempt: Attempt | null = null;
  #target: string | null = null;
  /** Number of its route, from 1. */
  route: number | null = null;
  status = 0;
  code: FailureCode | null = null;
  durationMs = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  /** @param reader with a head that is complete, or that was refused: what was not read of it stays empty */
  constructor(reader: HeadReader, peer: string, trust: TrustedNetworks, clock: Clock) {
    const { head, buffer, base } = reader;
    this.#clock = clock;
    this.#startMs = clock.now();
    this.atMs = clock.wallMs();
    this.#headMs = reader.sinceMs === 0 ? null : this.#startMs - reader.sinceMs;
    const isLineRead = head.targetEnd > 0;
    this.#line = isLineRead ? buffer.toString('latin1', base + head.start, base + head.targetEnd) : '';
    this.#methodEnd = head.methodEnd - head.start;
    this.#targetStart = head.targetStart - head.start;
    const areFieldsRead = head.fieldsEnd > head.fieldsStart;
    this.#lines = areFieldsRead ? buffer.toString('latin1', base + head.fieldsStart, base + head.fieldsEnd) : '';
    this.#minorVersion = head.minorVersion;
    this.#peer = peer;
    this.#trust = trust;
  }

  get #nowMs(): number {
    return this.#clock.now() - this.#startMs;
  }

  /** @param route its number, from 1; null where none took it */
  routed(route: number | null, pool: Pool | null): void {
    this.route = route;
    this.#pool = pool;
  }

  waits(): void {
    this.#waitSinceMs ??= this.#nowMs;
    this.#waitedFromMs ??= this.#waitSinceMs;
  }

  #waitEnds(): void {
    if (this.#waitSinceMs === null) return;
    this.#waitedMs += this.#nowMs - this.#waitSinceMs;
    this.#waitSinceMs = null;
  }

  /** An attempt begins; `pool` may be another one than before, where the plan has changed. */
  tries(pool: Pool, backend: string): void {
    this.#waitEnds();
    this.#pool = pool;
    if (this.#attempts.length === 0) this.#rotation = pool.availability.now();
    const startMs = this.#nowMs;
    this.#attempt = {
      backend,
      isReused: false,
      startMs,
      connectedMs: null,
      answerMs: null,
      endMs: startMs,
      status: 0,
      code: null,
      detail: '',
    };
    if (this.#attempts.length < MAX_ATTEMPTS) this.#attempts.push(this.#attempt);
  }

  /** There is no place for it. */
  isNotPlaced(): void {
    this.#rotation ??= this.#pool?.availability.now() ?? null;
  }

  connected(isReused: boolean): void {
    if (this.#attempt === null) return;
    this.#attempt.isReused = isReused;
    this.#attempt.connectedMs = this.#nowMs;
  }

  answered(status: number): void {
    if (this.#attempt === null) return;
    this.#attempt.status = status;
    this.#attempt.answerMs = this.#nowMs;
  }

  attemptEnded(failure: Failure | null, detail: string): void {
    if (this.#attempt === null) return;
    this.#attempt.endMs = this.#nowMs;
    this.#attempt.code = failure?.code ?? null;
    this.#attempt.detail = detail;
    this.#attempt = null;
  }

  ended(status: number, failure: Failure | null, durationMs: number, bytesIn: number, bytesOut: number): void {
    if (this.#waitSinceMs !== null) this.isNotPlaced();
    this.#waitEnds();
    this.status = status;
    this.code = failure?.code ?? null;
    this.durationMs = durationMs;
    this.#bytesIn = bytesIn;
    this.#bytesOut = bytesOut;
  }

  get method(): string {
    return this.#line.slice(0, this.#methodEnd);
  }

  /** As it is shown: whoever searches in it finds no secret by trial. */
  get target(): string {
    this.#target ??= shownText(this.#line.slice(this.#targetStart), MAX_TARGET);
    return this.#target;
  }

  get host(): string {
    return this.#valueOf('host').slice(0, MAX_VALUE);
  }

  /** Who asked: the socket's address, or what a trusted proxy says it is. */
  get client(): string {
    return this.#trust.clientOf(this.#peer, this.#trust.isEmpty ? '' : this.#valueOf('x-forwarded-for'));
  }

  get pool(): string | null {
    return this.#pool?.plan.name ?? null;
  }

  hasTried(backend: string): boolean {
    return this.#attempts.some((attempt) => attempt.backend === backend);
  }

  /** All that is shown of it. */
  told(): TappedStory {
    return {
      atMs: this.atMs,
      client: this.client,
      method: this.method,
      host: this.host,
      target: this.target,
      version: `1.${this.#minorVersion}`,
      fields: this.#shownFields(),
      route: this.route,
      pool: this.pool,
      policy: this.#rotation?.policy ?? null,
      candidates: this.#candidates(),
      waitedFromMs: this.#waitedFromMs === null ? null : rounded(this.#waitedFromMs),
      waitedMs: rounded(this.#waitedMs),
      attempts: this.#attempts.map(inMicroseconds),
      status: this.status,
      code: this.code,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      durationMs: rounded(this.durationMs),
      headMs: this.#headMs === null ? null : rounded(this.#headMs),
    };
  }

  #allFields(): readonly (readonly [string, string])[] {
    this.#fields ??= this.#lines
      .split('\r\n')
      .filter((line) => line !== '')
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')] as const;
      });
    return this.#fields;
  }

  #valueOf(lowerName: string): string {
    return this.#allFields()
      .filter(([name]) => name.toLowerCase() === lowerName)
      .map(([, value]) => value)
      .join(', ');
  }

  #shownFields(): (readonly [string, string])[] {
    const shown: (readonly [string, string])[] = [];
    let left = MAX_VALUES;
    for (const [name, value] of this.#allFields().slice(0, MAX_FIELDS)) {
      const text = shownValue(name, value, Math.min(MAX_VALUE, left));
      shown.push([name.slice(0, MAX_NAME), text]);
      left = Math.max(0, left - text.length);
    }
    return shown;
  }

  /** Those that were tried first, then the others that could be asked, then those that are out. */
  #candidates(): TappedCandidate[] {
    const pool = this.#pool;
    const rotation = this.#rotation;
    if (pool === null || rotation === null) return [];
    const roles = new Map<number, TappedCandidate['role']>();
    for (const slot of rotation.reserves) roles.set(slot, 'reserve');
    for (const slot of rotation.candidates) roles.set(slot, 'candidate');
    const rank = ({ backend, role }: TappedCandidate): number =>
      this.hasTried(backend) ? 0 : role === 'candidate' ? 1 : role === 'reserve' ? 2 : 3;
    return pool.plan.backends
      .map(({ name, slot }): TappedCandidate => ({ backend: name, role: roles.get(slot) ?? 'out', reason: '' }))
      .sort((a, b) => rank(a) - rank(b))
      .slice(0, MAX_CANDIDATES);
  }
}

/** Microseconds are as fine as anybody reads. */
const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;

const roundedOrNull = (milliseconds: number | null): number | null =>
  milliseconds === null ? null : rounded(milliseconds);

function inMicroseconds(attempt: Attempt): TappedAttempt {
  return {
    ...attempt,
    startMs: rounded(attempt.startMs),
    connectedMs: roundedOrNull(attempt.connectedMs),
    answerMs: roundedOrNull(attempt.answerMs),
    endMs: rounded(attempt.endMs),
  };
}
