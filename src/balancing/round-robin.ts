/**
 * Round robin: each backend in its turn.
 *
 * The turn is one shared counter, so the rotation is exact over all workers: any n picks in a row
 * with n candidates reach every one of them once, whichever threads made them. A backend that was
 * tried is stepped over. A further attempt takes a turn of its own instead of walking on from the
 * one before, so that the successor of a dead backend does not get a double share.
 *
 * The one flaw: the counter wraps at 2^32, which n need not divide, so that once in four billion
 * picks the rotation starts over early.
 *
 * Source: as old as time-sharing; nginx and HAProxy (`balance roundrobin`) have it as the default.
 * It needs no measurement, cannot oscillate, and is the easiest to reason about.
 *
 * When not to use it: backends of different sizes (weighted-round-robin), or requests of very
 * different cost (least-connections), since it goes on giving a slow backend its full share.
 */
import { type Loads, NONE, type Picker, type Policy } from './policy.ts';
import { TriedMarks } from './tried-marks.ts';

export const roundRobin: Policy = {
  name: 'round-robin',
  summary: 'Each backend in its turn, exactly, over all workers.',
  usesWeights: false,

  picker(candidates: readonly number[], loads: Loads): Picker {
    const marks = new TriedMarks(candidates);
    const count = candidates.length;
    return {
      pick(tried) {
        const turn = loads.nextTurn() % count;
        if (tried.length === 0) return candidates[turn] ?? NONE;
        marks.mark(tried);
        for (let step = 0; step < count; step++) {
          const backend = candidates[(turn + step) % count] ?? NONE;
          if (!marks.has(backend)) return backend;
        }
        return NONE;
      },
    };
  },
};
