/**
 * SIGTERM fifty times under load: the process exits 0 within its limit, and every request that it
 * has taken is answered, long answers among them. What comes after the port is closed is refused
 * or closed unread, which the backends and the access log must bear out.
 *
 * `node test/program/long/graceful-stops.ts [--stops=50]`
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isFailed, shownRecord, startDrawnLoad } from '../../chaos/drawn-load.ts';
import { judge } from '../../chaos/judge.ts';
import type { ClientRecord } from '../../chaos/records.ts';
import { WILD } from '../../chaos/request-plans.ts';
import { ATTEMPTS, PATIENCE, Stand } from '../../chaos/stand.ts';
import { readFlags } from './flags.ts';
import { seed } from './seed.ts';
import { report } from './verdict.ts';

const PER_SECOND = 300;
const BUSY_MS = 400;
const AFTER_MS = 100;
const SHUTDOWN_S = 10;
/** Some of the answers take so long that they are under way at the signal. */
const MIX = { ...WILD, rude: 0, delaysMs: [0, 0, 0, 5, 50, 300] };

const { stops } = readFlags({ stops: 50 });

/** The connection ended without a byte of an answer, or there was none. */
const isUntaken = ({ end }: ClientRecord): boolean => end === 'refused' || end === 'unanswered';

await report('graceful-stops', async (cleanup) => {
  const stand = await Stand.start(cleanup, {
    isDirect: true,
    pool: PATIENCE,
    settings: { shutdownTimeout: `${SHUTDOWN_S}s` },
  });
  const { balancer } = stand;
  const faults: string[] = [];
  let requests = 0;
  let underWay = 0;
  let untaken = 0;
  let longestMs = 0;
  for (let stop = 0; stop < stops; stop++) {
    if (stop > 0) await balancer.startAgain();
    await stand.begin();
    const load = startDrawnLoad({
      seed: `${seed}/${stop}`,
      name: 'stop',
      mix: MIX,
      port: balancer.port,
      perSecond: PER_SECOND,
      connections: 64,
    });
    await delay(BUSY_MS);
    underWay += load.underWay();
    const signalledMs = performance.now();
    balancer.program.signal('SIGTERM');
    await delay(AFTER_MS);
    const stopped = load.stop();
    const exit = await balancer.program.ended(SHUTDOWN_S * 2_000);
    const tookMs = performance.now() - signalledMs;
    longestMs = Math.max(longestMs, tookMs);
    if (exit !== 0) faults.push(`stop ${stop}: exit ${exit}`);
    if (tookMs > SHUTDOWN_S * 1_000) faults.push(`stop ${stop}: ${Math.round(tookMs)} ms`);
    const records = await stopped;
    // Gone with the process: what is left is what it has written down.
    const evidence = { clients: records, lines: stand.lines(), seen: stand.seen(), before: null, after: null };
    const terms = { attempts: ATTEMPTS, isMortal: false, isStopping: true, isRosterWhole: true };
    faults.push(...judge(evidence, terms).faults.map((fault) => `stop ${stop}: ${fault}`));
    const lost = records.filter((record) => isFailed(record) && !isUntaken(record));
    faults.push(...lost.map((record) => `stop ${stop}: ${shownRecord(record)}`));
    requests += records.length;
    untaken += records.filter(isUntaken).length;
  }
  if (underWay === 0) faults.push('nothing was under way at a signal');
  return [
    {
      promise: 'D8',
      figures: `${stops} stops at ${PER_SECOND}/s, exit 0 after at most ${Math.round(longestMs)} ms, ${requests} requests, ${underWay} of them under way at a signal, all of those answered; ${untaken} came too late and were not taken`,
      faults,
    },
  ];
});
