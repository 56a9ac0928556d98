/**
 * Which of the palette's own items match what is typed, and in what order: every word must occur,
 * the beginning of a word counts more than its middle, and what was used lately comes first. Pure.
 * Pools and backends are ranked by the server, by the same rule.
 */

export interface Ranked {
  readonly key: string;
  readonly words: string;
  /** What it is found by beside its words. */
  readonly also?: string;
}

export function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** Null where a word does not occur; the less, the nearer. */
export function distanceOf({ words, also = '' }: Omit<Ranked, 'key'>, query: readonly string[]): number | null {
  const name = words.toLowerCase();
  const rest = also.toLowerCase();
  let sum = 0;
  for (const word of query) {
    const place = nearestPlace(name, word);
    if (place === null && !rest.includes(word)) return null;
    sum += place ?? 4;
  }
  return sum;
}

/** 0 the whole, 1 its beginning, 2 the beginning of a word, 3 the middle of one; null, nowhere. */
function nearestPlace(name: string, word: string): number | null {
  if (name === word) return 0;
  if (name.startsWith(word)) return 1;
  let nearest: number | null = null;
  for (let place = name.indexOf(word); place !== -1; place = name.indexOf(word, place + 1)) {
    if (!/[a-z0-9]/.test(name[place - 1] ?? '')) return 2;
    nearest = 3;
  }
  return nearest;
}

/** As the server has ranked them; among equals what was used lately comes first. */
export function withRecent<Item extends { readonly key: string; readonly distance: number }>(
  items: readonly Item[],
  recent: readonly string[],
): Item[] {
  const placeOf = ({ key }: Item): number => (recent.includes(key) ? recent.indexOf(key) : recent.length);
  return [...items].sort((a, b) => a.distance - b.distance || placeOf(a) - placeOf(b));
}

/** `recent`: keys, the latest first. Among equals that is the order, and then the one they came in. */
export function rank<Item extends Ranked>(items: readonly Item[], text: string, recent: readonly string[]): Item[] {
  const query = wordsOf(text);
  const found = items.flatMap((item) => {
    const distance = distanceOf(item, query);
    if (distance === null) return [];
    const place = recent.indexOf(item.key);
    return [{ item, distance, place: place === -1 ? recent.length : place }];
  });
  return found.sort((a, b) => a.distance - b.distance || a.place - b.place).map(({ item }) => item);
}

/** What can be done to a backend or a pool, by the words that ask for it. */
export const VERBS = ['drain', 'maintenance', 'ready', 'weight', 'remove', 'check', 'policy'] as const;
export type Verb = (typeof VERBS)[number];

/** `drain b2`: the verb, and what is left; null where no word begins one. */
export function readVerb(text: string): { readonly verb: Verb; readonly rest: string } | null {
  const words = wordsOf(text);
  for (const [index, word] of words.entries()) {
    const verb = word.length < 3 ? undefined : VERBS.find((one) => one.startsWith(word));
    if (verb !== undefined) return { verb, rest: words.filter((_, other) => other !== index).join(' ') };
  }
  return null;
}
