/**
 * `node message-load.ts PORT SCENARIO SECONDS`: WebSockets with one message under way each, 64 bytes
 * there and back. Prints a `LoadResult` as JSON, in which a request is a message.
 */
import net from 'node:net';
import { bucketOf, HISTOGRAM_BUCKETS, quantilesOf } from '../src/state/histogram.ts';
import type { LoadResult } from './load.ts';
import { SCENARIOS } from './scenarios.ts';

const KEY = Buffer.alloc(16, 'k').toString('base64');
const PAYLOAD_BYTES = 64;
/** A masked text frame of a single piece (RFC 6455 section 5.2); its mask is zero. */
export const MESSAGE = Buffer.concat([
  Buffer.from([0x81, 0x80 | PAYLOAD_BYTES, 0, 0, 0, 0]),
  Buffer.alloc(PAYLOAD_BYTES, 'm'),
]);

export const upgradeRequest = (path: string, host: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`;

interface Tally {
  readonly latencies: Uint32Array;
  messages: number;
  errors: number;
  isOver: boolean;
}

function openSocket(port: number, path: string, host: string, tally: Tally): net.Socket {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  let head = '';
  let isOpen = false;
  let bytesLeft = 0;
  let startedMs = 0;
  const send = (): void => {
    startedMs = performance.now();
    bytesLeft = MESSAGE.length;
    socket.write(MESSAGE);
  };
  socket.on('connect', () => socket.write(upgradeRequest(path, host)));
  socket.on('data', (bytes: Buffer) => {
    if (!isOpen) {
      head += bytes.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      if (!head.startsWith('HTTP/1.1 101 ')) return void socket.destroy();
      isOpen = true;
      return send();
    }
    bytesLeft -= bytes.length;
    if (bytesLeft > 0) return;
    tally.messages++;
    const bucket = bucketOf((performance.now() - startedMs) * 1000);
    tally.latencies[bucket] = (tally.latencies[bucket] ?? 0) + 1;
    if (!tally.isOver) send();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (!tally.isOver) tally.errors++;
  });
  return socket;
}

async function run(port: number, name: string, seconds: number): Promise<LoadResult> {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  const tally: Tally = { latencies: new Uint32Array(HISTOGRAM_BUCKETS), messages: 0, errors: 0, isOver: false };
  const startedMs = performance.now();
  const sockets = Array.from({ length: scenario.connections }, () =>
    openSocket(port, scenario.path, scenario.host, tally),
  );
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  tally.isOver = true;
  const result = {
    requests: tally.messages,
    errors: tally.errors,
    seconds: (performance.now() - startedMs) / 1000,
  };
  for (const socket of sockets) socket.destroy();
  const [p50Micros, p99Micros] = quantilesOf(tally.latencies, [0.5, 0.99]);
  return { ...result, p50Micros: p50Micros ?? 0, p99Micros: p99Micros ?? 0 };
}

if (import.meta.main) {
  const [port, name = '', seconds] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(await run(Number(port), name, Number(seconds))), () => process.exit(0));
}
