/**
 * Where the secrets of a config text stand, so that it can be shown without them: pure.
 *
 * The values of secret keys wherever they are, and by sight what looks like one in comments, in
 * lines that are not YAML, and in URLs. A value that is nothing but a variable is no secret.
 */
import { isOnlyVariable, secretsBySight } from './secrets.ts';
import { readSource } from './source.ts';
import type { Span } from './source-tree.ts';

/** In the order of the text, none within another, none empty. */
export function secretSpansOf(text: string): Span[] {
  const known = readSource(text, '', {}).secretSpans;
  const found = known.flatMap((span) => withoutQuotes(text, span) ?? []);
  let start = 0;
  for (const line of text.split('\n')) {
    const end = start + line.length;
    const hasKnown = known.some(([from, to]) => from < end && to > start);
    for (const [from, to] of secretsBySight(line.replace(/\r$/, ''))) {
      // A line with a known value has no other but in its URLs.
      if (hasKnown && !line.slice(0, from).endsWith('//')) continue;
      found.push(...(withoutQuotes(text, [start + from, start + to]) ?? []));
    }
    start = end + 1;
  }
  return apart(found);
}

/** The secret alone: its quotes stay, and the line end after a block. Null where there is none. */
function withoutQuotes(text: string, [from, to]: Span): Span[] | null {
  const whole = text.slice(from, to).trimEnd();
  if (whole === '' || isOnlyVariable(whole) || /^(~|null|""|'')$/.test(whole)) return null;
  const isQuoted = whole.length > 2 && /^(["']).*\1$/s.test(whole);
  return [isQuoted ? [from + 1, from + whole.length - 1] : [from, from + whole.length]];
}

function apart(spans: readonly Span[]): Span[] {
  const sorted = [...spans].sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const found: Span[] = [];
  for (const span of sorted) {
    const last = found.at(-1);
    if (last === undefined || span[0] >= last[1]) found.push(span);
    else if (span[1] > last[1]) found[found.length - 1] = [last[0], span[1]];
  }
  return found;
}
