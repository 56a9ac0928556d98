/** What the page shows is what the load generator has counted. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { startBackendProcesses } from '../harness/backend-process.ts';
import { poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { figureOf, openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { startOpenLoad } from '../harness/open-load.ts';

const NAMES = ['a', 'b', 'c'];
const PER_SECOND = 150;
/** The span of the page's rates. */
const RATE_MS = 10_000;
const TOLERANCE = 0.02;
/** Rates of 10 and more are shown as whole numbers. */
const ROUNDING = 0.5;

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

interface Moment {
  readonly atMs: number;
  readonly counts: readonly number[];
}

/** Answers with status 2xx since the start: in the title where the cell has no room for the digits. */
async function answersOf(page: Page, backend: string): Promise<number> {
  const cell = page.locator(`[data-testid="backend-${backend}"] td[data-label^="Answers"] span`).first();
  const text = (await cell.getAttribute('title')) ?? (await cell.textContent()) ?? '';
  return Number(text.replace(/\D/g, ''));
}

test('three backends are up, with the rates and the counts of the load generator', async (t) => {
  const backends = await startBackendProcesses(t, NAMES);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(backends, { health: QUICK_HEALTH }) } });
  const load = startOpenLoad({ port, perSecond: PER_SECOND });
  t.after(() => void load.stop());
  const moments: Moment[] = [];
  const timer = setInterval(() => {
    moments.push({ atMs: performance.now(), counts: NAMES.map((name) => load.report.byBackend.get(name) ?? 0) });
  }, 50);
  t.after(() => clearInterval(timer));

  const { page, problems } = await openDashboard(t, browser, admin.port, '#/pools/web');
  for (const name of NAMES) await untilText(page.getByTestId(`backend-${name}-state`), 'up');
  await untilText(page.getByTestId('pool-web-state'), /up|3 of 3/);

  /** Requests a second over the last ten seconds, as the client counted them. */
  const counted = (): readonly number[] | null => {
    const last = moments.at(-1);
    const first = moments.findLast(({ atMs }) => last !== undefined && atMs <= last.atMs - RATE_MS);
    if (last === undefined || first === undefined) return null;
    const seconds = (last.atMs - first.atMs) / 1_000;
    return last.counts.map((count, index) => (count - (first.counts[index] ?? 0)) / seconds);
  };
  let words = '';
  await eventually(
    () => `the same rates on both sides: ${words}`,
    async () => {
      const shown = await Promise.all(NAMES.map((name) => figureOf(page.getByTestId(`backend-${name}-rps`))));
      const total = await figureOf(page.getByTestId('pool-rps'));
      const truth = counted();
      if (truth === null) return false;
      const sum = truth.reduce((a, b) => a + b, 0);
      words = `shown ${shown.join(', ')} and ${total}, counted ${truth.map((n) => n.toFixed(1)).join(', ')}`;
      const isClose = (figure: number, rate: number): boolean => Math.abs(figure - rate) <= rate * TOLERANCE + ROUNDING;
      return isClose(total, sum) && shown.every((figure, index) => isClose(figure, truth[index] ?? 0));
    },
    60_000,
  );
  t.diagnostic(words);

  const report = await load.stop();
  assert.deepEqual(report.failures, []);
  await eventually(
    'the counts of the page to be those of the client',
    async () => {
      const shown = await Promise.all(NAMES.map((name) => answersOf(page, name)));
      words = shown.join();
      return shown.every((count, index) => count === report.byBackend.get(NAMES[index] ?? ''));
    },
    10_000,
  );
  for (const name of NAMES) {
    assert.equal(await figureOf(page.getByTestId(`backend-${name}-in-flight`)), 0);
    assert.equal(await figureOf(page.getByTestId(`backend-${name}-failures`)), 0);
  }
  assert.deepEqual(problems, []);
});
