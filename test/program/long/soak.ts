/**
 * Hours, or minutes, of chaos on one process: mixed load with faults on every wire and everything
 * that `npm run test:chaos` does to it, in rounds, each judged by itself. What is watched between
 * the rounds, at rest and after forced collection: memory, descriptors, half-closed sockets.
 *
 * `node test/program/long/soak.ts [--seconds=120]`; for a release `--seconds=28800`
 */
import { setTimeout as delay } from 'node:timers/promises';
import { runChaos } from '../../chaos/chaos-run.ts';
import { Stand } from '../../chaos/stand.ts';
import { readFlags } from './flags.ts';
import { CLOSE_WAIT, descriptorsOf, rssOf, socketsOf } from './process-cost.ts';
import { seed } from './seed.ts';
import { report } from './verdict.ts';

const ROUND_SECONDS = 20;
/** Rounds before memory is looked at: code is compiled and buffers are filled for some minutes. */
const LEAST_WARM_ROUNDS = 2;
const MOST_WARM_ROUNDS = 12;
const PER_SECOND = 120;
/** Within that all idle connections of either side are closed, and garbage has been collected. */
const REST_MS = 6_000;
/** No socket takes so long to close once its other side has. */
const CLOSING_MS = 2_000;
const MAX_SLOPE_MIB = 1;
const SLOPE_MINUTES = 10;
/** What memory differs by from one moment to the next: a short run cannot tell less from nothing. */
const NOISE_MIB = 12;
/** Health checks come and go. */
const DESCRIPTOR_NOISE = 4;
const MIB = 2 ** 20;

const { seconds } = readFlags({ seconds: 120 });

interface Sample {
  readonly atMinutes: number;
  readonly rssMib: number;
  readonly heapMib: number;
  readonly descriptors: number;
}

/** Of a line through the samples, in MiB a minute (least squares). */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [x, y] = [mean(({ atMinutes }) => atMinutes), mean(({ rssMib }) => rssMib)];
  const spread = samples.reduce((sum, { atMinutes }) => sum + (atMinutes - x) ** 2, 0);
  return spread === 0 ? 0 : samples.reduce((sum, s) => sum + (s.atMinutes - x) * (s.rssMib - y), 0) / spread;
}

await report('soak', async (cleanup) => {
  const preload = new URL('../../harness/gc-by-clock.ts', import.meta.url).href;
  const stand = await Stand.start(cleanup, { env: { NODE_OPTIONS: `--import=${preload}` } });
  const { balancer } = stand;
  const faults: string[] = [];
  const samples: Sample[] = [];
  let requests = 0;
  let closeWait = 0;
  const startMs = performance.now();
  const rounds = Math.max(LEAST_WARM_ROUNDS + 2, Math.round(seconds / ROUND_SECONDS));
  const warmRounds = Math.min(MOST_WARM_ROUNDS, Math.max(LEAST_WARM_ROUNDS, Math.floor(rounds / 4)));
  for (let round = 1; round <= rounds; round++) {
    const outcome = await runChaos(stand, {
      seed: `${seed}/${round}`,
      seconds: seconds / rounds,
      perSecond: PER_SECOND,
      hasMembership: round % 2 === 0,
    });
    requests += outcome.requests;
    faults.push(...outcome.faults.map((fault) => `round ${round}: ${fault}`));
    await delay(REST_MS);
    const { workers } = await balancer.admin.status();
    // One that has just been ended is in this state for a moment; one that is still there then is a leak.
    const ended = socketsOf(balancer.pid, CLOSE_WAIT);
    await delay(CLOSING_MS);
    const left = socketsOf(balancer.pid, CLOSE_WAIT);
    closeWait += [...ended].filter((inode) => left.has(inode)).length;
    if (round <= warmRounds) continue;
    samples.push({
      atMinutes: (performance.now() - startMs) / 60_000,
      rssMib: rssOf(balancer.pid) / MIB,
      heapMib: workers.reduce((sum, { heapBytes }) => sum + heapBytes, 0) / MIB,
      descriptors: descriptorsOf(balancer.pid),
    });
  }
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) throw new Error('no samples');
  const minutes = last.atMinutes - first.atMinutes;
  const slope = slopeOf(samples);
  const grownMib = slope * minutes;
  if (grownMib > Math.max(NOISE_MIB, (MAX_SLOPE_MIB * minutes) / SLOPE_MINUTES)) {
    faults.push(`memory grew by ${grownMib.toFixed(1)} MiB in ${minutes.toFixed(1)} minutes`);
  }
  if (last.descriptors > first.descriptors + DESCRIPTOR_NOISE) {
    faults.push(`descriptors rose from ${first.descriptors} to ${last.descriptors}`);
  }
  if (closeWait > 0) faults.push(`${closeWait} sockets in CLOSE_WAIT at rest`);
  return [
    {
      promise: 'D17',
      figures: `${rounds} rounds of chaos in ${((performance.now() - startMs) / 60_000).toFixed(1)} minutes, ${requests} requests, every one judged; memory ${first.rssMib.toFixed(0)} to ${last.rssMib.toFixed(0)} MiB after warm-up (${(slope * SLOPE_MINUTES).toFixed(1)} MiB in ${SLOPE_MINUTES} minutes; noise ${NOISE_MIB} MiB), heaps ${first.heapMib.toFixed(0)} to ${last.heapMib.toFixed(0)} MiB, descriptors ${first.descriptors} to ${last.descriptors}, ${closeWait} sockets in CLOSE_WAIT, 0 in flight`,
      faults,
    },
  ];
});
