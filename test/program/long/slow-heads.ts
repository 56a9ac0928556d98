/**
 * 2,000 connections that send their heads a byte at a time are answered 408 and closed in time,
 * while good clients are served as if they were not there.
 */
import net from 'node:net';
import { poolOf, runBalancer } from '../../harness/balancer-program.ts';
import { startHttpBackends } from '../../harness/http-backends.ts';
import { startOpenLoad } from '../../harness/open-load.ts';
import { report } from './verdict.ts';

const CONNECTIONS = 2_000;
const HEAD_TIMEOUT_MS = 5_000;
/** A tick of the deadlines, and the delay of two busy event loops. */
const GRACE_MS = 2_500;
const BYTE_MS = 500;
const PER_SECOND = 200;
const HEAD = `GET /slow HTTP/1.1\r\nHost: a.example\r\nX-Padding: ${'x'.repeat(10_000)}`;

interface SlowClient {
  readonly startedMs: number;
  answer: string;
  endedMs: number;
}

await report('slow-heads', async (cleanup) => {
  const backends = await startHttpBackends(cleanup, ['a', 'b']);
  const { admin, port } = await runBalancer(cleanup, {
    client: { requestHeadTimeout: `${HEAD_TIMEOUT_MS}ms` },
    pools: { web: poolOf(backends) },
  });
  const load = startOpenLoad({ port, perSecond: PER_SECOND });
  const clients: SlowClient[] = [];
  const ended = Array.from(
    { length: CONNECTIONS },
    () =>
      new Promise<void>((resolve) => {
        let sent = 0;
        let timer: NodeJS.Timeout | undefined;
        const client: SlowClient = { startedMs: performance.now(), answer: '', endedMs: 0 };
        const socket = net.connect({ port, host: '127.0.0.1' }, () => {
          clients.push(Object.assign(client, { startedMs: performance.now() }));
          timer = setInterval(() => socket.write(HEAD.charAt(sent++)), BYTE_MS);
          socket.write(HEAD.charAt(sent++));
        });
        cleanup.after(() => void socket.destroy());
        socket.setEncoding('latin1').on('data', (text: string) => {
          client.answer += text;
        });
        // The end that the balancer makes is what is waited for; a byte sent after it is reset.
        const end = (): void => {
          clearInterval(timer);
          if (client.endedMs === 0) client.endedMs = performance.now();
          socket.destroy();
          resolve();
        };
        socket.on('end', end);
        socket.on('error', end);
        socket.on('close', end);
      }),
  );
  await Promise.all(ended);
  const { sent, failures, longestMs } = await load.stop();
  await admin.atRest();
  const status = await admin.status();
  const times = clients.map(({ startedMs, endedMs }) => endedMs - startedMs).toSorted((a, b) => a - b);
  const refused = clients.filter(({ answer }) => answer.startsWith('HTTP/1.1 408 ')).length;
  const [first = 0] = times;
  const last = times.at(-1) ?? 0;
  const counted = status.failuresWithoutPool['REQUEST_HEAD_TIMEOUT'] ?? 0;
  const faults = [...failures];
  if (clients.length !== CONNECTIONS) faults.push(`${clients.length} of ${CONNECTIONS} connected`);
  if (refused !== CONNECTIONS) faults.push(`${refused} of ${CONNECTIONS} were answered 408`);
  if (first < HEAD_TIMEOUT_MS - 100) faults.push(`the first was closed after ${Math.round(first)} ms`);
  if (last > HEAD_TIMEOUT_MS + GRACE_MS) faults.push(`the last was closed after ${Math.round(last)} ms`);
  if (counted !== CONNECTIONS) faults.push(`${counted} were counted`);
  return [
    {
      figures: `${refused} of ${CONNECTIONS} slow heads answered 408 after ${Math.round(first)} to ${Math.round(last)} ms (limit ${HEAD_TIMEOUT_MS}); beside them ${sent} requests, ${failures.length} failed, longest ${Math.round(longestMs)} ms`,
      faults,
    },
  ];
});
