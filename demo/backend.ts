/**
 * One demo backend as a process: `ballast backend`, and three of them in `ballast demo`.
 *
 * Set by the environment: `SERVER_PORT` (8081), `SERVER_NAME` (`backend-PORT`), and the dials
 * `DELAY_MS`, `JITTER_MS`, `ERROR_RATE`. Ends on SIGTERM or SIGINT when the requests in flight are
 * answered, and at once when the parent that started it with an IPC channel is gone.
 */
import { demoBackend } from './backend-server.ts';

const DEFAULT_PORT = 8081;
/** Requests in flight get that long when the process is told to end. */
const STOP_LIMIT_MS = 5000;

function fail(text: string): never {
  process.stderr.write(`backend: ${text}\n`);
  process.exit(1);
}

function numberFrom(variable: string, fallback: number, largest: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return fallback;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return value <= largest ? value : fail(`${variable}=${text}: expected a number from 0 to ${largest}`);
}

const port = numberFrom('SERVER_PORT', DEFAULT_PORT, 65_535);
if (!Number.isInteger(port)) fail(`SERVER_PORT=${port}: expected a whole number`);
const name = process.env.SERVER_NAME || `backend-${port}`;
const dials = {
  delayMs: numberFrom('DELAY_MS', 0, 60_000),
  jitterMs: numberFrom('JITTER_MS', 0, 60_000),
  errorRate: numberFrom('ERROR_RATE', 0, 1),
};

const { server } = demoBackend(name, dials);
server.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EADDRINUSE') fail(`port ${port} is already in use; set SERVER_PORT to use another one`);
  fail(`cannot listen on port ${port} (SERVER_PORT): ${error.message}`);
});
server.listen(port, () => {
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  // Whoever started this process with a channel says so in its own words.
  if (process.send) process.send({ port: actual });
  else process.stderr.write(`backend ${name} answers on http://127.0.0.1:${actual} (pid ${process.pid})\n`);
});

let isStopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (isStopping) process.exit(1);
    isStopping = true;
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), STOP_LIMIT_MS).unref();
  });
}
process.on('disconnect', () => process.exit(1));
process.channel?.unref();
