/**
 * The JavaScript heap of this worker thread, for its `HeapGuard`.
 */
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { resourceLimits } from 'node:worker_threads';
import type { Heap } from './heap-guard.ts';

const MIB = 1024 * 1024;

let collectGarbage: (() => void) | null = null;

/** Without a limit where the thread was started without one. */
export const WORKER_HEAP: Heap = {
  limitBytes: (resourceLimits.maxOldGenerationSizeMb ?? Number.POSITIVE_INFINITY) * MIB,
  usedBytes: () => getHeapStatistics().used_heap_size,
  oldBytes: () => {
    const old = getHeapSpaceStatistics().filter(({ space_name: name }) => !name.startsWith('new_'));
    return old.reduce((sum, { space_used_size: bytes }) => sum + bytes, 0);
  },
  collect: () => {
    if (collectGarbage === null) {
      // The one way to ask for it in a process that was started without the flag.
      setFlagsFromString('--expose-gc');
      collectGarbage = runInNewContext('gc') as () => void;
    }
    collectGarbage();
  },
};
