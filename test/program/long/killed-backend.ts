/**
 * One backend of three is killed a hundred times under GET and POST load: no GET fails, no POST
 * reaches two backends, and the POSTs that fail are those that were under way at a kill
 * or met a connection whose end was not heard of yet.
 *
 * `node test/program/long/killed-backend.ts [--kills=100]`
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isFailed, longestMsOf, shownRecord, startDrawnLoad } from '../../chaos/drawn-load.ts';
import { type Judgement, judge } from '../../chaos/judge.ts';
import type { ClientRecord } from '../../chaos/records.ts';
import { plain } from '../../chaos/request-plans.ts';
import { ATTEMPTS, PATIENCE, Stand } from '../../chaos/stand.ts';
import { readFlags } from './flags.ts';
import { seed } from './seed.ts';
import { report } from './verdict.ts';

const GETS_PER_SECOND = 350;
const POSTS_PER_SECOND = 150;
const DOWN_MS = 800;
const UP_MS = 600;
/** The connect timeout of `PATIENCE`. */
const CONNECT_MS = 2_000;
/** Beside the connect timeout: one try, on a busy machine. */
const TRY_MS = 1_000;
/** Within that a busy event loop has heard that its connections are closed. */
const HEARING_MS = 100;

const { kills } = readFlags({ kills: 100 });

/** Findings that are about one of the methods, or about no single request. */
const findingsOn = ({ faults }: Judgement, name: string, other: string): string[] =>
  faults.filter((fault) => fault.includes(` ${name}-`) || !fault.includes(` ${other}-`));

await report('killed-backend', async (cleanup) => {
  const stand = await Stand.start(cleanup, {
    isDirect: true,
    pool: PATIENCE,
  });
  const { admin } = stand.balancer;
  await stand.begin();
  const load = { seed, port: stand.balancer.port, connections: 256 };
  const gets = startDrawnLoad({ ...load, name: 'get', perSecond: GETS_PER_SECOND, mix: plain('GET', 0, 200) });
  const posts = startDrawnLoad({ ...load, name: 'post', perSecond: POSTS_PER_SECOND, mix: plain('POST', 1_000, 200) });
  const deaths: { readonly fromMs: number; readonly toMs: number }[] = [];
  await delay(UP_MS);
  for (let kill = 0; kill < kills; kill++) {
    const victim = stand.backends[kill % stand.backends.length];
    if (victim === undefined) break;
    const fromMs = performance.now();
    await victim.kill();
    deaths.push({ fromMs, toMs: performance.now() + HEARING_MS });
    await delay(DOWN_MS);
    await victim.start();
    await admin.until('up', [victim.name], 30_000);
    await delay(UP_MS);
  }
  const getRecords = await gets.stop();
  const postRecords = await posts.stop();
  const judgement = judge(await stand.evidence([...getRecords, ...postRecords]), {
    attempts: ATTEMPTS,
    isMortal: false,
    isRosterWhole: true,
  });
  const { retries } = await admin.pool();

  const failedGets = getRecords.filter(isFailed);
  const longestMs = longestMsOf(getRecords);
  const getFaults = [...failedGets.map(shownRecord), ...findingsOn(judgement, 'get', 'post')];
  if (longestMs > CONNECT_MS + TRY_MS) getFaults.push(`one took ${Math.round(longestMs)} ms`);
  if (retries === 0) getFaults.push('nothing was tried again: the kills were not felt');

  const isAtKill = ({ dueMs, endedMs }: ClientRecord): boolean =>
    deaths.some(({ fromMs, toMs }) => dueMs <= toMs && endedMs >= fromMs);
  const underWay = postRecords.filter(isAtKill).length;
  const failedPosts = postRecords.filter(isFailed);
  const postFaults = findingsOn(judgement, 'post', 'get');
  for (const record of failedPosts) {
    if (!isAtKill(record)) postFaults.push(`not under way at a kill: ${shownRecord(record)}`);
    if (record.code === '') postFaults.push(`without a reason: ${shownRecord(record)}`);
  }
  return [
    {
      promise: 'D1',
      figures: `${kills} kills, ${getRecords.length} GETs at ${GETS_PER_SECOND}/s, ${failedGets.length} failed, longest ${Math.round(longestMs)} ms; ${retries} tries again with the POSTs`,
      faults: getFaults,
    },
    {
      promise: 'D2',
      figures: `${kills} kills, ${postRecords.length} POSTs at ${POSTS_PER_SECOND}/s, ${judgement.doubled} doubled, ${failedPosts.length} failed of ${underWay} under way at a kill, all with a reason`,
      faults: postFaults,
    },
  ];
});
