/**
 * An open-loop load generator: requests begin by the clock, whether or not earlier ones were
 * answered, and the time of each counts from the moment it was due. A balancer that stands still
 * for a second shows a second.
 */
import http from 'node:http';

const TICK_MS = 10;

export interface OpenLoadOptions {
  readonly port: number;
  readonly perSecond: number;
  readonly path?: string;
  /** Limit of the kept-alive connections; more requests wait, and their time runs. */
  readonly connections?: number;
  /** A request that is not answered by then has failed. */
  readonly timeoutMs?: number;
}

export interface OpenLoadReport {
  sent: number;
  answered: number;
  readonly byStatus: Map<number, number>;
  /** By `X-Backend` or `X-Served-By`. */
  readonly byBackend: Map<string, number>;
  /** What went wrong, with the time since the start: never an answer below 400. */
  readonly failures: string[];
  longestMs: number;
}

export interface OpenLoad {
  readonly report: OpenLoadReport;
  /** Sends no more; resolves with the report when every request has ended. */
  stop(): Promise<OpenLoadReport>;
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Begins at once. */
export function startOpenLoad(options: OpenLoadOptions): OpenLoad {
  const { port, perSecond, path = '/', connections = 64, timeoutMs = 20_000 } = options;
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const report: OpenLoadReport = {
    sent: 0,
    answered: 0,
    byStatus: new Map(),
    byBackend: new Map(),
    failures: [],
    longestMs: 0,
  };
  const startMs = performance.now();
  let ended = 0;
  let whenEnded: (() => void) | null = null;

  const send = (dueMs: number): void => {
    report.sent++;
    let isEnded = false;
    const end = (failure: string | null): void => {
      if (isEnded) return;
      isEnded = true;
      const nowMs = performance.now();
      report.longestMs = Math.max(report.longestMs, nowMs - dueMs);
      if (failure === null) report.answered++;
      else report.failures.push(`${failure} at ${((nowMs - startMs) / 1000).toFixed(2)} s`);
      if (++ended === report.sent) whenEnded?.();
    };
    const request = http.get({ agent, host: '127.0.0.1', port, path, timeout: timeoutMs });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        count(report.byStatus, status);
        const backend = response.headers['x-backend'] ?? response.headers['x-served-by'];
        if (typeof backend === 'string') count(report.byBackend, backend);
        end(status < 400 ? null : `${status} ${body.trim()}`);
      });
    });
  };

  const timer = setInterval(() => {
    const nowMs = performance.now();
    for (;;) {
      const dueMs = startMs + (report.sent * 1000) / perSecond;
      if (dueMs > nowMs) break;
      send(dueMs);
    }
  }, TICK_MS);

  return {
    report,
    async stop() {
      clearInterval(timer);
      if (ended < report.sent) {
        await new Promise<void>((resolve) => {
          whenEnded = resolve;
        });
      }
      agent.destroy();
      return report;
    },
  };
}
