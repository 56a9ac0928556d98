/**
 * Takes secrets out of what leaves the machine. Pure. What is written to the support bundle is made
 * without them; this is the last look, for a token that came into a log line or a name all the same.
 */
import { HIDDEN } from '../../config/effective.ts';
import { isSecretKey } from '../../config/secrets.ts';

/** Anything shorter would be found in half of all words. */
const MIN_LENGTH = 6;
/** User and password in a URL. */
const USER_INFO = /(?<=:\/\/)[^\s/@"'`]+(?=@)/g;

/** The token, and what the variables of the environment hold whose names sound like a secret. */
export function secretsOf(token: string | null, env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const values = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && value.length >= MIN_LENGTH && isSecretKey(name) ? [value] : [],
  );
  // A longer one may hold a shorter one.
  return [...new Set([...(token === null ? [] : [token]), ...values])].sort((a, b) => b.length - a.length);
}

/** The same without any of these texts, and without users and passwords in URLs. */
export function hideSecrets(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') {
    const bare = value.replace(USER_INFO, HIDDEN);
    return secrets.reduce((text, secret) => text.replaceAll(secret, HIDDEN), bare);
  }
  if (Array.isArray(value)) return value.map((each: unknown) => hideSecrets(each, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]: [string, unknown]) => [
      key,
      isSecretKey(key) && typeof each === 'string' ? HIDDEN : hideSecrets(each, secrets),
    ]),
  );
}
