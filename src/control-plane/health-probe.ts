/**
 * One health check: asks one backend once, and says in words how that went.
 *
 * Called by the health checker. It makes a fresh connection each time, since a kept-alive one
 * says nothing about whether the backend still accepts; it follows no redirect, since a redirect
 * leads to somebody else; it never throws, and never takes longer than its timeout.
 */
import http from 'node:http';
import net from 'node:net';
import { formatAddress } from '../config/addresses.ts';
import { formatDuration } from '../config/durations.ts';
import type { HealthConfig } from '../config/schema.ts';
import { shortageOf } from '../protocol/shortages.ts';

/** Of an answer's body so much is read, and dropped: a check must not become a download. */
const MAX_BODY_BYTES = 256 * 1024;

export interface ProbeTarget {
  /** IP address. */
  readonly address: string;
  readonly port: number;
  /** `host:port` as configured, for `Host`. */
  readonly authority: string;
  /** Null for a TCP connect. */
  readonly health: Pick<HealthConfig, 'path' | 'host' | 'statuses'> | null;
  readonly timeoutMs: number;
  /** It has passed before: a machine that has no port left for a connection to it had one then. */
  readonly isKnownGood: boolean;
}

export interface ProbeResult {
  readonly isPass: boolean;
  /** `status 200`, `connected`, `ECONNREFUSED 127.0.0.1:8082`, `status 503`, `timeout 3s` */
  readonly detail: string;
  readonly durationMs: number;
}

/**
 * Resolves with the result; with null where there is none, because `signal` has called the check
 * off or because this machine fell short of what a check takes.
 */
export type Probe = (target: ProbeTarget, signal: AbortSignal) => Promise<ProbeResult | null>;

type Outcome = Pick<ProbeResult, 'isPass' | 'detail'>;

export const probe: Probe = (target, signal) => {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const finish = (outcome: Outcome | null): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', callOff);
      end();
      resolve(outcome === null ? null : { ...outcome, durationMs: performance.now() - startedMs });
    };
    const callOff = (): void => finish(null);
    const timer = setTimeout(
      () => finish({ isPass: false, detail: `timeout ${formatDuration(target.timeoutMs)}` }),
      target.timeoutMs,
    );
    // Nobody waits for a check at the end of the process.
    timer.unref();
    signal.addEventListener('abort', callOff);
    const end = target.health === null ? connect(target, finish) : get(target, target.health, finish);
    if (signal.aborted) callOff();
  });
};

/** Begins a TCP connection; answers how to end it. */
function connect(target: ProbeTarget, finish: (outcome: Outcome | null) => void): () => void {
  const socket = net.connect({ host: target.address, port: target.port });
  socket.on('connect', () => finish({ isPass: true, detail: 'connected' }));
  socket.on('error', (error) => finish(failed(error, target)));
  return () => socket.destroy();
}

/** Begins a GET; answers how to end it. */
function get(
  target: ProbeTarget,
  health: NonNullable<ProbeTarget['health']>,
  finish: (outcome: Outcome | null) => void,
): () => void {
  const request = http.get({
    host: target.address,
    port: target.port,
    path: health.path,
    agent: false,
    headers: { Host: health.host ?? target.authority, 'User-Agent': 'ballast-health-check', Connection: 'close' },
  });
  request.on('error', (error) => finish(failed(error, target)));
  // Node hands the socket of an upgrade over to us, errors and all. It is no answer to a check.
  request.on('upgrade', (response, socket) => {
    socket.on('error', () => {});
    socket.destroy();
    finish({ isPass: false, detail: `status ${response.statusCode}` });
  });
  request.on('response', (response) => {
    const status = response.statusCode ?? 0;
    const outcome = {
      isPass: health.statuses.some(([from, to]) => status >= from && status <= to),
      detail: `status ${status}`,
    };
    let bodyBytes = 0;
    response.on('data', (piece: Buffer) => {
      bodyBytes += piece.length;
      if (bodyBytes >= MAX_BODY_BYTES) finish(outcome);
    });
    response.on('end', () => finish(outcome));
    // A body cut short is a failure, whatever the status said.
    response.on('error', (error) => finish(failed(error, target)));
  });
  return () => request.destroy();
}

/** Null for a failure that says nothing about the backend. */
function failed(error: NodeJS.ErrnoException, { address, port, isKnownGood }: ProbeTarget): Outcome | null {
  const shortage = shortageOf(error.code ?? '');
  // A machine without IPv6 has no address either to reach an IPv6 backend from: that one is down.
  if (shortage !== null && (isKnownGood || shortage !== 'PORTS_EXHAUSTED')) return null;
  return { isPass: false, detail: `${error.code ?? error.message} ${formatAddress({ host: address, port })}` };
}
