/** What an exchange asks of the client's side; `downstream.ts` is what answers. */
import type { Origin } from '../http1/forward-fields.ts';
import type { Wire } from './wire.ts';

/** The client's side, as an exchange sees it. */
export interface Client {
  readonly wire: Wire;
  readonly address: string;
  /** It has ended its side: it sends no more, and may be gone. */
  readonly isEnded: boolean;
  /** What the backend is told of the client. */
  origin(minorVersion: number): Origin;
  /** The client's bytes are no requests any more: they go through the tunnel. */
  switched(): void;
  pauseRequest(): void;
  resumeRequest(): void;
  /** The answer waits for the client to read. */
  answerStalled(): void;
  /** The exchange is over. `isKeptAlive`: the next request may be read. */
  exchangeEnded(isKeptAlive: boolean): void;
  /** The exchange is over, and the client must see that the answer is not whole. */
  cut(isReset: boolean): void;
}
