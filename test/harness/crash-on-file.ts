/**
 * Preloaded into a balancer by `NODE_OPTIONS=--import`, it lets a test make a worker thread throw
 * from outside: the worker whose number is written into the file `CRASH_FILE` does so at once,
 * once. Nothing happens in the main thread.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const LOOK_MS = 20;

const file = process.env['CRASH_FILE'];
const worker: unknown = (workerData as { readonly worker?: unknown } | null)?.worker;

if (!isMainThread && file !== undefined && typeof worker === 'number') {
  setInterval(() => {
    if (!existsSync(file) || readFileSync(file, 'utf8') !== String(worker)) return;
    rmSync(file);
    throw new Error('thrown on the wish of a test');
  }, LOOK_MS).unref();
}
