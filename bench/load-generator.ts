/**
 * `node load-generator.ts PORT SCENARIO SECONDS`: our own closed-loop load, for machines without
 * wrk. Prints a `LoadResult` as JSON. It reads answers with Content-Length or chunked and counts
 * any other as an error.
 */
import net from 'node:net';
import { bucketOf, HISTOGRAM_BUCKETS, quantilesOf } from '../src/state/histogram.ts';
import type { LoadResult } from './load.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const CHUNKED_END = Buffer.from('\r\n0\r\n\r\n');
const RECONNECT_MS = 10;

interface Tally {
  readonly latencies: Uint32Array;
  requests: number;
  errors: number;
  isOver: boolean;
}

function requestOf(scenario: Scenario): Buffer {
  const head = [`${scenario.method} ${scenario.path} HTTP/1.1`, `Host: ${scenario.host}`];
  if (scenario.closesConnections) head.push('Connection: close');
  const body = Buffer.alloc(scenario.requestBytes, 'x');
  if (scenario.isChunked) head.push('Transfer-Encoding: chunked');
  else if (scenario.requestBytes > 0) head.push(`Content-Length: ${scenario.requestBytes}`);
  const pieces = scenario.isChunked ? [`${body.length.toString(16)}\r\n`, body, '\r\n0\r\n\r\n'] : [body];
  return Buffer.concat([`${head.join('\r\n')}\r\n\r\n`, ...pieces].map((piece) => Buffer.from(piece)));
}

/** One client: sends, waits for the whole answer, sends again, until the tally is over. */
function runClient(port: number, scenario: Scenario, request: Buffer, tally: Tally): void {
  if (tally.isOver) return;
  let startedMs = performance.now();
  let isWaiting = false;
  let head: Buffer | null = Buffer.alloc(0);
  let bodyBytesLeft = 0;
  let chunkedTail: Buffer | null = null;
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });

  const send = (): void => {
    head = Buffer.alloc(0);
    chunkedTail = null;
    isWaiting = true;
    socket.write(request);
  };
  const finish = (): void => {
    isWaiting = false;
    if (tally.isOver) return;
    tally.requests++;
    const bucket = bucketOf((performance.now() - startedMs) * 1000);
    tally.latencies[bucket] = (tally.latencies[bucket] ?? 0) + 1;
    if (scenario.closesConnections) return;
    startedMs = performance.now();
    send();
  };
  const takeBody = (piece: Buffer): void => {
    if (chunkedTail !== null) {
      // The last bytes decide: a body of ours never holds an empty chunk.
      chunkedTail = Buffer.concat([chunkedTail, piece]).subarray(-CHUNKED_END.length);
      if (chunkedTail.equals(CHUNKED_END)) finish();
      return;
    }
    bodyBytesLeft -= piece.length;
    if (bodyBytesLeft === 0) finish();
    else if (bodyBytesLeft < 0) socket.destroy();
  };

  socket.on('connect', send);
  socket.on('data', (piece: Buffer) => {
    if (head === null) return takeBody(piece);
    head = Buffer.concat([head, piece]);
    const end = head.indexOf(HEAD_END);
    if (end < 0) return;
    const text = head.toString('latin1', 0, end);
    const body = head.subarray(end + HEAD_END.length);
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    const isChunked = /\r\ntransfer-encoding: *chunked/i.test(text);
    if (!/^HTTP\/1\.[01] [23]/.test(text) || (length === undefined && !isChunked)) return void socket.destroy();
    head = null;
    chunkedTail = isChunked ? Buffer.from('\r\n') : null;
    bodyBytesLeft = Number(length ?? 0);
    takeBody(body);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    const hasFailed = isWaiting || socket.bytesRead === 0;
    if (hasFailed && !tally.isOver) tally.errors++;
    setTimeout(() => runClient(port, scenario, request, tally), hasFailed ? RECONNECT_MS : 0);
  });
}

async function run(port: number, scenario: Scenario, seconds: number): Promise<LoadResult> {
  const tally: Tally = { latencies: new Uint32Array(HISTOGRAM_BUCKETS), requests: 0, errors: 0, isOver: false };
  const request = requestOf(scenario);
  const startedMs = performance.now();
  for (let client = 0; client < scenario.connections; client++) runClient(port, scenario, request, tally);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  tally.isOver = true;
  const [p50Micros, p99Micros] = quantilesOf(tally.latencies, [0.5, 0.99]);
  return {
    requests: tally.requests,
    errors: tally.errors,
    seconds: (performance.now() - startedMs) / 1000,
    p50Micros: p50Micros ?? 0,
    p99Micros: p99Micros ?? 0,
  };
}

const [port, name, seconds] = process.argv.slice(2);
const scenario = SCENARIOS.find((each) => each.name === name);
if (scenario === undefined) throw new Error(`no scenario ${name}`);
process.stdout.write(JSON.stringify(await run(Number(port), scenario, Number(seconds))), () => process.exit(0));
