/**
 * Which known word someone meant: for `did you mean …?`.
 *
 * Distance is optimal string alignment (Damerau 1964 without repeated edits), since swapped
 * letters are the most common slip of all. Case counts nothing, nor do `-` and `_`.
 */

/** The known word nearest to `word`, or null where none is near enough to be meant. */
export function closest(word: string, known: Iterable<string>, maxDistance = 3): string | null {
  const wanted = plain(word);
  // Two slips in five letters: `woker` finds `workers`, `foo` finds nothing.
  let limit = Math.min(maxDistance, Math.max(1, Math.floor(wanted.length * 0.4)));
  let found: string | null = null;
  for (const candidate of known) {
    const other = plain(candidate);
    if (Math.abs(other.length - wanted.length) > limit) continue;
    const distance = editDistance(wanted, other);
    if (distance < limit || (distance === limit && found === null)) {
      limit = distance;
      found = candidate;
    }
  }
  return found;
}

/** The phrase for `closest`, or null. */
export function didYouMean(word: string, known: Iterable<string>, maxDistance = 3): string | null {
  const found = closest(word, known, maxDistance);
  return found === null ? null : `did you mean \`${found}\`?`;
}

/** How many letters must be put in, left out, changed or swapped to make one word the other. */
export function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return a === b ? 0 : 64;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (current[column - 1] ?? 0) + 1,
        (last[column] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '');
}
