/** Requests for the unit tests of the tap: every field that a test does not name has a plain default. */
import type { TappedAttempt, TappedRequest } from '../protocol.ts';

/** An attempt that was answered 200 on a connection of its own. */
export function attempt(backend: string, fields: Partial<TappedAttempt> = {}): TappedAttempt {
  return {
    backend,
    isReused: false,
    startMs: 0.2,
    connectedMs: 1,
    answerMs: 32,
    endMs: 38,
    status: 200,
    code: null,
    detail: '',
    ...fields,
  };
}

/** A request that went well, as the tap tells it. */
export function tapped(fields: Partial<TappedRequest> = {}): TappedRequest {
  return {
    name: '0-1',
    atMs: 1_000_000,
    worker: 0,
    client: '10.0.0.9',
    method: 'GET',
    host: 'shop.example',
    target: '/cart?id=7',
    version: '1.1',
    fields: [['host', 'shop.example']],
    route: 1,
    pool: 'web',
    policy: 'round-robin',
    candidates: [],
    waitedFromMs: null,
    waitedMs: 0,
    attempts: [attempt('b1')],
    status: 200,
    code: null,
    bytesIn: 0,
    bytesOut: 512,
    durationMs: 38,
    headMs: null,
    ...fields,
  };
}
