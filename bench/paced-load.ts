/**
 * `node paced-load.ts PORT SCENARIO SECONDS PER_SECOND`: requests by the clock, whether or not
 * earlier ones were answered, over kept-alive connections. The time of each counts from the moment
 * it was due, so that a proxy that stands still for a moment shows that moment in all of them.
 * Prints a `LoadResult` as JSON.
 */
import { connectWire } from '../src/data-plane/open-wire.ts';
import type { Wire } from '../src/data-plane/wire.ts';
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

/** A connection over the data plane's own wires: they cost this process half of what sockets do. */
function openConnection(port: number, scenario: Scenario, pacer: Pacer): Promise<Wire> {
  const request = `GET ${scenario.path} HTTP/1.1\r\nHost: ${scenario.host}\r\n\r\n`;
  let dueMs = 0;
  let answerBytes = 0;
  let isGood = true;
  let headText = '';
  /** Bytes of a whole answer: not known before the head of this one is there. */
  let wholeBytes = Infinity;
  const send = (due: number): void => {
    dueMs = due;
    wire.writeText(request);
  };
  const opening = Promise.withResolvers<Wire>();
  const wire = connectWire('127.0.0.1', port, {
    onConnect: () => {
      pacer.isFree(send);
      opening.resolve(wire);
    },
    onBytes(buffer, start, end) {
      if (wholeBytes === Infinity) {
        headText += buffer.toString('latin1', start, end);
        isGood = headText.startsWith('HTTP/1.1 200 ');
        const headEnd = headText.indexOf(HEAD_END);
        // The scenario's answers have one length.
        if (headEnd !== -1) wholeBytes = headEnd + HEAD_END.length + scenario.answerBytes;
      }
      answerBytes += end - start;
      if (answerBytes < wholeBytes) return;
      if (isGood) pacer.isAnswered(dueMs);
      else pacer.errors++;
      answerBytes = 0;
      headText = '';
      wholeBytes = Infinity;
      pacer.isFree(send);
    },
    onEnd: () => wire.destroy(),
    onDrain: () => undefined,
    onClose(error) {
      pacer.errors++;
      opening.reject(error ?? new Error('closed'));
    },
  });
  return opening.promise;
}

/** Gives the core to the backends, which share it, for as long as nothing is due; no longer, so that answers are timed when they come. */
function rest(dueMs: number): void {
  const waitMs = Math.min(dueMs - performance.now(), MOST_REST_MS);
  if (waitMs > 0) Atomics.wait(NEVER_WOKEN, 0, 0, waitMs);
}

const MOST_REST_MS = 0.1;
const NEVER_WOKEN = new Int32Array(new SharedArrayBuffer(4));

async function run(port: number, name: string, seconds: number, perSecond: number): Promise<LoadResult> {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  const pacer = new Pacer();
  const opening = Array.from({ length: scenario.connections }, () => openConnection(port, scenario, pacer));
  const wires = await Promise.all(opening);
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  let sent = 0;
  await new Promise<void>((resolve) => {
    const step = (): void => {
      const nowMs = performance.now();
      for (; startedMs + (sent * 1000) / perSecond <= Math.min(nowMs, endMs); sent++) {
        pacer.due(startedMs + (sent * 1000) / perSecond);
      }
      if (nowMs >= endMs) return resolve();
      // Timers are too coarse: between two of them dozens of requests would be due. First out with these.
      setImmediate(() => {
        rest(startedMs + (sent * 1000) / perSecond);
        setImmediate(step);
      });
    };
    step();
  });
  const deadlineMs = performance.now() + 2000;
  while (pacer.answered + pacer.errors < sent && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { errors } = pacer;
  const lost = sent - pacer.answered - errors;
  for (const wire of wires) wire.destroy();
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
