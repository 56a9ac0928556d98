/** Charts in a real browser: a time is selected and looked at, the picture stands, and goes on. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import type { HistoryAnswer } from '../../src/protocol/history.ts';
import { faultsOf, SIZES } from '../harness/axe.ts';
import { startLoad } from '../harness/background-load.ts';
import { type BalancerProgram, poolOf, runBalancer } from '../harness/balancer-program.ts';
import { CleanupList } from '../harness/cleanup.ts';
import { type DashboardPage, openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

/** What is selected by 19 steps of one second. */
const SECONDS = 20;

let browser: Browser;
interface Charted extends DashboardPage {
  readonly slider: Locator;
}

/** One balancer for all of them: a past takes its time. */
let balancer: BalancerProgram;
const stand = new CleanupList();

before(async () => {
  browser = await startBrowser();
  const backends = await startHttpBackends(stand, ['a', 'b'], {
    handle: (_request, response, { name }) => void setTimeout(() => response.end(name), 10),
  });
  balancer = await runBalancer(stand, { pools: { web: poolOf(backends) } });
  await balancer.admin.until('up', ['a', 'b']);
  startLoad(stand, { port: balancer.port, concurrency: 2 });
  await eventually(
    'half a minute of traffic',
    async () => {
      const { columns } = await balancer.admin.json<HistoryAnswer>('/api/v1/history?topic=pool:web&range=1m');
      return (columns.rps ?? []).filter((rps) => rps !== null && rps > 0).length >= SECONDS + 5;
    },
    60_000,
  );
});
after(async () => {
  await stand.run();
  await browser.close();
});

async function start(t: TestContext): Promise<Charted> {
  const opened = await openDashboard(t, browser, balancer.admin.port, '#/pools/web?range=1m');
  const slider = opened.page.getByTestId('chart-latency').getByRole('slider');
  await eventually('a reading', async () => /p99 \d/.test((await slider.getAttribute('aria-valuetext')) ?? ''));
  return { ...opened, slider };
}

/** The time that the address names; null where it names none. */
function spanOf(page: Page): { readonly from: number; readonly to: number } | null {
  const options = new URLSearchParams(new URL(page.url()).hash.split('?')[1] ?? '');
  return options.has('from') ? { from: Number(options.get('from')), to: Number(options.get('to')) } : null;
}

async function selectByKeys(page: Page, slider: Locator): Promise<void> {
  await slider.focus();
  for (let step = 1; step < SECONDS; step++) await page.keyboard.press('Shift+ArrowLeft');
  const told = page.locator('.chart-clock').filter({ hasText: /^\d\d:\d\d:\d\d – \d\d:\d\d:\d\d · 20\u202fs$/ });
  await eventually('all charts to tell the selection', async () => (await told.count()) === 5);
  assert.match((await slider.getAttribute('aria-valuetext')) ?? '', /20\u202fs selected, Enter zooms in$/);
}

test('a time is selected by keys alone, stands in all charts and in the address, and is left again', async (t) => {
  const { page, problems, slider } = await start(t);
  await selectByKeys(page, slider);
  await page.keyboard.press('Enter');
  await page.getByTestId('zoom').waitFor();
  const span = spanOf(page);
  assert.ok(span);
  assert.equal(span.to - span.from + 1, SECONDS);
  await page.locator(`[data-testid="chart-latency"] [role="slider"][aria-valuemax="${SECONDS - 1}"]`).waitFor();
  for (const chart of ['traffic', 'latency', 'errors', 'heat', 'load']) {
    const most = await page.getByTestId(`chart-${chart}`).getByRole('slider').getAttribute('aria-valuemax');
    assert.equal(Number(most), SECONDS - 1, chart);
  }
  // The charts stand, the figures go on.
  await page.getByTestId('chart-traffic-as-table').click();
  const rows = (): Promise<string[]> => page.getByTestId('chart-traffic').locator('tbody tr').allTextContents();
  await eventually('every second of it', async () => (await rows()).length === SECONDS);
  const before = await rows();
  assert.ok(!before.some((row) => row.includes('–')), before.join());
  const { requests } = await balancer.admin.pool();
  await eventually('three more seconds', async () => (await balancer.admin.pool()).requests > requests + 300);
  await balancer.admin.setPolicy('least-connections');
  await untilText(page.getByTestId('policy-select'), 'least-connections');
  assert.deepEqual(await rows(), before);

  // The address alone is enough.
  await page.reload();
  await page.getByTestId('zoom').waitFor();
  await page.getByTestId('chart-traffic-as-table').click();
  await eventually('the same after a reload', async () => (await rows()).join() === before.join());

  // Deeper and wider by the keys of the range, and out by Escape.
  await page.locator('#screen').focus();
  await page.keyboard.press('[');
  const inner = spanOf(page);
  assert.ok(inner);
  assert.equal(inner.to - inner.from + 1, SECONDS / 2);
  await page.goBack();
  assert.deepEqual(spanOf(page), span);
  await page.getByTestId('chart-latency').getByRole('slider').focus();
  await page.keyboard.press('Escape');
  await page.getByTestId('zoom').waitFor({ state: 'detached' });
  assert.equal(spanOf(page), null);
  await page.locator('[data-testid="chart-latency"] [role="slider"][aria-valuemax="59"]').waitFor();
  assert.equal(await page.getByRole('button', { name: '1 min', exact: true }).getAttribute('aria-pressed'), 'true');
  assert.deepEqual(problems, []);
});

test('a time is selected by the mouse, and a button leads back to the present', async (t) => {
  const { page, problems, slider } = await start(t);
  await slider.scrollIntoViewIfNeeded();
  const box = await slider.boundingBox();
  assert.ok(box);
  const y = box.y + box.height / 2;
  // A click selects nothing.
  await page.mouse.click(box.x + box.width * 0.6, y);
  assert.equal(spanOf(page), null);
  await page.mouse.move(box.x + box.width * 0.6, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, y, { steps: 5 });
  // It is shown in all of them.
  const widths = page.evaluate<number[]>(
    `[...document.querySelectorAll('.plot-selection')].map((one) => one.getBoundingClientRect().width)`,
  );
  assert.deepEqual(
    (await widths).map((width) => width > 20),
    [true, true, true, true, true],
  );
  await page.mouse.up();
  await page.getByTestId('zoom').waitFor();
  const span = spanOf(page);
  assert.ok(span !== null && span.to - span.from >= 10 && span.to - span.from <= 30, JSON.stringify(span));
  await page.getByTestId('back-to-live').click();
  await page.getByTestId('zoom').waitFor({ state: 'detached' });
  // A range is of the present too.
  await page.goBack();
  await page.getByTestId('zoom').waitFor();
  await page.getByRole('button', { name: '5 min', exact: true }).click();
  await page.getByTestId('zoom').waitFor({ state: 'detached' });
  assert.deepEqual(problems, []);
});

test('a pause stops all charts, and what was missed is filled in', async (t) => {
  const { page, problems, slider } = await start(t);
  await page.locator('#screen').focus();
  await page.keyboard.press(' ');
  await page.getByTestId('paused-banner').waitFor();
  const readings = (): Promise<(string | null)[]> =>
    page.getByRole('slider').evaluateAll((all) => all.map((one) => one.getAttribute('aria-valuetext')));
  const before = await readings();
  const { requests } = await balancer.admin.pool();
  await eventually('some seconds', async () => (await balancer.admin.pool()).requests > requests + 500);
  assert.deepEqual(await readings(), before);
  await page.keyboard.press(' ');
  await page.getByTestId('paused-banner').waitFor({ state: 'detached' });
  await eventually('the charts to go on', async () => (await slider.getAttribute('aria-valuetext')) !== before[1]);
  await page.getByTestId('chart-latency-as-table').click();
  await eventually('no second to be missing', async () => {
    const rows = await page.getByTestId('chart-latency').locator('tbody tr').allTextContents();
    return rows.length === 60 && rows.slice(1, SECONDS).every((row) => !row.includes('–'));
  });
  assert.deepEqual(problems, []);
});

test('latencies are drawn by the logarithm where that is chosen, also after a reload', async (t) => {
  const { page, problems } = await start(t);
  const button = page.getByTestId('chart-latency-log');
  await button.click();
  assert.equal(await button.getAttribute('aria-pressed'), 'true');
  await page.reload();
  await untilText(page.getByTestId('chart-latency').locator('.chart-summary'), /^p99 now/);
  assert.equal(await button.getAttribute('aria-pressed'), 'true');
  assert.equal(await page.getByTestId('chart-traffic-log').count(), 0);
  assert.deepEqual(problems, []);
});

test('axe finds nothing on zoomed and selected charts', async (t) => {
  const { page: first, slider: firstSlider } = await start(t);
  await selectByKeys(first, firstSlider);
  await first.keyboard.press('Enter');
  await first.getByTestId('zoom').waitFor();
  const { hash } = new URL(first.url());
  const found: string[] = [];
  for (const size of SIZES) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, problems } = await openDashboard(t, browser, balancer.admin.port, hash, { ...size, colorScheme });
      await page.getByTestId('zoom').waitFor();
      await page.getByTestId('chart-latency').getByRole('slider').focus();
      await page.keyboard.press('Shift+Home');
      found.push(...(await faultsOf(page, `${size.width} ${colorScheme}`)), ...problems);
      await page.close();
    }
  }
  assert.deepEqual(found, []);
});
