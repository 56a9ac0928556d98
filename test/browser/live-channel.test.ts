/** The live channel under a page that is looked at: lost and found, behind another tab, blocked, replaced. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { HistoryAnswer } from '../../src/protocol/history.ts';
import { type FaultProxy, startFaultProxy } from '../chaos/fault-proxy.ts';
import { startLoad } from '../harness/background-load.ts';
import { type BalancerProgram, poolOf, runBalancer } from '../harness/balancer-program.ts';
import { type DashboardPage, openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

let balancer: BalancerProgram;
beforeEach(async (t) => {
  const cleanup = t as TestContext;
  const backends = await startHttpBackends(cleanup, ['a', 'b'], {
    handle: (_request, response, { name }) => void setTimeout(() => response.end(name), 10),
  });
  balancer = await runBalancer(cleanup, { pools: { web: poolOf(backends) } });
  await balancer.admin.until('up', ['a', 'b']);
  startLoad(cleanup, { port: balancer.port, concurrency: 2 });
  await pass(3);
});

/** The last second that the balancer has measured. */
async function secondOf({ admin }: BalancerProgram): Promise<number> {
  return (await admin.json<HistoryAnswer>('/api/v1/history?topic=totals&range=1m')).second;
}

/** Waits until the balancer has measured so many more seconds. */
async function pass(seconds: number): Promise<void> {
  const from = await secondOf(balancer);
  await eventually(`${seconds} seconds`, async () => (await secondOf(balancer)) >= from + seconds);
}

const lost = (page: Page): Promise<void> =>
  page.locator('[data-testid="connection-banner"][data-kind="lost"]').waitFor();
const live = (page: Page): Promise<void> => page.locator('[data-testid="link"][data-link="live"]').waitFor();

/** What the chart of the requests tells of the latest seconds, newest first: a dash is a gap. */
async function latestRows(page: Page, count: number): Promise<string[]> {
  const rows = await page.getByTestId('chart-traffic').locator('tbody tr').allTextContents();
  return rows.slice(0, count);
}

/** Waits until the chart has an unbroken line over the last seconds; the newest may still be coming. */
async function untilUnbroken(page: Page, seconds: number): Promise<void> {
  let last: string[] = [];
  await eventually(
    () => `${seconds} seconds without a gap, are ${last.join(' | ')}`,
    async () => {
      last = (await latestRows(page, seconds + 1)).slice(1);
      return last.length === seconds && last.every((row) => !row.includes('–'));
    },
    40_000,
  );
}

async function openBehindProxy(t: TestContext, hash: string): Promise<DashboardPage & { readonly proxy: FaultProxy }> {
  const proxy = await startFaultProxy(t, balancer.admin.port);
  return { ...(await openDashboard(t, browser, proxy.port, hash)), proxy };
}

test('a lost connection greys the figures and says from when they are; what was missed is filled in', async (t) => {
  const { page, problems, proxy } = await openBehindProxy(t, '#/pools/web?range=1m');
  await page.getByTestId('chart-traffic-as-table').click();
  await untilUnbroken(page, 2);
  proxy.refuse();
  proxy.cut();
  await lost(page);
  await untilText(page.getByTestId('connection-banner'), /Connection lost — figures are from \d\d:\d\d:\d\d\./);
  assert.match(await page.title(), /^\? Ballast — connection lost/);
  assert.equal(await page.locator('#favicon').getAttribute('href'), './favicon-lost.svg');
  for (const figures of ['.pool-facts', '.overall', '[data-testid="backends"]', '[data-testid="chart-latency"]']) {
    const opacity = await page.evaluate<string>(
      `getComputedStyle(document.querySelector(${JSON.stringify(figures)})).opacity`,
    );
    assert.ok(Number(opacity) < 0.7, `${figures}: ${opacity}`);
  }
  await pass(5);
  await proxy.accept();
  await live(page);
  await page.getByTestId('connection-banner').waitFor({ state: 'detached' });
  await pass(2);
  await untilUnbroken(page, 8);
  assert.equal(await page.getByTestId('backends').getAttribute('data-stale'), 'false');
  assert.match(await page.title(), /^● Ballast — all up/);
  assert.deepEqual(problems, []);
});

test('a hidden page asks for nothing but the totals, and fills in what it has missed', async (t) => {
  const { page, problems } = await openDashboard(t, browser, balancer.admin.port, '#/pools/web?range=1m');
  await page.getByTestId('chart-traffic-as-table').click();
  await untilUnbroken(page, 2);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await setVisibility(page, 'hidden');
  const clock = await page.getByTestId('fact-time').textContent();
  await pass(6);
  assert.deepEqual(asked, []);
  assert.equal(await page.getByTestId('fact-time').textContent(), clock, 'nothing is painted');
  // Title and icon are what is seen of a hidden page: they stay true.
  await balancer.admin.patchBackend('a', { mode: 'maintenance' });
  await eventually('the title to tell it', async () => /degraded 1 of 2/.test(await page.title()));
  await setVisibility(page, 'visible');
  await untilText(page.getByTestId('backend-a-state'), 'maintenance');
  await untilUnbroken(page, 7);
  assert.ok(asked.filter((path) => path === '/api/v1/history').length <= 2, asked.join());
  assert.deepEqual(problems, []);
});

/** As if its tab were put behind another one, or in front again. */
async function setVisibility(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
}

test('where WebSockets are blocked, figures, charts and events are read instead', async (t) => {
  const { page, problems } = await openDashboard(t, browser, balancer.admin.port, '#/pools/web?range=1m', {
    prepare: (unopened) => unopened.routeWebSocket(/\/api\/v1\/live$/, (socket) => void socket.close()),
    link: 'polling',
  });
  await untilText(page.getByTestId('connection-banner'), /WebSocket\) is blocked: .* every 5 s instead/);
  assert.equal(await page.getByTestId('backends').getAttribute('data-stale'), 'false');
  await page.getByTestId('chart-traffic-as-table').click();
  await untilUnbroken(page, 2);
  await balancer.admin.setPolicy('least-connections');
  await untilText(page.getByTestId('policy-select'), 'least-connections');
  // The charts go on over several polls.
  await pass(8);
  await untilUnbroken(page, 10);
  await page.evaluate(`location.hash = '#/events'`);
  await page.locator('li[data-kind="policy-changed"]').waitFor();
  await balancer.admin.setPolicy('round-robin');
  await eventually(
    'the next event',
    async () => (await page.locator('li[data-kind="policy-changed"]').count()) === 2,
    40_000,
  );
  assert.deepEqual(problems, []);
});

test('a restart of the balancer leaves a gap in the charts, and they go on', async (t) => {
  const { page } = await openDashboard(t, browser, balancer.admin.port, '#/pools/web?range=1m');
  await page.getByTestId('chart-traffic-as-table').click();
  await untilUnbroken(page, 2);
  const facts = page.getByTestId('backend-a');
  await facts.waitFor();
  balancer.program.signal('SIGKILL');
  await balancer.program.ended();
  await lost(page);
  await balancer.startAgain();
  await live(page);
  startLoad(t, { port: balancer.port, concurrency: 2 });
  await pass(4);
  await untilUnbroken(page, 3);
  // What the new process has not seen, nobody knows.
  const rows = await page.getByTestId('chart-traffic').locator('tbody tr').allTextContents();
  assert.ok(rows.slice(4).some((row) => row.includes('–')));
  await untilText(page.getByTestId('backend-a-state'), 'up');
});
