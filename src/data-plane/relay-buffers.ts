/**
 * Read buffers for wires that carry large bodies, lent and given back, a worker.
 *
 * Large ones cost the fewest reads and writes for each byte. But a client that reads slowly holds
 * the buffer of its backend's wire for as long as it takes, so once many are lent the next ones
 * are small: a thousand slow readers must not cost a quarter of a gigabyte.
 */

const LARGE_BYTES = 256 * 1024;
const SMALL_BYTES = 32 * 1024;
/** Large buffers lent at a time, and wires at rest that may keep theirs. */
const LARGE_LENT = 96;
/** Buffers of each size that are kept for the next one who asks. */
const SPARES = 64;

const spareLarge: Buffer[] = [];
const spareSmall: Buffer[] = [];
let lent = 0;

export function lendRelayBuffer(): Buffer {
  const isLarge = lent < LARGE_LENT;
  lent++;
  const spare = (isLarge ? spareLarge : spareSmall).pop();
  return spare ?? Buffer.allocUnsafeSlow(isLarge ? LARGE_BYTES : SMALL_BYTES);
}

/** @param isFree whether nothing of it is still to be written; if not, it is left to the collector */
export function returnRelayBuffer(buffer: Buffer, isFree: boolean): void {
  lent--;
  const spares = buffer.length === LARGE_BYTES ? spareLarge : spareSmall;
  if (isFree && spares.length < SPARES) spares.push(buffer);
}

/** Whether there are so many that a wire at rest should not keep its own. */
export function areRelayBuffersShort(): boolean {
  return lent > LARGE_LENT;
}
