/**
 * Load for long checks: lanes that each send one request after another at a gentle pace, so that
 * what fails is a bug and not overload, and that look at every answer.
 */
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cleanup } from '../../harness/cleanup.ts';

export interface Lane {
  readonly method: string;
  readonly path?: string;
  readonly body?: string;
  /** A new connection for each request. */
  readonly isFresh?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface LanesOptions {
  readonly port: number;
  readonly lanes: readonly Lane[];
  readonly pauseMs: number;
  /** Called before each request; what it answers is called with the answer, and says what is wrong with it. */
  readonly expect?: (lane: Lane) => (answer: Answer) => string | null;
}

export interface LanesReport {
  sent: number;
  answered: number;
  readonly byMethod: Map<string, number>;
  readonly faults: string[];
  longestMs: number;
}

export interface Lanes {
  readonly report: LanesReport;
  /** Sends no more; resolves when every request has ended. */
  stop(): Promise<LanesReport>;
}

/** How long a request may take before it is lost. */
const LIMIT_MS = 30_000;

/** `count` of the same lane. */
export const times = (count: number, lane: Lane): Lane[] => Array.from({ length: count }, () => lane);

/** Begins at once; every request carries its number in `X-Id`. */
export function startLanes(cleanup: Cleanup, options: LanesOptions): Lanes {
  const { port, lanes, pauseMs, expect } = options;
  const report: LanesReport = { sent: 0, answered: 0, byMethod: new Map(), faults: [], longestMs: 0 };
  let isOver = false;
  const run = async (lane: Lane): Promise<void> => {
    const agent = new http.Agent({ keepAlive: lane.isFresh !== true, maxSockets: 1 });
    while (!isOver) {
      const id = String(report.sent++);
      const check = expect?.(lane) ?? ((): null => null);
      const startMs = performance.now();
      const what = `${lane.method} ${lane.isFresh === true ? 'on a new connection' : 'kept alive'}, request ${id}`;
      try {
        const answer = await ask(agent, port, lane, id);
        report.longestMs = Math.max(report.longestMs, performance.now() - startMs);
        const fault = answer.status < 400 ? check(answer) : `${answer.status} ${answer.body.trim()}`;
        if (fault === null) {
          report.answered++;
          report.byMethod.set(lane.method, (report.byMethod.get(lane.method) ?? 0) + 1);
        } else report.faults.push(`${what}: ${fault}`);
      } catch (error) {
        report.faults.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
      await delay(pauseMs);
    }
    agent.destroy();
  };
  const ended = Promise.all(lanes.map(run));
  const stop = async (): Promise<LanesReport> => {
    isOver = true;
    await ended;
    return report;
  };
  cleanup.after(async () => void (await stop()));
  return { report, stop };
}

function ask(agent: http.Agent, port: number, lane: Lane, id: string): Promise<Answer> {
  const { method, path = '/', body } = lane;
  return new Promise((resolve, reject) => {
    const headers = { 'X-Id': id, ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }) };
    const request = http.request({ agent, host: '127.0.0.1', port, method, path, headers, timeout: LIMIT_MS });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${LIMIT_MS} ms`)));
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', reject);
      response.on('close', () => {
        if (!response.complete) reject(new Error('the answer was cut'));
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    request.end(body);
  });
}
