/**
 * Preloaded into a balancer by `NODE_OPTIONS=--import`, it lets a test harm a worker thread from
 * outside. Each worker looks for a file of its own, `CRASH_FILE` with a dot and its number behind
 * it, does at once what stands there, and removes the file. Nothing happens in the main thread.
 *
 * - `throw`: throws
 * - `fill 80`: holds on to so many percent of its heap; `empty` lets go of it
 * - `overfill`: fills its heap until the runtime ends it
 * - `open`: opens files until the process may have no more; `empty` closes them
 * - `block 3000`: blocks its event loop for so many milliseconds; `block`, for ever
 * - `sleep 3000`: the same without using the processor
 */
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';
import { WORKER_HEAP } from '../../src/data-plane/worker-heap.ts';

const LOOK_MS = 20;

const worker: unknown = (workerData as { readonly worker?: unknown } | null)?.worker;
const held: unknown[] = [];
const opened: number[] = [];

/** By what lives: what is young counts as well, since it is old after the next collection, and garbage does not. */
function fill(bytes: number): void {
  do {
    while (WORKER_HEAP.usedBytes() < bytes) for (let i = 0; i < 1_000; i++) held.push({ number: i, list: [i] });
    WORKER_HEAP.collect();
  } while (WORKER_HEAP.usedBytes() < bytes * 0.99);
}

const DEEDS: Readonly<Record<string, (amount: number) => void>> = {
  throw: () => {
    throw new Error('thrown on the wish of a test');
  },
  fill: (percent) => fill((WORKER_HEAP.limitBytes * percent) / 100),
  empty: () => {
    held.length = 0;
    for (const fd of opened.splice(0)) closeSync(fd);
  },
  open: () => {
    try {
      for (;;) opened.push(openSync('/dev/null', 'r'));
    } catch {
      // There are no more.
    }
  },
  overfill: () => fill(Number.POSITIVE_INFINITY),
  block: (ms) => {
    const endMs = performance.now() + ms;
    while (!(performance.now() > endMs));
  },
  sleep: (ms) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  },
};

/** Empty where there is none, or where no more files can be opened: then one is given back for it. */
function contentOf(path: string): string {
  if (!existsSync(path)) return '';
  const spare = opened.pop();
  if (spare !== undefined) closeSync(spare);
  const text = readFileSync(path, 'utf8');
  if (spare !== undefined) DEEDS['open']?.(0);
  return text;
}

const { CRASH_FILE } = process.env;
if (!isMainThread && CRASH_FILE !== undefined && typeof worker === 'number') {
  const file = `${CRASH_FILE}.${worker}`;
  setInterval(() => {
    const content = contentOf(file);
    if (content === '') return;
    rmSync(file);
    const [deed = '', amount = 'Infinity'] = content.split(' ');
    DEEDS[deed]?.(Number(amount));
  }, LOOK_MS).unref();
}
