/** The events in a real browser: filtered in the address, linked to one by one, and taken away. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { LiveEvent } from '../../src/protocol/dashboard.ts';
import { faultsOf, SIZES } from '../harness/axe.ts';
import { type BalancerProgram, poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { CleanupList } from '../harness/cleanup.ts';
import { type DashboardPage, openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

let browser: Browser;
let balancer: BalancerProgram;
const stand = new CleanupList();

before(async () => {
  browser = await startBrowser();
  const backends = await startHttpBackends(stand, ['a', 'b']);
  const dead = { name: 'dead', port: await freePort() };
  const health = { ...QUICK_HEALTH, path: '/' };
  balancer = await runBalancer(stand, {
    pools: { web: poolOf([...backends, dead], { health }), 'web-2': poolOf(await startHttpBackends(stand, ['c'])) },
    routes: [{ match: { path: '/2' }, pool: 'web-2' }, { pool: 'web' }],
  });
  await balancer.admin.until('up', ['a', 'b', 'c']);
  await balancer.admin.until('down', ['dead']);
  await balancer.admin.setPolicy('least-connections');
  await balancer.admin.patchBackend('a', { weight: 3 });
});
after(async () => {
  await stand.run();
  await browser.close();
});

const start = (t: TestContext, hash: string): Promise<DashboardPage> =>
  openDashboard(t, browser, balancer.admin.port, hash);

const kinds = (page: Page): Promise<(string | null)[]> =>
  page.locator('[data-testid="event-list"] li').evaluateAll((all) => all.map((one) => one.getAttribute('data-kind')));

/** Resolves when these kinds are listed, newest first. */
function untilKinds(page: Page, ...wanted: readonly string[]): Promise<void> {
  return eventually(`events ${wanted.join()}`, async () => (await kinds(page)).join() === wanted.join());
}

test('kind, level and subject are in the address, and what happens is added to what matches', async (t) => {
  const { page, problems } = await start(t, '#/events');
  await page.getByTestId('kind-filter').selectOption({ label: 'Changes' });
  await untilKinds(page, 'weight-changed', 'policy-changed');
  assert.match(page.url(), /kind=policy-changed%2C/);
  await balancer.admin.patchBackend('a', { weight: 2 });
  await untilKinds(page, 'weight-changed', 'weight-changed', 'policy-changed');
  // By whom.
  await untilText(page.locator('.event-origin').first(), 'admin API');

  await page.reload();
  await untilKinds(page, 'weight-changed', 'weight-changed', 'policy-changed');
  await page.getByTestId('kind-filter').selectOption({ label: 'All kinds' });
  await page.getByRole('button', { name: 'Bad' }).click();
  await untilKinds(page, 'backend-down');
  assert.match(page.url(), /level=bad/);
  await page.getByRole('button', { name: 'All', exact: true }).click();
  assert.equal(new URL(page.url()).hash, '#/events');

  // From a pool: its own events, and not those of one whose name begins alike.
  await page.evaluate(`location.hash = '#/pools/web-2'`);
  await page.getByRole('link', { name: 'Events of this pool' }).click();
  await untilText(page.getByTestId('subject-filter'), 'about web-2');
  const subjects = (): Promise<string[]> => page.locator('.event-text a').allTextContents();
  await eventually('its events', async () => {
    const own = await subjects();
    return own.length > 0 && own.every((subject) => subject.startsWith('web-2'));
  });
  await page.getByRole('button', { name: 'Not only about web-2' }).click();
  await eventually('all events', async () => (await subjects()).includes('web/a'));
  assert.deepEqual(problems, []);
});

test('a link leads to one event and what happened around it, and tells when it is not known any more', async (t) => {
  const { page, problems } = await start(t, '#/events?level=bad');
  const link = page.locator('li[data-kind="backend-down"] .event-time');
  await link.focus();
  await page.keyboard.press('Enter');
  const marked = page.locator('li[aria-current="true"]');
  await untilText(marked, /web\/dead.*down/);
  assert.ok((await kinds(page)).includes('policy-changed'), 'what happened around it');
  await page.reload();
  await untilText(marked, /web\/dead.*down/);
  const { hash } = new URL(page.url());
  const other = await start(t, hash.replace(/at=\d+/, 'at=1700000000000'));
  await untilText(other.page.getByTestId('marked'), /is not known any more/);
  assert.equal(await other.page.locator('li.event').count(), 0);
  await page.getByRole('button', { name: 'All events' }).click();
  await marked.waitFor({ state: 'detached' });
  await page.getByTestId('export-events').waitFor();
  assert.deepEqual([...problems, ...other.problems], []);
});

test('what matches is taken away as a line of JSON each', async (t) => {
  const { page, problems } = await start(t, '#/events?q=policy');
  await untilKinds(page, 'policy-changed');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByTestId('export-events').click()]);
  assert.match(file.suggestedFilename(), /^ballast-events-\d{4}-\d\d-\d\dT\d{6}\.ndjson$/);
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as LiveEvent);
  assert.deepEqual(
    events.map(({ kind, subject }) => [kind, subject]),
    [['policy-changed', 'web']],
  );
  assert.deepEqual(problems, []);
});

test('axe finds nothing on filtered and on linked events', async (t) => {
  const { page } = await start(t, '#/events');
  const href = await page.locator('.event-time').first().getAttribute('href');
  const found: string[] = [];
  for (const size of SIZES) {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const hash of ['#/events?subject=web&level=bad', href ?? '']) {
        const opened = await openDashboard(t, browser, balancer.admin.port, hash, { ...size, colorScheme });
        await opened.page.locator('li.event').first().waitFor();
        found.push(...(await faultsOf(opened.page, `${hash} ${size.width} ${colorScheme}`)), ...opened.problems);
        await opened.page.close();
      }
    }
  }
  assert.deepEqual(found, []);
});
