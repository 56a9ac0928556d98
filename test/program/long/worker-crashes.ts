/**
 * A worker throws 50 times, now one and now the other of two, under kept-alive and new connections.
 * A crash may cost what is in flight on the connections of that worker, and new connections that
 * the kernel held for it, and nothing else: none is refused, no request of the other worker fails,
 * and the worker is back within a second.
 *
 * `node test/program/long/worker-crashes.ts [--crashes=50]`
 */
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { poolOf } from '../../harness/balancer-program.ts';
import { startHttpBackends } from '../../harness/http-backends.ts';
import { startMortalBalancer } from '../../harness/mortal-balancer.ts';
import { readFlags } from './flags.ts';
import { report } from './verdict.ts';

const KEPT_LANES = 12;
const FRESH_LANES = 4;
/** Of the backends, so that there always is something in flight. */
const ANSWER_MS = 10;
/** Well below what two cores can do: what fails then is a fault, and not too much load. */
const PAUSE_MS = 10;
/** Between two crashes, beside the time that the worker takes to come back. */
const CALM_MS = 700;
const BACK_LIMIT_MS = 1_000;

const { crashes } = readFlags({ crashes: 50 });

interface Tally {
  answered: number;
  /** Requests sent whole on an open connection that got no whole answer. */
  cut: number;
  /** Connections that could not be opened, by error; reset is what the kernel held for a worker that died. */
  refused: Map<string, number>;
  /** Answers other than 200. */
  odd: string[];
  longestMs: number;
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: crash.example\r\n';

/** Connects; null where that fails, which is counted. */
function open(port: number, tally: Tally): Promise<net.Socket | null> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1');
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? error.message;
      if (socket.connecting || socket.pending) tally.refused.set(code, (tally.refused.get(code) ?? 0) + 1);
      resolve(null);
    });
    socket.on('error', () => {});
  });
}

/** One request; false where the connection ended before the whole answer was there. */
function ask(socket: net.Socket, isLast: boolean, tally: Tally): Promise<boolean> {
  return new Promise((resolve) => {
    const startMs = performance.now();
    let text = '';
    const end = (isWhole: boolean): void => {
      socket.off('data', onData);
      socket.off('close', onClose);
      tally.longestMs = Math.max(tally.longestMs, performance.now() - startMs);
      if (!isWhole) tally.cut++;
      else if (text.startsWith('HTTP/1.1 200 ')) tally.answered++;
      else tally.odd.push(text.slice(0, 100));
      resolve(isWhole);
    };
    const onClose = (): void => end(false);
    const onData = (piece: string): void => {
      text += piece;
      const head = text.indexOf('\r\n\r\n');
      const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
      if (head >= 0 && text.length >= head + 4 + Number(length)) end(true);
    };
    socket.on('data', onData);
    socket.on('close', onClose);
    if (socket.destroyed) end(false);
    else socket.write(`${REQUEST}${isLast ? 'Connection: close\r\n' : ''}\r\n`);
  });
}

async function run(port: number, isKept: boolean, tally: Tally, isOver: () => boolean): Promise<void> {
  let socket: net.Socket | null = null;
  while (!isOver()) {
    // A close that has been seen is no failure: the next request goes over another connection.
    if (socket === null || socket.destroyed || socket.readableEnded) socket = await open(port, tally);
    if (socket !== null) {
      const isWhole = await ask(socket, !isKept, tally);
      if (!isKept || !isWhole) {
        socket.destroy();
        socket = null;
      }
    }
    await delay(PAUSE_MS);
  }
  socket?.destroy();
}

const newTally = (): Tally => ({ answered: 0, cut: 0, refused: new Map(), odd: [], longestMs: 0 });

await report('worker-crashes', async (cleanup) => {
  const backends = await startHttpBackends(cleanup, ['c', 'd'], {
    handle: (_, response, { name }) => setTimeout(() => response.end(name), ANSWER_MS),
  });
  const { balancer, harm, workerStatus } = await startMortalBalancer(cleanup, { pools: { web: poolOf(backends) } });
  const { admin, port } = balancer;
  let isOver = false;
  const [kept, fresh] = [newTally(), newTally()];
  const lanes = [
    ...Array.from({ length: KEPT_LANES }, () => run(port, true, kept, () => isOver)),
    ...Array.from({ length: FRESH_LANES }, () => run(port, false, fresh, () => isOver)),
  ];
  cleanup.after(() => {
    isOver = true;
  });
  await delay(1_000);
  let inFlight = 0;
  let connections = 0;
  let longestBackMs = 0;
  for (let crash = 0; crash < crashes; crash++) {
    const worker = crash % 2;
    const { restarts, clientConnections } = await workerStatus(worker);
    connections += clientConnections + FRESH_LANES;
    await harm(worker);
    for (;;) {
      const status = await workerStatus(worker);
      if (status.restarts > restarts && status.state === 'running') {
        longestBackMs = Math.max(longestBackMs, Date.now() - (status.lastDeath?.atMs ?? 0));
        inFlight += status.lastDeath?.exchanges ?? 0;
        break;
      }
      await delay(5);
    }
    await delay(CALM_MS);
  }
  isOver = true;
  await Promise.all(lanes);
  await admin.atRest();
  const { requests } = await admin.pool();

  const answered = kept.answered + fresh.answered;
  const cut = kept.cut + fresh.cut;
  const faults = [...kept.odd, ...fresh.odd];
  let reset = 0;
  for (const { refused } of [kept, fresh]) {
    for (const [code, times] of refused) {
      if (code === 'ECONNRESET') reset += times;
      else faults.push(`${times} connections failed with ${code}`);
    }
  }
  if (inFlight === 0) faults.push('no crash hit a request: nothing was tested');
  if (cut > connections) faults.push(`${cut} requests were cut, and the dead workers had ${connections} connections`);
  if (reset > crashes) faults.push(`${reset} connections were reset before they were accepted`);
  if (longestBackMs >= BACK_LIMIT_MS) faults.push(`a worker was away for ${longestBackMs} ms`);
  if (requests < answered) faults.push(`${answered} were answered, and ${requests} counted`);
  const longestMs = Math.round(Math.max(kept.longestMs, fresh.longestMs));
  return [
    {
      figures:
        `${crashes} crashes, ${answered + cut} requests (${fresh.answered + fresh.cut} on new connections), ` +
        `${cut} cut (${inFlight} in flight in the dead workers, ${cut - inFlight} on their way to or from them), ` +
        `no connection refused, ${reset} reset in the queue of a dead worker, ` +
        `back after at most ${longestBackMs} ms, longest answer ${longestMs} ms`,
      faults,
    },
  ];
});
