/**
 * A backend that never accepts and one that is a hundred times slower, in one pool with three good
 * ones: what the good ones serve takes no longer. Quiet and disturbed spans take turns, so that
 * what else the machine does falls on both.
 *
 * `node test/program/long/isolation.ts [--rounds=8]`
 */
import { setTimeout as delay } from 'node:timers/promises';
import { startChaosBackend } from '../../chaos/chaos-backend.ts';
import { quantileMs, startDrawnLoad } from '../../chaos/drawn-load.ts';
import type { ClientRecord } from '../../chaos/records.ts';
import { plain } from '../../chaos/request-plans.ts';
import { Stand } from '../../chaos/stand.ts';
import { poolOf } from '../../harness/balancer-program.ts';
import { startFullListener } from '../../harness/full-listener.ts';
import { readFlags } from './flags.ts';
import { seed } from './seed.ts';
import { report } from './verdict.ts';

const GOOD = ['a', 'b', 'c'];
const PER_SECOND = 150;
const ANSWER_MS = 5;
const SLOW_MS = ANSWER_MS * 100;
const SPAN_MS = 4_000;
const SETTLE_MS = 600;
const MAX_RATIO = 1.2;
/** Below it two moments on a busy machine are the same. */
const RESOLUTION_MS = 2;
/** The limit of what waits for either of the bad ones. */
const MAX_CONNECTIONS = 20;

const { rounds } = readFlags({ rounds: 8 });

interface Spans {
  readonly quiet: ClientRecord[];
  readonly disturbed: ClientRecord[];
}

await report('isolation', async (cleanup) => {
  const slow = await startChaosBackend(cleanup, 'slow', { EXTRA_DELAY_MS: String(SLOW_MS) });
  const hole = await startFullListener(cleanup);
  // Checks so seldom that they do not spare anybody the bad ones.
  const health = { path: '/healthz', interval: '1h', fastInterval: '1h', timeout: '1s', rise: 1, fall: 100 };
  const stand = await Stand.start(cleanup, {
    isDirect: true,
    names: GOOD,
    pool: { health, timeouts: { connect: '2s' } },
  });
  const { admin, port } = stand.balancer;
  const entries = [
    ...stand.backends.map(({ name, port: at }) => ({ name, port: at })),
    { name: 'slow', port: slow.port, maxConnections: MAX_CONNECTIONS },
    { name: 'hole', port: hole, maxConnections: MAX_CONNECTIONS },
  ];
  const settings = stand.settings();
  await stand.balancer.reloadWith({
    ...settings,
    pools: { web: poolOf(entries, { health, timeouts: { connect: '2s' } }) },
  });

  const spans: Spans = { quiet: [], disturbed: [] };
  let badTries = 0;
  let mostInFlight = 0;
  for (let round = 0; round < rounds; round++) {
    for (const kind of round % 2 === 0 ? (['quiet', 'disturbed'] as const) : (['disturbed', 'quiet'] as const)) {
      const mode = kind === 'quiet' ? 'maintenance' : 'ready';
      for (const name of ['slow', 'hole']) await admin.patchBackend(name, { mode });
      await delay(SETTLE_MS);
      await stand.begin();
      const mix = { ...plain('GET', 0, 200), delaysMs: [ANSWER_MS] };
      const load = startDrawnLoad({
        seed: `${seed}/${round}/${kind}`,
        name: kind,
        mix,
        port,
        perSecond: PER_SECOND,
        connections: 512,
      });
      await delay(SPAN_MS);
      const { backends } = await admin.pool();
      mostInFlight = Math.max(
        mostInFlight,
        ...backends.filter(({ name }) => !GOOD.includes(name)).map((b) => b.inFlight),
      );
      const records = await load.stop();
      await admin.atRest();
      const { lines } = await stand.evidence(records);
      // One try, and a good one had it: what was tried elsewhere first has waited for that.
      const served = new Set(
        lines
          .filter(({ attempts, backend }) => attempts === 1 && GOOD.includes(backend))
          .map(({ requestId }) => requestId),
      );
      badTries += lines.length - served.size;
      spans[kind].push(...records.filter(({ id }) => served.has(id)));
    }
  }
  const [quietMs, disturbedMs] = [quantileMs(spans.quiet, 0.99), quantileMs(spans.disturbed, 0.99)];
  const faults: string[] = [];
  if (disturbedMs > Math.max(quietMs * MAX_RATIO, quietMs + RESOLUTION_MS)) {
    faults.push(`p99 is ${(disturbedMs / quietMs).toFixed(2)} times as long beside the bad backends`);
  }
  if (badTries === 0) faults.push('the bad backends were never tried');
  if (mostInFlight > MAX_CONNECTIONS) faults.push(`${mostInFlight} in flight on a bad backend`);
  const shown = (records: readonly ClientRecord[]): string =>
    `p50 ${quantileMs(records, 0.5).toFixed(1)} ms, p99 ${quantileMs(records, 0.99).toFixed(1)} ms of ${records.length}`;
  return [
    {
      promise: 'D15',
      figures: `by good backends ${shown(spans.quiet)} alone, ${shown(spans.disturbed)} beside one that never accepts and one of ${SLOW_MS} ms (${(disturbedMs / quietMs).toFixed(2)} times); ${badTries} went to those first, at most ${mostInFlight} of ${MAX_CONNECTIONS} at a time`,
      faults,
    },
  ];
});
