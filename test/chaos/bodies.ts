/**
 * Bodies that follow from the id of their request: whoever knows the id knows every byte, so that
 * a cut, doubled or foreign body shows on both sides without being sent twice.
 */
import { crc32 } from 'node:zlib';

/** The largest body. */
export const MAX_BODY_BYTES = 2 ** 20;
const BLOCK_BYTES = 2 * MAX_BODY_BYTES;

/** Noise, so that no two places of it are alike: a body is a place and a length. */
const block = makeBlock();

function makeBlock(): Buffer {
  const words = new Uint32Array(BLOCK_BYTES / 4);
  let state = 0x9e3779b9;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return Buffer.from(words.buffer);
}

/** The body of `bytes` bytes that belongs to the id, on its side: requests and answers differ. */
export function bodyOf(id: string, side: 'request' | 'answer', bytes: number): Buffer {
  const start = crc32(`${side} ${id}`) % (BLOCK_BYTES - MAX_BODY_BYTES);
  return block.subarray(start, start + bytes);
}

/** The checksum of some bytes, going on from that of the bytes before them. */
export const sumOf = (bytes: Buffer, before = 0): number => crc32(bytes, before);

/** The checksum of a whole body. */
export const sumOfBody = (id: string, side: 'request' | 'answer', bytes: number): number =>
  sumOf(bodyOf(id, side, bytes));
