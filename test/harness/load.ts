/** A bounded load generator on keep-alive connections that counts what it got. */
import http from 'node:http';

export interface LoadOptions {
  readonly port: number;
  /** How many requests in all; `stop` can end it before. */
  readonly requests: number;
  /** How many are under way at once, each on a connection of its own. */
  readonly concurrency: number;
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** A new connection for each request. */
  readonly isFresh?: boolean;
  /** Asked before each request; true ends the load. */
  readonly stop?: () => boolean;
}

export interface LoadReport {
  sent: number;
  readonly byStatus: Map<number, number>;
  readonly byBackend: Map<string, number>;
  /** Requests without a complete answer, by error code. */
  readonly errors: Map<string, number>;
  /** Ids (`X-Id`) of requests that were answered with a status below 400. */
  readonly answeredIds: string[];
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Requests of the report that were not answered with a status below 400. */
export function failedIn(report: LoadReport): string[] {
  return [
    ...[...report.byStatus].filter(([status]) => status >= 400).map(([status, times]) => `${times} × ${status}`),
    ...[...report.errors].map(([code, times]) => `${times} × ${code}`),
  ];
}

/** Sends the requests and resolves when all of them have ended. */
export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  const { port, requests, concurrency, method = 'GET', path = '/', body, isFresh = false } = options;
  const report: LoadReport = { sent: 0, byStatus: new Map(), byBackend: new Map(), errors: new Map(), answeredIds: [] };
  const agents = Array.from({ length: concurrency }, () => new http.Agent({ keepAlive: !isFresh, maxSockets: 1 }));

  const one = (agent: http.Agent, id: string): Promise<void> =>
    new Promise((resolve) => {
      const fail = (error: NodeJS.ErrnoException): void => {
        count(report.errors, error.code ?? error.message);
        resolve();
      };
      const request = http.request({
        agent,
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: { ...options.fields, 'X-Id': id, ...(body === undefined ? {} : { 'Content-Length': body.length }) },
      });
      request.on('error', fail);
      request.on('response', (response) => {
        response.on('error', fail);
        response.resume();
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          count(report.byStatus, status);
          const backend = response.headers['x-backend'];
          if (typeof backend === 'string') count(report.byBackend, backend);
          if (status < 400) report.answeredIds.push(id);
          resolve();
        });
      });
      request.end(body);
    });

  await Promise.all(
    agents.map(async (agent, lane) => {
      while (report.sent < requests && options.stop?.() !== true) {
        const number = report.sent++;
        await one(agent, `${lane}-${number}`);
      }
      agent.destroy();
    }),
  );
  return report;
}
