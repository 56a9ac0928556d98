/**
 * 1,000 WebSockets at once: messages both ways, floods against readers that have stopped, sides
 * that die, directions that end one after the other, and nothing left behind.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { type BalancerProgram, poolOf, runBalancer } from '../../harness/balancer-program.ts';
import type { CleanupList } from '../../harness/cleanup.ts';
import { eventually, within } from '../../harness/eventually.ts';
import { type HttpBackend, startHttpBackend } from '../../harness/http-backends.ts';
import { report, type Verdict } from './verdict.ts';

const SOCKETS = 1_000;
const ROUNDS = 5;
const LIMIT_MS = 60_000;

/** Half of them each way. */
const FLOODS = 20;
const FLOOD_SECONDS = 15;
const FLOOD_PIECE = Buffer.alloc(64 * 1024, 'f');
const FLOOD_EVERY_MS = 62.5;
/** What the kernel holds of one flood: two sockets' buffers to send and two to receive. */
const MAX_TAKEN_BYTES = 12 * 2 ** 20;
/** What the balancer may hold of each, beside what its collector has not got to yet. */
const MAX_HELD_BYTES = 512 * 1024;
const MAX_NOISE_BYTES = 32 * 2 ** 20;

const DEATHS = 100;
const MAX_CLOSE_MS = 1_000;

const HALF_CLOSES = 20;
const REST_BYTES = 2 ** 20;

interface Tunnel {
  readonly index: number;
  readonly client: WebSocket;
  readonly backend: WebSocket;
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

/** A backend that hands over each WebSocket by its path, and plays the raw part under `/raw/`. */
function startTunnelBackend(
  cleanup: CleanupList,
  name: string,
  sides: Map<string, WebSocket>,
  raw: (socket: Duplex, path: string) => void,
): Promise<HttpBackend> {
  const webSockets = new WebSocketServer({ noServer: true });
  return startHttpBackend(cleanup, name, {
    prepare: (server) =>
      server.on('upgrade', (request, socket, head) => {
        const path = request.url ?? '';
        if (path.startsWith('/raw/')) return raw(socket, path);
        webSockets.handleUpgrade(request, socket, head, (side) => {
          side.on('error', () => {});
          sides.set(path, side);
        });
      }),
  });
}

async function openTunnel(
  cleanup: CleanupList,
  port: number,
  index: number,
  sides: ReadonlyMap<string, WebSocket>,
): Promise<Tunnel> {
  const path = `/tunnel/${index}`;
  const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false });
  cleanup.after(() => client.terminate());
  client.on('error', () => {});
  await within(`tunnel ${index} to open`, LIMIT_MS, once(client, 'open'));
  const backend = sides.get(path);
  if (backend === undefined) throw new Error(`no backend has tunnel ${index}`);
  return { index, client, backend };
}

/** Sends and waits for the very same message on the other side. */
async function pass(from: WebSocket, to: WebSocket, message: string, faults: string[]): Promise<void> {
  const arrival = once(to, 'message') as Promise<[Buffer]>;
  from.send(message);
  const [got] = await arrival;
  if (got.toString() !== message) faults.push(`"${message.slice(0, 30)}" came as "${got.toString().slice(0, 30)}"`);
}

async function checkMessages(tunnels: readonly Tunnel[], balancer: BalancerProgram): Promise<Verdict> {
  const faults: string[] = [];
  const { backends } = await balancer.admin.pool();
  const inFlight = backends.map((backend) => backend.inFlight);
  if (inFlight.reduce((sum, count) => sum + count, 0) !== SOCKETS) faults.push(`in flight ${inFlight.join(' + ')}`);
  const startMs = performance.now();
  const talk = async ({ index, client, backend }: Tunnel): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      const text = (side: string): string => `${side} ${index} ${round} `.padEnd(round === 4 ? 70_000 : 200, side);
      await Promise.all([pass(client, backend, text('up'), faults), pass(backend, client, text('down'), faults)]);
    }
  };
  await within('all messages', LIMIT_MS, Promise.all(tunnels.map(talk)));
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  return {
    figures: `${SOCKETS} WebSockets at once (in flight ${inFlight.join(' + ')}), ${SOCKETS * ROUNDS} messages each way in ${seconds} s, none lost or mixed up`,
    faults,
  };
}

/** Floods one way while the other side does not read, and then reads it all. */
async function checkFloods(tunnels: readonly Tunnel[], balancer: BalancerProgram): Promise<Verdict> {
  const faults: string[] = [];
  const floods = tunnels.map(({ client, backend }, place) => {
    const [source, reader] = place % 2 === 0 ? [client, backend] : [backend, client];
    const flood = { source, reader, sentBytes: 0, readBytes: 0, takenBytes: 0 };
    reader.pause();
    reader.on('message', (data: Buffer) => {
      flood.readBytes += data.length;
    });
    return flood;
  });
  const firstRss = rssOf(balancer.pid);
  let mostRss = firstRss;
  const startMs = performance.now();
  for (let round = 0; performance.now() - startMs < FLOOD_SECONDS * 1_000; round++) {
    for (const flood of floods) {
      flood.source.send(FLOOD_PIECE, { binary: true });
      flood.sentBytes += FLOOD_PIECE.length;
    }
    mostRss = Math.max(mostRss, rssOf(balancer.pid));
    await delay(Math.max(0, startMs + (round + 1) * FLOOD_EVERY_MS - performance.now()));
  }
  for (const flood of floods) flood.takenBytes = flood.sentBytes - flood.source.bufferedAmount;
  const rate = (floods[0]?.sentBytes ?? 0) / FLOOD_SECONDS / 1e6;
  const mostTaken = Math.max(...floods.map(({ takenBytes }) => takenBytes));
  const heldBytes = mostRss - firstRss;
  if (mostTaken > MAX_TAKEN_BYTES) faults.push(`${mib(mostTaken)} were taken from one source`);
  if (heldBytes > FLOODS * MAX_HELD_BYTES + MAX_NOISE_BYTES) faults.push(`memory rose by ${mib(heldBytes)}`);
  // Nothing is lost: what was held back arrives once it is read.
  for (const { reader } of floods) reader.resume();
  const missing = (): number => floods.reduce((sum, { sentBytes, readBytes }) => sum + sentBytes - readBytes, 0);
  await eventually(
    () => `the rest of the floods: ${missing()} bytes`,
    () => missing() === 0,
    LIMIT_MS,
  );
  return {
    figures: `${FLOODS} floods of ${rate.toFixed(2)} MB/s for ${FLOOD_SECONDS} s against readers that stand still: at most ${mib(mostTaken)} of ${mib(floods[0]?.sentBytes ?? 0)} taken from a source, memory ${mib(firstRss)} + ${mib(heldBytes)}; read later to the last byte`,
    faults,
  };
}

/** One side goes, the other one hears of it. A paused side has unread bytes: its end is a reset. */
async function checkDeaths(tunnels: readonly Tunnel[], flooded: readonly Tunnel[]): Promise<Verdict> {
  const faults: string[] = [];
  const socketOf = (side: WebSocket): net.Socket => (side as unknown as { readonly _socket: net.Socket })._socket;
  const times: number[] = [];
  const kill = async ({ index, client, backend }: Tunnel, isFlooded: boolean): Promise<void> => {
    const [victim, survivor] = index % 2 === 0 ? [client, backend] : [backend, client];
    if (isFlooded) {
      victim.pause();
      for (let piece = 0; piece < 256; piece++) survivor.send(FLOOD_PIECE);
      await delay(500);
    }
    const closed = once(survivor, 'close');
    const startMs = performance.now();
    if (index % 4 < 2) victim.terminate();
    else socketOf(victim).resetAndDestroy();
    await within(`the other side of ${index} to close`, LIMIT_MS, closed);
    times.push(performance.now() - startMs);
  };
  // A few at a time: what is measured is the balancer's delay and not this process's.
  for (let from = 0; from < tunnels.length; from += 10) {
    await Promise.all(tunnels.slice(from, from + 10).map((tunnel) => kill(tunnel, false)));
  }
  await Promise.all(flooded.map((tunnel) => kill(tunnel, true)));
  const longestMs = Math.round(Math.max(...times));
  if (longestMs > MAX_CLOSE_MS) faults.push(`the other side was told after ${longestMs} ms`);
  return {
    figures: `${times.length} sides died, by an end or a reset, ${flooded.length} of them in a flood: the other side closed within ${longestMs} ms`,
    faults,
  };
}

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** Ends its direction first or last, and sends the rest in between: the same on both sides. */
function playHalfClose(socket: Duplex, endsFirst: boolean): Promise<number> {
  let readBytes = 0;
  socket.on('data', (bytes: Buffer) => {
    readBytes += bytes.length;
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('end', () => {
      if (!endsFirst) socket.end(Buffer.alloc(REST_BYTES, 'r'));
      resolve(readBytes);
    });
    if (endsFirst) socket.end('last words');
  });
}

async function checkHalfCloses(port: number, backendSides: ReadonlyMap<string, Promise<number>>): Promise<Verdict> {
  const faults: string[] = [];
  const one = async (index: number): Promise<void> => {
    const clientEndsFirst = index % 2 === 0;
    const path = `/raw/${clientEndsFirst ? 'client' : 'backend'}/${index}`;
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
    );
    let head = '';
    while (!head.includes('\r\n\r\n')) {
      await once(socket, 'readable');
      head += (socket.read() as Buffer | null)?.toString('latin1') ?? '';
    }
    const statusLine = head.slice(0, 12);
    const early = head.slice(head.indexOf('\r\n\r\n') + 4);
    if (statusLine !== 'HTTP/1.1 101') faults.push(`${path} was answered ${statusLine}`);
    const own = early.length + (await within(`the end of ${path}`, LIMIT_MS, playHalfClose(socket, clientEndsFirst)));
    const other = (await backendSides.get(path)) ?? -1;
    const [first, last] = clientEndsFirst ? [other, own] : [own, other];
    if (first !== 'last words'.length || last !== REST_BYTES) faults.push(`${path}: ${first} and then ${last} bytes`);
  };
  await Promise.all(Array.from({ length: HALF_CLOSES }, (_, index) => one(index)));
  return {
    figures: `${HALF_CLOSES} tunnels ended one direction first: ${mib(REST_BYTES)} went on the other way, whole`,
    faults,
  };
}

async function checkRest(balancer: BalancerProgram, backends: readonly HttpBackend[]): Promise<Verdict> {
  await balancer.admin.atRest();
  const { workers, pools } = await balancer.admin.status();
  const connections = await Promise.all(
    backends.map(({ server }) => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))),
  );
  const [pool] = pools;
  const clients = workers.reduce((sum, { clientConnections }) => sum + clientConnections, 0);
  const faults: string[] = [];
  const opened = SOCKETS + HALF_CLOSES;
  if (pool?.statuses['1xx'] !== opened) faults.push(`${pool?.statuses['1xx']} of ${opened} tunnels were counted`);
  if (clients > 0) faults.push(`${clients} client connections are left`);
  if (connections.some((count) => count > 0)) faults.push(`${connections.join(' + ')} backend connections are left`);
  return {
    figures: `at the end 0 in flight, ${clients} clients, ${connections.join(' + ')} backend connections`,
    faults,
  };
}

await report('tunnels', async (cleanup) => {
  const sides = new Map<string, WebSocket>();
  const rawSides = new Map<string, Promise<number>>();
  const raw = (socket: Duplex, path: string): void => {
    socket.write(SWITCH);
    rawSides.set(path, playHalfClose(socket, path.startsWith('/raw/backend/')));
  };
  const names = ['a', 'b', 'c', 'd'];
  const backends = await Promise.all(names.map((name) => startTunnelBackend(cleanup, name, sides, raw)));
  const balancer = await runBalancer(cleanup, {
    pools: { web: poolOf(backends, { idleConnections: { timeout: '100ms' } }) },
  });
  const tunnels: Tunnel[] = [];
  for (let from = 0; from < SOCKETS; from += 100) {
    const some = Array.from({ length: 100 }, (_, place) => openTunnel(cleanup, balancer.port, from + place, sides));
    tunnels.push(...(await Promise.all(some)));
  }
  const verdicts = [await checkMessages(tunnels, balancer)];
  verdicts.push(await checkFloods(tunnels.slice(0, FLOODS), balancer));
  verdicts.push(await checkDeaths(tunnels.slice(FLOODS, FLOODS + DEATHS), tunnels.slice(0, FLOODS)));
  verdicts.push(await checkHalfCloses(balancer.port, rawSides));
  const rest = tunnels.slice(FLOODS + DEATHS);
  const closed = rest.flatMap(({ client, backend }) => [once(client, 'close'), once(backend, 'close')]);
  for (const { client } of rest) client.close(1000);
  await within('all to close', LIMIT_MS, Promise.all(closed));
  verdicts.push(await checkRest(balancer, backends));
  return verdicts;
});
