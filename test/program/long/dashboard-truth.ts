/**
 * The dashboard in a real browser beside load: its rates are within 2 % of what clients count, and
 * after a span of chaos its counts are those of the status, which the judge holds against the
 * access log and the clients' own.
 *
 * `node test/program/long/dashboard-truth.ts [--seconds=20]`
 */
import type { Page } from 'playwright-core';
import { runChaos } from '../../chaos/chaos-run.ts';
import { startDrawnLoad } from '../../chaos/drawn-load.ts';
import type { ClientRecord } from '../../chaos/records.ts';
import { plain } from '../../chaos/request-plans.ts';
import { Stand } from '../../chaos/stand.ts';
import { figureOf, openDashboard, startBrowser } from '../../harness/dashboard-page.ts';
import { eventually } from '../../harness/eventually.ts';
import { readFlags } from './flags.ts';
import { seed } from './seed.ts';
import { report } from './verdict.ts';

const NAMES = ['a', 'b', 'c'];
const PER_SECOND = 150;
/** The span of the page's rates. */
const RATE_MS = 10_000;
const TOLERANCE = 0.02;
/** Rates of 10 and more are shown as whole numbers. */
const ROUNDING = 0.5;
const LIMIT_MS = 60_000;

const { seconds } = readFlags({ seconds: 20 });

/** A count of the page: in the title where the cell has no room for the digits. */
async function answersOf(page: Page, backend: string): Promise<number> {
  const cell = page.locator(`[data-testid="backend-${backend}"] td[data-label^="Answers"] span`).first();
  const text = (await cell.getAttribute('title')) ?? (await cell.textContent()) ?? '';
  return Number(text.replace(/\D/g, ''));
}

/** Answers a second of the last ten seconds by backend, as clients have got them. */
function countedRates(records: readonly ClientRecord[], nowMs: number): number[] {
  return NAMES.map(
    (name) =>
      records.filter(({ servedBy, endedMs }) => servedBy === name && endedMs > nowMs - RATE_MS && endedMs <= nowMs)
        .length /
      (RATE_MS / 1_000),
  );
}

await report('dashboard-truth', async (cleanup) => {
  const browser = await startBrowser();
  cleanup.after(() => browser.close());
  const stand = await Stand.start(cleanup, { names: NAMES });
  const { admin, port } = stand.balancer;
  const { page, problems } = await openDashboard(cleanup, browser, admin.port, '#/pools/web');
  const faults: string[] = [];

  const load = startDrawnLoad({
    seed,
    name: 'steady',
    mix: plain('GET', 0, 200),
    port,
    perSecond: PER_SECOND,
    connections: 64,
  });
  const startMs = performance.now();
  let worst = Number.POSITIVE_INFINITY;
  let words = '';
  await eventually(
    () => `the same rates on both sides: ${words}`,
    async () => {
      const shown = await Promise.all(NAMES.map((name) => figureOf(page.getByTestId(`backend-${name}-rps`))));
      const nowMs = performance.now();
      if (nowMs - startMs < RATE_MS * 1.2) return false;
      const truth = countedRates(load.records, nowMs);
      words = `shown ${shown.join(', ')}, counted ${truth.map((rate) => rate.toFixed(1)).join(', ')}`;
      worst = Math.max(...shown.map((figure, index) => Math.abs(figure - (truth[index] ?? 0)) / (truth[index] ?? 1)));
      return shown.every((figure, index) => {
        const rate = truth[index] ?? 0;
        return Math.abs(figure - rate) <= rate * TOLERANCE + ROUNDING;
      });
    },
    LIMIT_MS,
  );
  await load.stop();
  await admin.atRest();

  const chaos = await runChaos(stand, { seed, seconds, perSecond: PER_SECOND, hasMembership: false });
  faults.push(...chaos.faults);
  let counts = '';
  await eventually(
    () => `the page to show what the status says: ${counts}`,
    async () => {
      const { backends } = await admin.pool();
      const differences = await Promise.all(
        backends.map(async ({ name, statuses, failures, inFlight }) => {
          const shown = [
            await answersOf(page, name),
            await figureOf(page.getByTestId(`backend-${name}-failures`)),
            await figureOf(page.getByTestId(`backend-${name}-in-flight`)),
          ];
          const wanted = [statuses['2xx'], failures, inFlight];
          return shown.join() === wanted.join() ? '' : `${name} shows ${shown.join()}, is ${wanted.join()}`;
        }),
      );
      counts = differences.filter((difference) => difference !== '').join('; ');
      return counts === '';
    },
    LIMIT_MS,
  ).catch((error: unknown) => faults.push(String(error)));
  faults.push(...problems);
  return [
    {
      promise: 'D18',
      figures: `rates of ${NAMES.length} backends within ${(worst * 100).toFixed(1)} % of the clients' count (${words}); after ${seconds} s of chaos ${chaos.requests} requests by every class and failure the same at clients, in the access log, the status, the metrics and on the page`,
      faults,
    },
  ];
});
