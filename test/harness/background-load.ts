/** Load that runs beside a test until it is told to end, at the latest when the test does. */
import type { Cleanup } from './cleanup.ts';
import { type LoadOptions, type LoadReport, runLoad } from './load.ts';

export interface BackgroundLoad {
  /** Sends no more; resolves when every request has ended. */
  stop(): Promise<LoadReport>;
}

/** Begins at once: as many requests as there is time for. */
export function startLoad(cleanup: Cleanup, options: Omit<LoadOptions, 'requests' | 'stop'>): BackgroundLoad {
  let isOver = false;
  const report = runLoad({ ...options, requests: Number.POSITIVE_INFINITY, stop: () => isOver });
  const stop = (): Promise<LoadReport> => {
    isOver = true;
    return report;
  };
  cleanup.after(() => void stop());
  return { stop };
}
