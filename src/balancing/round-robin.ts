/**
 * Round robin: each backend in its turn.
 *
 * The turn is one shared counter, so the rotation is exact over all workers: any n picks in a row
 * with n candidates reach every one of them once, whichever threads made them (`turn-picker.ts`).
 * While a backend is in its slow start it comes round less often, in proportion to its ramp.
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
import type { Policy } from './policy.ts';
import { sharesOf } from './shares.ts';
import { turnPicker } from './turn-picker.ts';

export const roundRobin: Policy = {
  name: 'round-robin',
  summary: 'Each backend in its turn, exactly, over all workers.',
  usesWeights: false,
  picker: (candidates, loads) => turnPicker(candidates, sharesOf(candidates, loads, false), loads),
};
