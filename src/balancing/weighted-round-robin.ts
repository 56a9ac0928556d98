/**
 * Weighted round robin: each backend as often as its weight says, spread evenly.
 *
 * nginx keeps a running credit for each backend and worker process, so that with many workers the
 * shares hold in each of them but the order over all of them does not. Here one whole cycle is
 * laid out when the picker is made (see `smooth-sequence.ts`) and the pool's shared turn counter
 * walks it (`turn-picker.ts`): the order is that of a single nginx worker, exact over all threads.
 * With equal weights this is round robin. In its slow start a backend has its weight times its
 * ramp.
 *
 * When candidates or weights change, the counter goes on from where it stands, somewhere in the new
 * cycle: shares are exact again from the first full cycle.
 *
 * When not to use it: weights are a guess about backends that nobody measures again. Where requests
 * differ much in cost, least-connections with the same weights adapts and this does not.
 */
import type { Policy } from './policy.ts';
import { sharesOf } from './shares.ts';
import { turnPicker } from './turn-picker.ts';

export const weightedRoundRobin: Policy = {
  name: 'weighted-round-robin',
  summary: 'Each backend as often as its weight says, spread evenly, exactly, over all workers.',
  usesWeights: true,
  picker: (candidates, loads) => turnPicker(candidates, sharesOf(candidates, loads, true), loads),
};
