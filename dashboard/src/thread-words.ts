/** The state of a worker in words, with the shape that goes with it. Pure; used by the system screen. */
import type { WorkerStatus } from '../../src/protocol/admin-api.ts';
import { formatDuration } from './format.ts';

export interface ThreadWords {
  readonly shape: 'up' | 'unknown' | 'degraded' | 'draining' | 'down';
  readonly word: string;
  /** Why, in words; empty where there is nothing to say. */
  readonly reason: string;
}

/** Whether its figures are those of the last second: a thread that stands still shows old ones. */
export function isFresh({ state, lastBeatMs }: WorkerStatus): boolean {
  return lastBeatMs !== null && (state === 'running' || state === 'draining');
}

const LOOP = 'its threads die again and again';

export function threadWords(worker: WorkerStatus, nowMs: number): ThreadWords {
  const { state, lastDeath, restartAtMs, lastBeatMs, restarts, isCrashLoop } = worker;
  const cause = lastDeath?.cause ?? '';
  switch (state) {
    case 'running':
      return isCrashLoop
        ? { shape: 'degraded', word: 'running', reason: LOOP }
        : { shape: 'up', word: 'running', reason: '' };
    case 'starting':
      if (restarts === 0) return { shape: 'unknown', word: 'starting', reason: '' };
      return { shape: 'down', word: 'restarting', reason: cause };
    case 'blocked': {
      const since = lastBeatMs === null ? '' : ` for ${formatDuration(nowMs - lastBeatMs)}`;
      return { shape: 'degraded', word: 'blocked', reason: `its event loop has stood still${since}; its clients wait` };
    }
    case 'draining':
      return { shape: 'draining', word: 'draining', reason: 'finishes what it has, and ends' };
    case 'dead':
      return { shape: 'down', word: restartAtMs === null ? 'ended' : 'restarting', reason: cause };
  }
}
