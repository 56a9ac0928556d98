/** The first screen: figures that open their charts, pools that are pinned, faults with a way out. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { faultsOf, SIZES } from '../harness/axe.ts';
import { startLoad } from '../harness/background-load.ts';
import { type BalancerProgram, poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { CleanupList } from '../harness/cleanup.ts';
import { type DashboardPage, openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

const CHARTS = {
  requests: ['big-requests', 'big-load'],
  errors: ['big-errors'],
  latency: ['big-latency', 'big-heat'],
  connections: ['big-connections'],
};

let browser: Browser;
let balancer: BalancerProgram;
const stand = new CleanupList();

before(async () => {
  browser = await startBrowser();
  const backends = await startHttpBackends(stand, ['a', 'b']);
  const others = await startHttpBackends(stand, ['c']);
  const dead = { name: 'dead', port: await freePort() };
  const health = { ...QUICK_HEALTH, path: '/' };
  balancer = await runBalancer(stand, {
    pools: { web: poolOf(backends, { health }), api: poolOf([...others, dead], { health }) },
    routes: [{ match: { path: '/api' }, pool: 'api' }, { pool: 'web' }],
  });
  await balancer.admin.until('up', ['a', 'b', 'c']);
  await balancer.admin.until('down', ['dead']);
  startLoad(stand, { port: balancer.port, concurrency: 1 });
});
after(async () => {
  await stand.run();
  await browser.close();
});

const start = (t: TestContext, hash = '#/'): Promise<DashboardPage> =>
  openDashboard(t, browser, balancer.admin.port, hash);

const poolNames = (page: Page): Promise<string[]> => page.locator('[data-testid="pools"] .name').allTextContents();

test('every figure opens its charts by keys, in the address, and closes them', async (t) => {
  const { page, problems } = await start(t);
  for (const [figure, charts] of Object.entries(CHARTS)) {
    const button = page.getByTestId(`tile-${figure}`).getByRole('button');
    await button.focus();
    await page.keyboard.press('Enter');
    for (const chart of charts) await page.getByTestId(chart).waitFor();
    assert.equal(await button.getAttribute('aria-expanded'), 'true');
    assert.match(page.url(), new RegExp(`chart=${figure}`));
    assert.equal(await page.locator('.big-charts figure').count(), charts.length);
  }
  await page.reload();
  await untilText(page.getByTestId('big-connections').locator('.chart-summary'), /^of clients now/);
  await page.getByRole('button', { name: 'Close the charts' }).click();
  await page.getByTestId('big-chart').waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).hash, '#/');
  await page.getByTestId('tile-pools').getByRole('link').click();
  await eventually('the pools', () => new URL(page.url()).hash === '#/pools?sort=state');
  assert.deepEqual(problems, []);
});

test('a pinned pool stands first on every screen, also after a reload', async (t) => {
  const { page, problems } = await start(t);
  await page.getByTestId('pool-web').waitFor();
  assert.deepEqual(await poolNames(page), ['web', 'api']);
  const pin = page.getByTestId('pool-api-pin');
  await pin.focus();
  await page.keyboard.press('Enter');
  await eventually('it to be first', async () => (await poolNames(page)).join() === 'api,web');
  assert.equal(await pin.getAttribute('aria-pressed'), 'true');
  await page.reload();
  await eventually('it to be first again', async () => (await poolNames(page)).join() === 'api,web');
  await page.evaluate(`location.hash = '#/pools?sort=-name'`);
  await eventually('it to be first whatever is sorted by', async () => (await poolNames(page)).join() === 'api,web');
  await pin.click();
  await eventually('the order of the table again', async () => (await poolNames(page)).join() === 'web,api');
  assert.deepEqual(problems, []);
});

test('a fault leads to its backend, and to a check and a dialog at once', async (t) => {
  const { page, problems } = await start(t);
  const attention = page.getByTestId('attention');
  await attention.getByRole('link', { name: 'api/dead' }).waitFor();
  assert.equal(await attention.getAttribute('data-count'), '1');
  await attention.getByRole('button', { name: 'Check api/dead now' }).click();
  await page.getByText(/api\/dead: check failed, ECONNREFUSED/).waitFor();
  await attention.getByRole('button', { name: 'Maintenance of api/dead' }).click();
  await page.getByTestId('confirm-dialog').waitFor();
  await page.keyboard.press('Escape');
  await attention.getByRole('link', { name: 'api/dead' }).click();
  await eventually('its screen', () => new URL(page.url()).hash === '#/pools/api/dead');
  assert.deepEqual(problems, []);
});

test('axe finds nothing with the charts open', async (t) => {
  const found: string[] = [];
  for (const size of SIZES) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const options = { ...size, colorScheme };
      const { page, problems } = await openDashboard(t, browser, balancer.admin.port, '#/?chart=latency', options);
      await page.getByTestId('big-heat').waitFor();
      found.push(...(await faultsOf(page, `${size.width} ${colorScheme}`)), ...problems);
      await page.close();
    }
  }
  assert.deepEqual(found, []);
});
