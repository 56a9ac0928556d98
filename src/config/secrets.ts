/**
 * What must never be shown: the values of keys that hold secrets, and passwords in URLs.
 *
 * A misspelt `tokn` holds the secret all the same, and its line is shown for the error. So keys
 * that look like one count too.
 */
import { editDistance } from './closest.ts';

const SECRET_WORD = /token|secret|passw|credential/i;

export function isSecretKey(key: string): boolean {
  return SECRET_WORD.test(key) || editDistance(key.toLowerCase(), 'token') <= (/^t/i.test(key) ? 2 : 1);
}

/** Whether a value, as written, is nothing but a variable: that shows no secret. */
export function isOnlyVariable(written: string): boolean {
  return /^(["']?)\$\{[A-Za-z_][A-Za-z0-9_]*\}\1$/.test(written.trim());
}

/** Where passwords of URLs and values behind secret keys stand in a line, by sight alone. */
export function secretsBySight(line: string): (readonly [from: number, to: number])[] {
  const found: (readonly [number, number])[] = [];
  for (const match of line.matchAll(/(?<=:\/\/)[^\s/@"']*:?[^\s/@"']*(?=@)/g)) {
    if (match[0] !== '') found.push([match.index, match.index + match[0].length]);
  }
  for (const match of line.matchAll(/([\w-]+)["']?\s*:\s+|([\w-]+)["']\s*:/g)) {
    const from = match.index + match[0].length;
    const rest = line.slice(from).trimEnd();
    if (!isSecretKey(match[1] ?? match[2] ?? '') || rest === '') continue;
    // By sight nobody can tell where the value ends, so all the rest of the line goes.
    if (!/^(["']?)\$\{[A-Za-z_][A-Za-z0-9_]*\}\1\s*[},]?/.test(rest)) found.push([from, from + rest.length]);
  }
  return found;
}
