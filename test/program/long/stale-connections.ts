/**
 * Backends that close idle connections as the next request is on its way, 100,000 times over: no
 * GET fails and nothing is doubled; no POST fails where the backend keeps idle connections for
 * 2 s or more.
 *
 * 1. Bursts every 25 ms, connections closed after a random 0 to 50 ms: nearly each request races.
 * 2. Bursts at the very moment at which both sides close, which is the pool's own idle time.
 * 3. The same with POSTs and 2 s, where Ballast must not use what has been idle for longer than 1 s.
 *
 * `node test/program/long/stale-connections.ts [--requests=100000]`
 */
import { isFailed, shownRecord, startDrawnLoad } from '../../chaos/drawn-load.ts';
import type { Fault } from '../../chaos/faults.ts';
import { judge } from '../../chaos/judge.ts';
import { type Mix, plain } from '../../chaos/request-plans.ts';
import { ATTEMPTS, PATIENCE, Stand } from '../../chaos/stand.ts';
import type { CleanupList } from '../../harness/cleanup.ts';
import { randomFrom } from '../../harness/segmentations.ts';
import { readFlags } from './flags.ts';
import { seed } from './seed.ts';
import { report, type Verdict } from './verdict.ts';

const { requests } = readFlags({ requests: 100_000 });

interface Phase {
  readonly name: string;
  readonly words: string;
  readonly mix: Mix;
  /** Of all requests. */
  readonly share: number;
  readonly burst: number;
  readonly perSecond: number;
  readonly poolIdleMs: number;
  readonly backendIdleMs: (random: () => number) => number;
}

const PHASES: readonly Phase[] = [
  {
    name: 'random',
    words: 'GETs, closed after 0 to 50 ms',
    mix: plain('GET', 0, 100),
    share: 0.8,
    burst: 20,
    perSecond: 800,
    poolIdleMs: 4_000,
    backendIdleMs: (random) => Math.floor(random() * 50),
  },
  {
    name: 'same',
    words: 'GETs, closed after the 500 ms of the pool',
    mix: plain('GET', 0, 100),
    share: 0.15,
    burst: 200,
    perSecond: 400,
    poolIdleMs: 500,
    backendIdleMs: (random) => 480 + Math.floor(random() * 40),
  },
  {
    name: 'post',
    words: 'POSTs, closed after the 2 s of the pool',
    mix: plain('POST', 300, 100),
    share: 0.05,
    burst: 200,
    perSecond: 100,
    poolIdleMs: 2_000,
    backendIdleMs: (random) => 2_000 + Math.floor(random() * 20),
  },
];

interface Outcome {
  readonly count: number;
  readonly failed: number;
  readonly doubled: number;
  readonly stale: number;
  readonly words: string;
  readonly faults: readonly string[];
}

async function run(cleanup: CleanupList, phase: Phase): Promise<Outcome> {
  const stand = await Stand.start(cleanup, {
    pool: { ...PATIENCE, idleConnections: { timeout: `${phase.poolIdleMs}ms` } },
  });
  for (const [index, proxy] of stand.proxies.entries()) {
    const random = randomFrom(`${seed} ${phase.name} ${index}`);
    proxy.draw = (): Fault => ({
      kind: 'idle-close',
      ms: phase.backendIdleMs(random),
      isReset: random() < 0.3,
    });
  }
  await stand.begin();
  const load = startDrawnLoad({
    seed,
    name: phase.name,
    mix: phase.mix,
    port: stand.balancer.port,
    perSecond: phase.perSecond,
    burst: phase.burst,
    connections: phase.burst * 2,
    requests: Math.ceil(requests * phase.share),
  });
  await load.done;
  const judgement = judge(await stand.evidence(load.records), {
    attempts: ATTEMPTS,
    isMortal: false,
    isRosterWhole: true,
  });
  const { backends } = await stand.balancer.admin.pool();
  await stand.balancer.program.stop();
  const failed = load.records.filter(isFailed);
  const stale = backends.reduce((sum, backend) => sum + (backend.failuresByCode['UPSTREAM_STALE'] ?? 0), 0);
  return {
    count: load.records.length,
    failed: failed.length,
    doubled: judgement.doubled,
    stale,
    words: `${load.records.length} ${phase.words} (${stale} found closed after the write)`,
    faults: [...failed.map(shownRecord), ...judgement.faults],
  };
}

await report('stale-connections', async (cleanup): Promise<Verdict[]> => {
  const outcomes: Outcome[] = [];
  for (const phase of PHASES) outcomes.push(await run(cleanup, phase));
  const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((total, one) => total + of(one), 0);
  const faults = outcomes.flatMap((outcome) => outcome.faults);
  if (sum(({ stale }) => stale) === 0) faults.push('no connection was found closed: nothing has raced');
  return [
    {
      promise: 'D4',
      figures: `${sum(({ count }) => count)} requests, ${sum(({ failed }) => failed)} failed, ${sum(({ doubled }) => doubled)} doubled: ${outcomes.map(({ words }) => words).join('; ')}`,
      faults,
    },
  ];
});
