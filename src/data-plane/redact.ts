/**
 * What of a request may be shown to people: its text without what may be secret. Pure.
 *
 * The tap's requests go through here in the worker, so that no secret ever leaves it. What is secret
 * is told by names: of fields, and of what is assigned in a target or a `Referer`. Rather too much
 * is hidden than too little; what stands in a path without a name cannot be known.
 */

const HIDDEN = '•••';

const SECRET_NAME = /auth|cookie|token|secret|key|passw|pwd|session|credential|signature|jwt|csrf|xsrf/i;
/** Names that are secret as a whole word only. */
const SECRET_WORD = /^[ \t]*(?:sig|sid|code|pass|pin|otp)[ \t]*$/i;
/** A signed token can be told by its looks. */
const SIGNED_TOKEN = /\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)*/g;

export function isSecretName(name: string): boolean {
  const plain = decoded(name);
  return SECRET_NAME.test(plain) || SECRET_WORD.test(plain);
}

/** The value of a field, cut to `most` characters, or `•••`. */
export function shownValue(name: string, value: string, most: number): string {
  return isSecretName(name) ? HIDDEN : shownText(value, most);
}

/** A target, or another text that may hold a URL, cut to `most` characters and without secrets. */
export function shownText(text: string, most: number): string {
  // Cut first: no client can make this worker look through a long text.
  return text.length <= most ? withoutSecrets(text) : `${withoutSecrets(text.slice(0, most))}…`;
}

/** Without the values that may be secret. */
function withoutSecrets(text: string): string {
  const query = text.indexOf('?');
  const path = query === -1 ? text : text.slice(0, query);
  const shown = path
    .replace(/\/\/[^/@\s]*@/g, `//${HIDDEN}@`)
    .replace(/;([^=;/]*)=[^;/]*/g, (whole, name: string) => (isSecretName(name) ? `;${name}=${HIDDEN}` : whole));
  const rest =
    query === -1
      ? ''
      : `?${text
          .slice(query + 1)
          .split('&')
          .map(shownPair)
          .join('&')}`;
  return `${shown}${rest}`.replace(SIGNED_TOKEN, HIDDEN);
}

/** One `name=value` of a query. A value that holds such a pair itself is hidden whole. */
function shownPair(pair: string): string {
  const at = pair.indexOf('=');
  if (at === -1) return pair;
  const names = [
    pair.slice(0, at),
    ...decoded(pair.slice(at + 1))
      .split('=')
      .slice(0, -1),
  ];
  return names.some(isSecretName) ? `${pair.slice(0, at)}=${HIDDEN}` : pair;
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
