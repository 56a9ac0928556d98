/**
 * One health check: asks one backend once, and says in words how that went.
 *
 * Called by the health checker. It makes a fresh connection each time, since a kept-alive one
 * says nothing about whether the backend still accepts; it follows no redirect, since a redirect
 * leads to somebody else; it never throws, and never takes longer than its timeout.
 */
import net from 'node:net';
import { formatAddress } from '../../config/addresses.ts';
import { formatDuration } from '../../config/durations.ts';
import type { HealthConfig } from '../../config/schema.ts';
import type { CheckRecord } from '../../protocol/admin-api.ts';
import { shortageOf } from '../../protocol/shortages.ts';
import { http } from '../node-http.ts';

/** Of an answer's body so much is read, and dropped: a check must not become a download. */
const MAX_BODY_BYTES = 256 * 1024;
/** Of the body of a failed check so much is shown. */
const EXCERPT_CHARACTERS = 200;
/** A character takes four bytes at the most. */
const EXCERPT_BYTES = 4 * EXCERPT_CHARACTERS;

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

/** Its `detail`: `status 200`, `connected`, `ECONNREFUSED 127.0.0.1:8082`, `status 503`, `timeout 3s`. */
export type ProbeResult = Omit<CheckRecord, 'atMs'>;

/**
 * Resolves with the result; with null where there is none, because `signal` has called the check
 * off or because this machine fell short of what a check takes.
 */
export type Probe = (target: ProbeTarget, signal: AbortSignal) => Promise<ProbeResult | null>;

type Outcome = Pick<ProbeResult, 'isPass' | 'detail'>;

/** How far a check has come. */
interface Progress {
  connectedMs: number | null;
  answeredMs: number | null;
  /** The beginning of the body. */
  readonly body: Buffer[];
  bodyBytes: number;
}

export const probe: Probe = (target, signal) => {
  const startedMs = performance.now();
  const progress: Progress = { connectedMs: null, answeredMs: null, body: [], bodyBytes: 0 };
  return new Promise((resolve) => {
    const finish = (outcome: Outcome | null): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', callOff);
      end();
      resolve(outcome === null ? null : resultOf(outcome, progress, startedMs));
    };
    const callOff = (): void => finish(null);
    const timer = setTimeout(
      () => finish({ isPass: false, detail: `timeout ${formatDuration(target.timeoutMs)}` }),
      target.timeoutMs,
    );
    // Nobody waits for a check at the end of the process.
    timer.unref();
    signal.addEventListener('abort', callOff);
    const end =
      target.health === null ? connect(target, progress, finish) : get(target, target.health, progress, finish);
    if (signal.aborted) callOff();
  });
};

function resultOf(outcome: Outcome, { connectedMs, answeredMs, body }: Progress, startedMs: number): ProbeResult {
  return {
    ...outcome,
    durationMs: performance.now() - startedMs,
    connectMs: connectedMs === null ? null : connectedMs - startedMs,
    firstByteMs: connectedMs === null || answeredMs === null ? null : answeredMs - connectedMs,
    body: outcome.isPass || body.length === 0 ? null : excerptOf(Buffer.concat(body)),
  };
}

/** Printable, on one line: it may be anything. */
export function excerptOf(body: Buffer): string {
  const text = body
    .toString('utf8')
    .replaceAll(/[\s\p{C}\uFFFD]+/gu, ' ')
    .trim();
  return Array.from(text).slice(0, EXCERPT_CHARACTERS).join('');
}

/** Begins a TCP connection; answers how to end it. */
function connect(target: ProbeTarget, progress: Progress, finish: (outcome: Outcome | null) => void): () => void {
  const socket = net.connect({ host: target.address, port: target.port });
  socket.on('connect', () => {
    progress.connectedMs = performance.now();
    finish({ isPass: true, detail: 'connected' });
  });
  socket.on('error', (error) => finish(failed(error, target)));
  return () => socket.destroy();
}

/** Begins a GET; answers how to end it. */
function get(
  target: ProbeTarget,
  health: NonNullable<ProbeTarget['health']>,
  progress: Progress,
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
  request.on('socket', (socket) => {
    socket.on('connect', () => {
      progress.connectedMs = performance.now();
    });
  });
  // Node hands the socket of an upgrade over to us, errors and all. It is no answer to a check.
  request.on('upgrade', (response, socket) => {
    socket.on('error', () => {});
    socket.destroy();
    finish({ isPass: false, detail: `status ${response.statusCode}` });
  });
  request.on('response', (response) => {
    progress.answeredMs = performance.now();
    const status = response.statusCode ?? 0;
    const outcome = {
      isPass: health.statuses.some(([from, to]) => status >= from && status <= to),
      detail: `status ${status}`,
    };
    response.on('data', (piece: Buffer) => {
      const missing = EXCERPT_BYTES - progress.bodyBytes;
      // A copy: a slice would hold the whole piece.
      if (missing > 0) progress.body.push(Buffer.from(piece.subarray(0, missing)));
      progress.bodyBytes += piece.length;
      if (progress.bodyBytes >= MAX_BODY_BYTES) finish(outcome);
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
