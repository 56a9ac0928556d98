/**
 * Clients that are slow on purpose: 500 that read a large answer at 1 KB/s, and 2,000 that send
 * their heads at one byte a second. What is measured is the balancer's memory, what it takes from
 * backends, when it gives up, and what good clients notice.
 *
 * `node test/program/long/slow-clients.ts [--seconds=30]`, the time for which the 500 read
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type BalancerProgram, poolOf, runBalancer } from '../../harness/balancer-program.ts';
import type { CleanupList } from '../../harness/cleanup.ts';
import { eventually } from '../../harness/eventually.ts';
import { type HttpBackend, startHttpBackend } from '../../harness/http-backends.ts';
import { readFlags } from './flags.ts';
import { report, type Verdict } from './verdict.ts';

const READERS = 500;
const ANSWER_BYTES = 10_000_000;
const READ_BYTES = 1024;
const SETTLED_SECONDS = 10;
const MAX_RSS_PER_READER = 128 * 1024;
/** From then on memory is flat, but for what the collector has not got to. */
const MAX_DRIFT_BYTES = 8 * 2 ** 20;
/** Taken from a backend, not sent to the client, and in no queue of the kernel. */
const MAX_HELD_PER_READER = 256 * 1024;

const HEADS = 2_000;
const HEAD_TIMEOUT_MS = 10_000;
const HEAD_GRACE_MS = 1_500;
const MAX_RSS_PER_HEAD = 20_000;

const GOOD_PER_SECOND = 200;
const QUIET_MS = 5_000;
/** Above it good clients do notice, however busy the machine is. */
const MAX_GOOD_P99_MS = 250;

const { seconds } = readFlags({ seconds: 30 });

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

interface GoodTraffic {
  /** p99 in milliseconds of what was due since the last call. */
  p99(): number;
  readonly failures: string[];
  stop(): void;
}

/** Small requests by the clock; the time of each counts from the moment it was due. */
function startGoodTraffic(port: number): GoodTraffic {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
  const failures: string[] = [];
  const startMs = performance.now();
  let times: number[] = [];
  let sent = 0;
  const send = (dueMs: number): void => {
    const request = http.get({ agent, host: '127.0.0.1', port, path: '/small' }, (response) => {
      if (response.statusCode !== 200) failures.push(`good traffic got ${response.statusCode}`);
      response.on('end', () => times.push(performance.now() - dueMs)).resume();
    });
    request.on('error', (error) => failures.push(`good traffic: ${error.message}`));
  };
  const timer = setInterval(() => {
    const dueBy = ((performance.now() - startMs) * GOOD_PER_SECOND) / 1000;
    for (; sent < dueBy; sent++) send(startMs + (sent * 1000) / GOOD_PER_SECOND);
  }, 5);
  return {
    failures,
    p99() {
      const sorted = times.toSorted((a, b) => a - b);
      times = [];
      return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
    },
    stop() {
      clearInterval(timer);
      agent.destroy();
    },
  };
}

/** Bytes in the queues of all sockets that one of `ports` is an end of: sent or not, and not read. */
function kernelBytes(ports: readonly number[]): number {
  const wanted = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, '0')));
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1));
  let sum = 0;
  for (const line of lines) {
    const [, local = '', remote = '', state = '', queues = ''] = line.trim().split(/\s+/);
    // A listener's queues count connections.
    if (state === '0A' || ![local, remote].some((end) => wanted.has(end.slice(-4)))) continue;
    for (const queue of queues.split(':')) sum += Number.parseInt(queue, 16);
  }
  return sum;
}

interface Backend extends HttpBackend {
  /** Bytes of large answers that the kernel has taken. */
  taken(): number;
}

const PIECE = Buffer.alloc(16 * 1024, 'x');

async function startBackend(cleanup: CleanupList, name: string): Promise<Backend> {
  const sockets = new Set<net.Socket>();
  const backend = await startHttpBackend(cleanup, name, {
    handle(request, response) {
      if (request.url === '/small') return void response.end('ok');
      const { socket } = request;
      sockets.add(socket);
      let leftBytes = ANSWER_BYTES;
      // One piece at a time, so that all but one piece is the kernel's.
      const write = (): void => {
        if (leftBytes === 0) return void response.end();
        const piece = PIECE.subarray(0, Math.min(PIECE.length, leftBytes));
        leftBytes -= piece.length;
        response.write(piece, (error) => {
          if (error === null || error === undefined) write();
        });
      };
      response.writeHead(200, { 'Content-Length': ANSWER_BYTES });
      write();
    },
  });
  const taken = (): number =>
    [...sockets].reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0);
  return Object.assign(backend, { taken });
}

/** Reads a kilobyte a second, and no more from the kernel than that. */
function startSlowReader(cleanup: CleanupList, port: number, faults: string[]): { readBytes: number } {
  const reader = { readBytes: 0 };
  const onread = {
    buffer: Buffer.alloc(READ_BYTES),
    callback: (bytes: number): boolean => {
      reader.readBytes += bytes;
      return false;
    },
  };
  const socket = net.connect({ port, host: '127.0.0.1', onread }, () => {
    socket.write('GET /large HTTP/1.1\r\nHost: a.example\r\n\r\n');
    const timer = setInterval(() => socket.resume(), 1_000);
    socket.once('close', () => clearInterval(timer));
  });
  const isCut = (): void => void faults.push('a reader was cut off');
  socket.on('end', isCut);
  socket.on('error', isCut);
  cleanup.after(() => {
    socket
      .off('end', isCut)
      .off('error', isCut)
      .on('error', () => {});
    socket.destroy();
  });
  return reader;
}

async function checkReaders(cleanup: CleanupList): Promise<Verdict> {
  const backends = await Promise.all(['a', 'b'].map((name) => startBackend(cleanup, name)));
  const balancer = await runBalancer(cleanup, {
    pools: { web: poolOf(backends) },
    // On a loopback, at this pace, the kernel's own buffers do not move for minutes.
    client: { writeIdleTimeout: '5m' },
  });
  const traffic = startGoodTraffic(balancer.port);
  await delay(QUIET_MS);
  const quietMs = traffic.p99();
  const firstRss = rssOf(balancer.pid);
  const faults: string[] = [];
  const readers: { readBytes: number }[] = [];
  while (readers.length < READERS) {
    for (let count = 0; count < 50; count++) readers.push(startSlowReader(cleanup, balancer.port, faults));
    await delay(50);
  }
  traffic.p99();
  const samples: number[] = [];
  while (samples.length < seconds) {
    await delay(1_000);
    samples.push(rssOf(balancer.pid));
    // The start, when 500 answers fill all buffers at once, is not what is measured.
    if (samples.length === SETTLED_SECONDS) traffic.p99();
  }
  const busyMs = traffic.p99();
  const ports = [balancer.port, ...backends.map(({ port }) => port)];
  const readBytes = readers.reduce((sum, reader) => sum + reader.readBytes, 0);
  const takenBytes = backends.reduce((sum, backend) => sum + backend.taken(), 0);
  const heldBytes = takenBytes - readBytes - kernelBytes(ports);
  traffic.stop();
  const grownBytes = Math.max(...samples) - firstRss;
  const driftBytes = Math.max(...samples.slice(SETTLED_SECONDS)) - (samples[SETTLED_SECONDS - 1] ?? 0);
  faults.push(...traffic.failures);
  if (grownBytes > READERS * MAX_RSS_PER_READER) faults.push(`memory grew by ${mib(grownBytes)}`);
  if (driftBytes > MAX_DRIFT_BYTES) faults.push(`memory still grew by ${mib(driftBytes)} after ${SETTLED_SECONDS} s`);
  if (heldBytes > READERS * MAX_HELD_PER_READER) faults.push(`${mib(heldBytes)} are held`);
  if (readBytes < READERS * READ_BYTES * (seconds - 5)) faults.push(`only ${mib(readBytes)} were read`);
  if (busyMs > MAX_GOOD_P99_MS) faults.push(`good traffic took ${busyMs.toFixed(1)} ms`);
  return {
    promise: 'D10',
    figures: `${READERS} readers of ${(readBytes / READERS / seconds / 1000).toFixed(2)} KB/s for ${seconds} s: memory ${mib(firstRss)} + ${mib(grownBytes)} (${kib(grownBytes / READERS)} each), ${mib(driftBytes)} of it after ${SETTLED_SECONDS} s; taken from backends ${mib(takenBytes)}, read ${mib(readBytes)}, in the kernel ${mib(takenBytes - readBytes - heldBytes)}, held ${mib(heldBytes)} (${kib(heldBytes / READERS)} each); good p99 ${quietMs.toFixed(1)} ms before, ${busyMs.toFixed(1)} ms beside them`,
    faults,
  };
}

const HEAD = 'GET /slow HTTP/1.1\r\nHost: a.example\r\n';

interface SlowHead {
  startedMs: number;
  endedMs: number;
  answer: string;
}

/** One byte a second, until the balancer ends it. */
function startSlowHead(cleanup: CleanupList, port: number): SlowHead {
  const head: SlowHead = { startedMs: 0, endedMs: 0, answer: '' };
  let sent = 0;
  const socket = net.connect({ port, host: '127.0.0.1' }, () => {
    head.startedMs = performance.now();
    socket.write(HEAD.charAt(sent++));
    const timer = setInterval(() => socket.write(HEAD.charAt(sent++)), 1_000);
    socket.once('close', () => clearInterval(timer));
  });
  const end = (): void => {
    head.endedMs ||= performance.now();
    socket.destroy();
  };
  socket.setEncoding('latin1').on('data', (text: string) => {
    head.answer += text;
  });
  socket.on('end', end);
  socket.on('error', end);
  cleanup.after(() => void socket.destroy());
  return head;
}

async function checkHeads(cleanup: CleanupList): Promise<Verdict> {
  const backends = await Promise.all(['a', 'b'].map((name) => startBackend(cleanup, name)));
  const balancer: BalancerProgram = await runBalancer(cleanup, { pools: { web: poolOf(backends) } });
  const traffic = startGoodTraffic(balancer.port);
  await delay(QUIET_MS);
  const quietMs = traffic.p99();
  const firstRss = rssOf(balancer.pid);
  const heads: SlowHead[] = [];
  while (heads.length < HEADS) {
    for (let count = 0; count < 100; count++) heads.push(startSlowHead(cleanup, balancer.port));
    await delay(25);
  }
  await delay(HEAD_TIMEOUT_MS / 2);
  const grownBytes = rssOf(balancer.pid) - firstRss;
  await eventually('all heads to end', () => heads.every(({ endedMs }) => endedMs > 0), HEAD_TIMEOUT_MS * 3);
  const busyMs = traffic.p99();
  traffic.stop();
  const times = heads.map(({ startedMs, endedMs }) => endedMs - startedMs).toSorted((a, b) => a - b);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const refused = heads.filter(({ answer }) => answer.startsWith('HTTP/1.1 408 ')).length;
  const faults = [...traffic.failures];
  if (refused !== HEADS) faults.push(`${refused} of ${HEADS} were answered 408`);
  if (first < HEAD_TIMEOUT_MS - HEAD_GRACE_MS) faults.push(`the first ended after ${Math.round(first)} ms`);
  if (last > HEAD_TIMEOUT_MS + HEAD_GRACE_MS) faults.push(`the last ended after ${Math.round(last)} ms`);
  if (grownBytes > HEADS * MAX_RSS_PER_HEAD) faults.push(`memory grew by ${mib(grownBytes)}`);
  if (busyMs > MAX_GOOD_P99_MS) faults.push(`good traffic took ${busyMs.toFixed(1)} ms`);
  return {
    promise: 'D11',
    figures: `${refused} of ${HEADS} slow heads answered 408 after ${Math.round(first)} to ${Math.round(last)} ms; ${(grownBytes / HEADS / 1000).toFixed(1)} KB each (${mib(firstRss)} + ${mib(grownBytes)}); good p99 ${quietMs.toFixed(1)} ms before, ${busyMs.toFixed(1)} ms beside them`,
    faults,
  };
}

await report('slow-clients', async (cleanup) => [await checkHeads(cleanup), await checkReaders(cleanup)]);
