/**
 * Weighted round robin: each backend as often as its weight says, spread evenly.
 *
 * nginx keeps a running credit for each backend and worker process, so that with many workers the
 * shares hold in each of them but the order over all of them does not. Here one whole cycle is
 * laid out when the picker is made (see `smooth-sequence.ts`) and the pool's shared turn counter
 * walks it: the order is that of a single nginx worker, exact over all threads, and a pick is one
 * atomic addition and one read. All workers lay out the same cycle, since it depends on nothing
 * but the candidates and their weights. With equal weights this is round robin.
 *
 * A backend that was tried is stepped over; a further attempt takes a turn of its own. When
 * candidates or weights change, the counter goes on from where it stands, somewhere in the new
 * cycle: shares are exact again from the first full cycle.
 *
 * When not to use it: weights are a guess about backends that nobody measures again. Where requests
 * differ much in cost, least-connections with the same weights adapts and this does not.
 */
import { type Loads, NONE, type Picker, type Policy } from './policy.ts';
import { smoothSequence } from './smooth-sequence.ts';
import { TriedMarks } from './tried-marks.ts';

export const weightedRoundRobin: Policy = {
  name: 'weighted-round-robin',
  summary: 'Each backend as often as its weight says, spread evenly, exactly, over all workers.',
  usesWeights: true,

  picker(candidates: readonly number[], loads: Loads): Picker {
    const marks = new TriedMarks(candidates);
    const isTried = (backend: number): boolean => marks.has(backend);
    const sequence = smoothSequence(candidates.map((backend) => loads.weight(backend)));
    const length = sequence.length;
    for (let step = 0; step < length; step++) sequence[step] = candidates[sequence[step] ?? 0] ?? 0;

    return {
      pick(tried) {
        const turn = loads.nextTurn() % length;
        if (tried.length === 0) return sequence[turn] ?? NONE;
        marks.mark(tried);
        // A cycle may be 256 times as long as the list: do not walk it for nothing.
        if (candidates.every(isTried)) return NONE;
        for (let step = 0; step < length; step++) {
          const backend = sequence[(turn + step) % length] ?? NONE;
          if (!marks.has(backend)) return backend;
        }
        return NONE;
      },
    };
  },
};
