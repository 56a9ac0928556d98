/**
 * Picks by turn: walks one cycle of the candidates by the pool's shared turn counter.
 *
 * What round robin and weighted round robin have in common, and no policy by itself. All workers
 * lay out the same cycle, since it depends on nothing but the candidates and their shares, and
 * the counter is one word for all of them: the order is exact over all threads, and a pick is one
 * atomic addition and one read.
 *
 * A backend that was tried is stepped over. A further attempt takes a turn of its own instead of
 * walking on from the one before, so that the successor of a dead backend does not get a double
 * share.
 */
import { type Loads, NONE, type Picker } from './policy.ts';
import { smoothSequence } from './smooth-sequence.ts';
import { TriedMarks } from './tried-marks.ts';

/** @param shares how often each candidate comes in a cycle: whole numbers from 1 up */
export function turnPicker(candidates: readonly number[], shares: readonly number[], loads: Loads): Picker {
  const marks = new TriedMarks(candidates);
  const isTried = (backend: number): boolean => marks.has(backend);
  const sequence = smoothSequence(shares);
  const length = sequence.length;
  for (let step = 0; step < length; step++) sequence[step] = candidates[sequence[step] ?? 0] ?? 0;

  return {
    pick(tried) {
      const turn = loads.nextTurn() % length;
      if (tried.length === 0) return sequence[turn] ?? NONE;
      marks.mark(tried);
      // A cycle may be thousands of times as long as the list: do not walk it for nothing.
      if (candidates.every(isTried)) return NONE;
      for (let step = 0; step < length; step++) {
        const backend = sequence[(turn + step) % length] ?? NONE;
        if (!marks.has(backend)) return backend;
      }
      return NONE;
    },
  };
}
