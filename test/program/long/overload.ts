/**
 * Five times as many requests as the backends can serve: what is served stays near the most that
 * can be, the rest is refused at once, the queue stays within its bound, and two seconds after the
 * flood everything is as before.
 *
 * `node test/program/long/overload.ts [--seconds=10]`
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isFailed, quantileMs, shownRecord, startDrawnLoad } from '../../chaos/drawn-load.ts';
import type { ClientRecord } from '../../chaos/records.ts';
import { plain } from '../../chaos/request-plans.ts';
import { Stand } from '../../chaos/stand.ts';
import { poolOf, QUICK_HEALTH } from '../../harness/balancer-program.ts';
import { readFlags } from './flags.ts';
import { seed } from './seed.ts';
import { report } from './verdict.ts';

const ANSWER_MS = 50;
const PLACES = 5;
/** Two backends of 5 places of 50 ms. */
const CAPACITY = (2 * PLACES * 1_000) / ANSWER_MS;
const TIMES = 5;
const QUEUE = 50;
const QUEUE_MS = 1_000;
const MIN_GOODPUT = 0.8;
const MAX_SHED_MS = 50;
const RECOVERY_MS = 2_000;
const LOOK_MS = 20;

const { seconds } = readFlags({ seconds: 10 });

const GET = { ...plain('GET', 0, 200), delaysMs: [ANSWER_MS] };

await report('overload', async (cleanup) => {
  const stand = await Stand.start(cleanup, { isDirect: true, names: ['a', 'b'] });
  const { admin, port } = stand.balancer;
  const entries = stand.backends.map(({ name, port: at }) => ({ name, port: at, maxConnections: PLACES }));
  const pool = poolOf(entries, {
    policy: 'least-connections',
    health: QUICK_HEALTH,
    queue: { size: QUEUE, timeout: `${QUEUE_MS}ms` },
  });
  await stand.balancer.reloadWith({ ...stand.settings(), pools: { web: pool } });
  const run = async (name: string, perSecond: number, forMs: number): Promise<ClientRecord[]> => {
    const load = startDrawnLoad({ seed, name, mix: GET, port, perSecond, connections: 4_000 });
    await delay(forMs);
    return load.stop();
  };
  const servedIn = (records: readonly ClientRecord[], fromMs: number, toMs: number): number =>
    records.filter((record) => !isFailed(record) && record.endedMs > fromMs && record.endedMs <= toMs).length;

  await run('warm', CAPACITY / 2, 2_000);
  // A little above what can be served: that is the peak.
  let startMs = performance.now();
  const peakRun = await run('peak', CAPACITY * 1.2, (seconds * 1_000) / 2);
  const peak = (servedIn(peakRun, startMs, startMs + seconds * 500) * 1_000) / (seconds * 500);

  let mostQueued = 0;
  let isFlooding = true;
  const watching = (async (): Promise<void> => {
    while (isFlooding) {
      mostQueued = Math.max(mostQueued, (await admin.pool()).queued);
      await delay(LOOK_MS);
    }
  })();
  await stand.begin();
  startMs = performance.now();
  const flooded = await run('flood', CAPACITY * TIMES, seconds * 1_000);
  isFlooding = false;
  await watching;
  const goodput = (servedIn(flooded, startMs, startMs + seconds * 1_000) * 1_000) / (seconds * 1_000);
  const { lines } = await stand.evidence(flooded);
  const shedLines = lines.filter(({ code }) => code === 'POOL_FULL');
  const shed = flooded.filter(({ code }) => code === 'POOL_FULL');
  const lost = flooded.filter((record) => isFailed(record) && !['POOL_FULL', 'QUEUE_TIMEOUT'].includes(record.code));
  const longestShedMs = shedLines.reduce((longest, { durationMs }) => Math.max(longest, durationMs), 0);

  await delay(RECOVERY_MS);
  const after = await run('after', CAPACITY / 2, 3_000);
  const lateFailures = after.filter(isFailed);

  const faults: string[] = [
    ...lost.map(shownRecord),
    ...lateFailures.map((record) => `after it: ${shownRecord(record)}`),
  ];
  if (goodput < peak * MIN_GOODPUT) faults.push(`${goodput.toFixed(0)}/s of ${peak.toFixed(0)}/s were served`);
  if (shed.length === 0) faults.push('nothing was refused');
  if (longestShedMs > MAX_SHED_MS) faults.push(`a refusal took ${longestShedMs.toFixed(1)} ms`);
  if (mostQueued > QUEUE) faults.push(`${mostQueued} were in the queue`);
  const afterMs = quantileMs(after, 0.99);
  if (afterMs > ANSWER_MS * 4) faults.push(`p99 after it is ${afterMs.toFixed(0)} ms`);
  return [
    {
      promise: 'D16',
      figures: `${flooded.length} requests at ${CAPACITY * TIMES}/s on backends for ${CAPACITY}/s: ${goodput.toFixed(0)}/s served of ${peak.toFixed(0)}/s at the peak (${((goodput / peak) * 100).toFixed(0)} %), ${shed.length} refused within ${longestShedMs.toFixed(1)} ms (by the client p50 ${quantileMs(shed, 0.5).toFixed(1)}, p99 ${quantileMs(shed, 0.99).toFixed(1)} ms), at most ${mostQueued} of ${QUEUE} queued; ${RECOVERY_MS / 1000} s later ${lateFailures.length} of ${after.length} failed, p99 ${afterMs.toFixed(0)} ms`,
      faults,
    },
  ];
});
