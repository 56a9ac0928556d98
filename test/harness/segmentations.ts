/**
 * The ways to cut a message into pieces that are sent one by one. What a message means must not
 * depend on where the network cuts it.
 */
import type net from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';

export type Segmentation = (bytes: string, seed: string) => string[];

/** Above this length the middle of a message goes out in larger pieces: only its ends are slow. */
const SLOW_BYTES = 2_048;
const END_BYTES = 512;
const MIDDLE_PIECE_BYTES = 997;
/** Up to this many pieces the writer rests a millisecond between two, so that each arrives alone. */
const RESTED_PIECES = 400;

function cutAt(bytes: string, cuts: Iterable<number>): string[] {
  const pieces: string[] = [];
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (cut > start) pieces.push(bytes.slice(start, cut));
    start = Math.max(start, cut);
  }
  return pieces;
}

function* byteCuts(length: number): Generator<number> {
  for (let at = 1; at < length; ) {
    yield at;
    const isEnd = length <= SLOW_BYTES || at < END_BYTES || at >= length - END_BYTES;
    at = isEnd ? at + 1 : Math.min(at + MIDDLE_PIECE_BYTES, length - END_BYTES);
  }
}

function* cutsAfter(bytes: string, byte: string): Generator<number> {
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) yield at + 1;
}

/** Numbers 0 ≤ x < 1 that depend on nothing but the seed (FNV-1a into a 32-bit xorshift). */
export function randomFrom(seed: string): () => number {
  let state = 0x811c9dc5;
  for (let at = 0; at < seed.length; at++) state = Math.imul(state ^ seed.charCodeAt(at), 0x01000193);
  if (state === 0) state = 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export const SEGMENTATIONS = {
  whole: (bytes, _seed) => [bytes],
  'byte by byte': (bytes, _seed) => cutAt(bytes, byteCuts(bytes.length)),
  'after every CR': (bytes, _seed) => cutAt(bytes, cutsAfter(bytes, '\r')),
  'at every LF': (bytes, _seed) => cutAt(bytes, cutsAfter(bytes, '\n')),
  'two random cuts': (bytes, seed) => {
    const random = randomFrom(seed);
    const cuts = [random(), random()].map((share) => 1 + Math.floor(share * (bytes.length - 1)));
    return cutAt(
      bytes,
      cuts.sort((a, b) => a - b),
    );
  },
} as const satisfies Readonly<Record<string, Segmentation>>;

export type SegmentationName = keyof typeof SEGMENTATIONS;

export const SEGMENTATION_NAMES = Object.keys(SEGMENTATIONS) as SegmentationName[];

/** Writes latin1 pieces as separate segments; gives up quietly when the socket has gone. */
export async function writePieces(socket: net.Socket, pieces: readonly string[]): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (!socket.writable) return;
    socket.write(piece, 'latin1');
    if (index === pieces.length - 1) return;
    if (pieces.length <= RESTED_PIECES) await delay(1);
    else await nextTurn();
  }
}
