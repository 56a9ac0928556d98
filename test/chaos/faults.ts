/** The faults of a connection, and how one is drawn from a seeded generator: pure. */

/** Which bytes are meant: of requests, on their way to the backend, or of answers. */
export type Side = 'request' | 'answer';

/** What happens once so many bytes of a side have passed. */
export type CutKind =
  /** RST to both ends. */
  | 'reset'
  /** FIN to the reader, as if the writer had ended; the rest of the connection is gone. */
  | 'truncate'
  /** FIN to the reader; the other direction goes on. */
  | 'half-close'
  /** Not a byte more in either direction, and no end. */
  | 'silence';

export type Fault =
  | { readonly kind: 'none' }
  /** Every piece comes that much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }
  /** Pieces of that size, one segment each. */
  | { readonly kind: 'slice'; readonly bytes: number }
  | { readonly kind: CutKind; readonly side: Side; readonly afterBytes: number }
  /** FIN at once, without a byte. */
  | { readonly kind: 'close-on-accept' }
  | { readonly kind: 'reset-on-accept' }
  /** Open at once, as the kernel does it, and not looked at for a while. */
  | { readonly kind: 'slow-accept'; readonly ms: number }
  /** 413 once so many bytes of a request are here, and then the end. */
  | { readonly kind: 'early-answer'; readonly afterBytes: number }
  /** Closed once it has been idle for so long after an answer; by RST or by FIN. */
  | { readonly kind: 'idle-close'; readonly ms: number; readonly isReset: boolean };

export type FaultKind = Fault['kind'];

export const NO_FAULT: Fault = { kind: 'none' };

/** Every kind but `none`. */
export const FAULT_KINDS: readonly FaultKind[] = [
  'delay',
  'bandwidth',
  'slice',
  'reset',
  'truncate',
  'half-close',
  'silence',
  'close-on-accept',
  'reset-on-accept',
  'slow-accept',
  'early-answer',
  'idle-close',
];

const MAX_DELAY_MS = 60;
const MAX_SLOW_ACCEPT_MS = 300;
const MAX_IDLE_MS = 120;
/** Heads end within the first few hundred bytes, and most bodies within some thousand. */
const PLACES = [0, 1, 20, 150, 250, 400, 1_000, 5_000, 40_000, 150_000];

/** A fault of one of the kinds; every draw takes the same number of numbers. */
export function drawFault(random: () => number, share: number, kinds: readonly FaultKind[] = FAULT_KINDS): Fault {
  const isFaulty = random() < share;
  const kind = kinds[Math.floor(random() * kinds.length)] ?? 'none';
  const size = random();
  const place = PLACES[Math.floor(random() * PLACES.length)] ?? 0;
  const afterBytes = Math.floor(place * (0.5 + random()));
  const isRequestSide = random() < 0.4;
  if (!isFaulty) return NO_FAULT;
  switch (kind) {
    case 'delay':
      return { kind, ms: 1 + Math.floor(size * MAX_DELAY_MS) };
    case 'bandwidth':
      return { kind, bytesPerSecond: 60_000 + Math.floor(size * 500_000) };
    case 'slice':
      return { kind, bytes: 1 + Math.floor(size * size * 400) };
    case 'reset':
    case 'truncate':
    case 'half-close':
    case 'silence':
      return { kind, side: isRequestSide ? 'request' : 'answer', afterBytes };
    case 'slow-accept':
      return { kind, ms: Math.floor(size * MAX_SLOW_ACCEPT_MS) };
    case 'early-answer':
      return { kind, afterBytes };
    case 'idle-close':
      return { kind, ms: Math.floor(size * MAX_IDLE_MS), isReset: isRequestSide };
    default:
      return { kind };
  }
}
