/**
 * Who may use the admin API: the holder of the token, or of a session that the token or the
 * one-time link has opened.
 *
 * Called for every request to the API, the metrics and the live channel. Tokens and codes are
 * held as SHA-256 digests and compared in constant time. Sessions live in memory only: the end of
 * the process ends them, but for a restart without loss, which hands their digests over. Nothing
 * here is ever logged or put into an answer.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { CarriedSessions } from '../../protocol/handover.ts';
import { FailureLimit } from './failure-limit.ts';
import { ProblemError } from './problems.ts';

/** How long the link printed at start can be used. */
export const LOGIN_CODE_MS = 10 * 60 * 1000;
/** A working day. */
export const SESSION_MS = 12 * 60 * 60 * 1000;
/** The oldest goes when one more is opened. */
const MAX_SESSIONS = 1000;
/** 256 bits: nobody guesses one, so a wrong session needs no counting. */
const SECRET_BYTES = 32;

const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest();
const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

export class Access {
  readonly #token: Buffer | null;
  readonly #monotonicMs: () => number;
  readonly #limit: FailureLimit;
  /** When each ends, by the digest of its secret, oldest first. */
  readonly #sessions = new Map<string, number>();
  #code: { readonly digest: Buffer; readonly endsMs: number } | null = null;
  #cookieName = 'ballast_session';

  /** Without a token everybody who reaches the port may do everything: on loopback only. */
  constructor(token: string | null, monotonicMs: () => number) {
    this.#token = token === null ? null : digest(token);
    this.#monotonicMs = monotonicMs;
    this.#limit = new FailureLimit(monotonicMs);
  }

  /** Cookies do not tell ports apart: without the port, two balancers would sign each other out. */
  set port(port: number) {
    this.#cookieName = `ballast_session_${port}`;
  }

  get isOpen(): boolean {
    return this.#token === null;
  }

  /** What a process that takes over needs to know its visitors again; null without a token. */
  carry(): CarriedSessions | null {
    if (this.#token === null) return null;
    const nowMs = this.#monotonicMs();
    const open = [...this.#sessions].map(([digest, endsMs]) => ({ digest, leftMs: endsMs - nowMs }));
    return { tokenDigest: this.#token.toString('base64'), open: open.filter(({ leftMs }) => leftMs > 0) };
  }

  /** Takes over the sessions of another process. With another token they are void: it was changed for a reason. */
  adopt({ tokenDigest, open }: CarriedSessions): void {
    if (this.#token === null || !timingSafeEqual(digest(tokenDigest), digest(this.#token.toString('base64')))) return;
    for (const { digest, leftMs } of open) {
      this.#sessions.set(digest, this.#monotonicMs() + Math.min(leftMs, SESSION_MS));
    }
  }

  /** Throws unless the request bears the token or a session. */
  check(request: IncomingMessage): void {
    if (this.#token === null || this.hasSession(request)) return;
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) {
      throw new ProblemError(401, 'unauthorized', 'This needs the admin token or a session.', challenge());
    }
    this.#checkToken(request, given);
  }

  hasSession(request: IncomingMessage): boolean {
    for (const secret of cookiesNamed(this.#cookieName, request.headers.cookie)) {
      const endsMs = this.#sessions.get(digest(secret).toString('base64'));
      if (endsMs !== undefined && endsMs > this.#monotonicMs()) return true;
    }
    return false;
  }

  /** Opens a session for the holder of the token. Answers the `Set-Cookie` field. */
  signIn(request: IncomingMessage, token: string): string {
    if (this.#token !== null) this.#checkToken(request, token);
    return this.#openSession();
  }

  /** Ends the session of this request. Answers the `Set-Cookie` field that forgets it. */
  signOut(request: IncomingMessage): string {
    for (const secret of cookiesNamed(this.#cookieName, request.headers.cookie)) {
      this.#sessions.delete(digest(secret).toString('base64'));
    }
    return this.#cookie('', 0);
  }

  /** A code for one sign-in within ten minutes; the one before is void. */
  newLoginCode(): string {
    const code = newSecret();
    this.#code = { digest: digest(code), endsMs: this.#monotonicMs() + LOGIN_CODE_MS };
    return code;
  }

  /** Opens a session for the holder of the code, once. Answers the `Set-Cookie` field. */
  redeem(request: IncomingMessage, code: string): string {
    this.#limit.check(request);
    const known = this.#code;
    if (known === null || !timingSafeEqual(digest(code), known.digest) || known.endsMs <= this.#monotonicMs()) {
      this.#limit.count(request);
      throw new ProblemError(
        403,
        'login-code-invalid',
        'This link has been used or is older than ten minutes. Sign in with the admin token, or restart for a new link.',
      );
    }
    this.#code = null;
    return this.#openSession();
  }

  #checkToken(request: IncomingMessage, given: string): void {
    this.#limit.check(request);
    if (this.#token !== null && timingSafeEqual(digest(given), this.#token)) return;
    this.#limit.count(request);
    throw new ProblemError(401, 'token-invalid', 'This is not the admin token.', challenge());
  }

  #openSession(): string {
    const nowMs = this.#monotonicMs();
    for (const [key, endsMs] of this.#sessions) {
      if (endsMs <= nowMs || this.#sessions.size >= MAX_SESSIONS) this.#sessions.delete(key);
    }
    const secret = newSecret();
    this.#sessions.set(digest(secret).toString('base64'), nowMs + SESSION_MS);
    return this.#cookie(secret, SESSION_MS / 1000);
  }

  #cookie(value: string, maxAgeSeconds: number): string {
    return `${this.#cookieName}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict`;
  }
}

function challenge(): { headers: Record<string, string> } {
  return { headers: { 'www-authenticate': 'Bearer realm="ballast"' } };
}

function cookiesNamed(name: string, field: string | undefined): string[] {
  const prefix = `${name}=`;
  const pairs = (field ?? '').split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(prefix)).map((pair) => pair.slice(prefix.length));
}
