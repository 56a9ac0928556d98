/**
 * `node paced-load.ts PORT SCENARIO SECONDS PER_SECOND`: requests by the clock, whether or not
 * earlier ones were answered, over kept-alive connections. The time of each counts from the moment
 * it was due, so that a proxy that stands still for a moment shows that moment in all of them.
 * Prints a `LoadResult` as JSON.
 */
import net from 'node:net';
import { bucketOf, HISTOGRAM_BUCKETS, quantilesOf } from '../src/state/histogram.ts';
import type { LoadResult } from './load.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

const HEAD_END = '\r\n\r\n';

/** A connection that is free takes the request that has been due for longest. */
class Pacer {
  readonly latencies = new Uint32Array(HISTOGRAM_BUCKETS);
  answered = 0;
  errors = 0;
  readonly #due: number[] = [];
  readonly #free: ((dueMs: number) => void)[] = [];

  due(dueMs: number): void {
    const send = this.#free.pop();
    if (send === undefined) this.#due.push(dueMs);
    else send(dueMs);
  }

  isFree(send: (dueMs: number) => void): void {
    const dueMs = this.#due.shift();
    if (dueMs === undefined) this.#free.push(send);
    else send(dueMs);
  }

  isAnswered(dueMs: number): void {
    this.answered++;
    const bucket = bucketOf(Math.max(0, performance.now() - dueMs) * 1000);
    this.latencies[bucket] = (this.latencies[bucket] ?? 0) + 1;
  }

  get waiting(): number {
    return this.#due.length;
  }
}

function openConnection(port: number, scenario: Scenario, pacer: Pacer): Promise<net.Socket> {
  const request = `GET ${scenario.path} HTTP/1.1\r\nHost: ${scenario.host}\r\n\r\n`;
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  let dueMs = 0;
  let text = '';
  const send = (due: number): void => {
    dueMs = due;
    socket.write(request);
  };
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    const end = text.indexOf(HEAD_END);
    // The scenario's answers have one length.
    if (end === -1 || text.length < end + HEAD_END.length + scenario.answerBytes) return;
    if (text.startsWith('HTTP/1.1 200 ')) pacer.isAnswered(dueMs);
    else pacer.errors++;
    text = '';
    pacer.isFree(send);
  });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      pacer.isFree(send);
      resolve(socket);
    });
    socket.once('error', reject);
    socket.on('close', () => {
      pacer.errors++;
    });
  });
}

async function run(port: number, name: string, seconds: number, perSecond: number): Promise<LoadResult> {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  const pacer = new Pacer();
  const opening = Array.from({ length: scenario.connections }, () => openConnection(port, scenario, pacer));
  const sockets = await Promise.all(opening);
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  let sent = 0;
  await new Promise<void>((resolve) => {
    const step = (): void => {
      const nowMs = performance.now();
      for (; startedMs + (sent * 1000) / perSecond <= Math.min(nowMs, endMs); sent++) {
        pacer.due(startedMs + (sent * 1000) / perSecond);
      }
      // Timers are too coarse: between two of them dozens of requests would be due.
      if (nowMs < endMs) setImmediate(step);
      else resolve();
    };
    step();
  });
  const deadlineMs = performance.now() + 2000;
  while (pacer.answered + pacer.errors < sent && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { errors } = pacer;
  const lost = sent - pacer.answered - errors;
  for (const socket of sockets) socket.destroy();
  const [p50Micros, p99Micros] = quantilesOf(pacer.latencies, [0.5, 0.99]);
  return {
    requests: pacer.answered,
    errors: errors + lost,
    seconds,
    p50Micros: p50Micros ?? 0,
    p99Micros: p99Micros ?? 0,
  };
}

const [port, name = '', seconds, perSecond] = process.argv.slice(2);
const result = await run(Number(port), name, Number(seconds), Number(perSecond));
process.stdout.write(JSON.stringify(result), () => process.exit(0));
