/** Changes made in the page: what will come of them is said first, and they can be taken back. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { AdminClient } from '../harness/admin-client.ts';
import { startLoad } from '../harness/background-load.ts';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn } from '../harness/load.ts';

const NAMES = ['a', 'b', 'c', 'd'];

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

interface Operated {
  readonly page: Page;
  readonly problems: string[];
  readonly admin: AdminClient;
  readonly port: number;
}

async function start(t: TestContext, names = NAMES): Promise<Operated> {
  const backends = await startHttpBackends(t, names);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(backends) } });
  await admin.until('up', names);
  return { ...(await openDashboard(t, browser, admin.port, '#/pools/web')), admin, port };
}

const modes = async (admin: AdminClient): Promise<string> =>
  (await admin.pool()).backends.map(({ name, mode }) => `${name} ${mode}`).join(', ');
const untilModes = (admin: AdminClient, wanted: string): Promise<void> =>
  eventually(`the modes ${wanted}`, async () => (await modes(admin)) === wanted, 20_000);
const ready = '[data-testid="confirm-ok"][aria-disabled="false"]';

/** By Tab alone to the element, then Enter. */
async function enterOn(page: Page, testid: string): Promise<void> {
  await page.locator(`[data-testid="${testid}"]`).first().waitFor();
  for (let step = 0; step < 80; step++) {
    if ((await page.locator(`[data-testid="${testid}"]:focus`).count()) > 0) break;
    await page.keyboard.press('Tab');
  }
  assert.equal(await page.locator(`[data-testid="${testid}"]:focus`).count(), 1, `${testid} cannot be reached by Tab`);
  await page.keyboard.press('Enter');
}

/** From here on the page hears nothing new of what would come of a change, until it has tried. */
async function hearNothingUntilTried(page: Page): Promise<void> {
  const { promise: isTried, resolve: tried } = Promise.withResolvers<void>();
  page.on('response', (answer) => {
    if (answer.status() === 412) tried();
  });
  await page.route('**/*dryRun=1', async (route) => {
    await isTried;
    await route.continue();
  });
}

test('a policy is switched by keys, after its shares were shown', async (t) => {
  const { page, problems, admin, port } = await start(t);
  await admin.patchBackend('a', { weight: 5 });
  const load = startLoad(t, { port, concurrency: 4 });
  await page.keyboard.press('a');
  await page.getByTestId('policy-round-robin').waitFor();
  await page.keyboard.press('ArrowDown');
  await page.locator('[data-testid="policy-weighted-round-robin"]:checked').waitFor();
  await page.locator('[data-testid="shares"][data-policy="weighted-round-robin"]').waitFor();
  // 5 of 8 for a, 1 of 8 for each other; before that all had the same.
  await untilText(page.getByTestId('share-a'), /a.*63\s%/);
  await untilText(page.getByTestId('share-d'), /d.*13\s%/);
  assert.equal((await admin.pool()).policy, 'round-robin', 'nothing is done before Apply');
  await page.locator('[data-testid="policy-apply"][aria-disabled="false"]').waitFor();
  await page.keyboard.press('Enter');
  await page.getByTestId('policy-dialog').waitFor({ state: 'detached' });
  await untilText(page.getByTestId('policy-select'), 'weighted-round-robin');
  assert.equal((await admin.pool()).policy, 'weighted-round-robin');
  await page.getByText('web: weighted-round-robin, was round-robin. Saved.').waitFor();

  await page.keyboard.press('u');
  await untilText(page.getByTestId('policy-select'), 'round-robin');
  assert.equal((await admin.pool()).policy, 'round-robin');
  assert.deepEqual(failedIn(await load.stop()), []);
  assert.deepEqual(problems, []);
});

test('a drain says what is in flight and who remains, and is taken back by a key', async (t) => {
  const { page, problems, admin } = await start(t);
  // A key that is pressed before there are rows is for none of them.
  await page.getByTestId('backend-a').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('d');
  await page
    .getByTestId('confirm-dialog')
    .getByText(/\d requests? in flight; 3 of 4 remain; ≈ \+33\s% load on each\./)
    .waitFor();
  assert.equal(await modes(admin), 'a ready, b ready, c ready, d ready', 'nothing is done before it is confirmed');
  await page.locator(ready).waitFor();
  await enterOn(page, 'confirm-ok');
  await untilText(page.getByTestId('backend-a-state'), /^drain(ing|ed)$/);
  await page.getByText('web/a: drain, was ready. Saved.').waitFor();
  await page.keyboard.press('u');
  await untilModes(admin, 'a ready, b ready, c ready, d ready');
  await page.getByText('web/a: taken back.').waitFor();
  assert.deepEqual(
    (await admin.eventsOf('mode-changed', 'web/a')).map(({ text }) => text),
    ['mode ready → drain', 'mode drain → ready'],
  );
  assert.deepEqual(problems, []);
});

test('the last backend is drained only by who types the name of the pool', async (t) => {
  const { page, admin } = await start(t, ['a', 'b']);
  await admin.patchBackend('b', { mode: 'maintenance' });
  await untilText(page.getByTestId('backend-b-state'), 'maintenance');
  await page.getByTestId('backend-a-mode-drain').click();
  await page.getByText('No backend is left in web: 503 for all.').waitFor();
  const typed = page.getByTestId('confirm-typed');
  await typed.fill('wob');
  await typed.press('Enter');
  assert.equal(await page.getByTestId('confirm-ok').getAttribute('aria-disabled'), 'true');
  assert.equal((await admin.backend('a')).mode, 'ready');
  await typed.fill('web');
  await typed.press('Enter');
  await page.getByTestId('confirm-dialog').waitFor({ state: 'detached' });
  assert.equal((await admin.backend('a')).mode, 'drain');

  // All at once asks the same.
  await admin.patchBackend('a', { mode: 'ready' });
  await admin.patchBackend('b', { mode: 'ready' });
  await page.getByTestId('drain-all').click();
  await page.getByText('0 of 2 remain', { exact: false }).waitFor();
  await page.getByTestId('confirm-typed').fill('web');
  await page.getByTestId('confirm-typed').press('Enter');
  await untilModes(admin, 'a drain, b drain');
});

test('ticked backends are changed together, and one that has gone is told by its name', async (t) => {
  const { page, problems, admin } = await start(t);
  for (const name of ['a', 'c']) {
    await page.getByTestId(`backend-${name}`).focus();
    await page.keyboard.press('x');
  }
  await untilText(page.getByTestId('bulk-count'), '2 backends');
  await page.keyboard.press('m');
  await page
    .getByTestId('confirm-dialog')
    .getByText(/2 of 4 remain; ≈ \+100\s% load on each/)
    .waitFor();
  await page.locator(ready).waitFor();
  await enterOn(page, 'confirm-ok');
  await page.getByTestId('confirm-dialog').waitFor({ state: 'detached' });
  assert.equal(await modes(admin), 'a maintenance, b ready, c maintenance, d ready');
  await page.getByTestId('bulk').waitFor({ state: 'detached' });
  await page.keyboard.press('u');
  await untilModes(admin, 'a ready, b ready, c ready, d ready');

  for (const name of ['a', 'b', 'c']) await page.getByTestId(`backend-${name}-tick`).check();
  await page.getByTestId('bulk-weight').click();
  await page.getByTestId('confirm-weight').fill('7');
  await page.locator(ready).waitFor();
  // Else the dialog might hear of it first, and ask once more.
  await hearNothingUntilTried(page);
  await admin.removeBackend('b');
  await eventually('b to be gone', async () => (await admin.pool()).backends.length === 3, 20_000);
  await page.locator(ready).click();
  await page
    .getByTestId('many-failed')
    .getByText(/b.*there is no backend/)
    .waitFor();
  await untilText(page.getByTestId('many-progress'), '2 of 3 backends done, 1 not.');
  await page.getByTestId('many-close').click();
  const weights = (await admin.pool()).backends.map(({ name, weight }) => `${name} ${weight}`);
  assert.deepEqual(weights, ['a 7', 'c 7', 'd 1']);
  assert.deepEqual(problems, []);
});

test('who has been quicker is told of, with what holds now, and nothing is done', async (t) => {
  const { page, admin } = await start(t);
  const other = await openDashboard(t, browser, admin.port, '#/pools/web');
  await page.getByTestId('backend-b-mode-drain').click();
  await page.locator(ready).waitFor();
  await hearNothingUntilTried(page);
  await other.page.getByTestId('backend-b-mode-maintenance').click();
  await other.page.locator(ready).click();
  await other.page.getByTestId('confirm-dialog').waitFor({ state: 'detached' });
  await page.getByTestId('confirm-ok').click();
  await page
    .getByTestId('news')
    .getByText(/Somebody changed this since.*mode maintenance → drain/)
    .waitFor();
  assert.equal((await admin.backend('b')).mode, 'maintenance');
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.locator(ready).click();
  await page.getByTestId('confirm-dialog').waitFor({ state: 'detached' });
  assert.equal((await admin.backend('b')).mode, 'drain');

  // Taking it back would undo what somebody else has done.
  await admin.patchBackend('b', { mode: 'ready' });
  await page.getByTestId('undo').click();
  await page.getByText(/web\/b: somebody changed this since, it is ready now/).waitFor();
  assert.equal((await admin.backend('b')).mode, 'ready');
});

test('a removed backend stays until it is empty, and comes back by undo', async (t) => {
  const held: (() => void)[] = [];
  const backends = await startHttpBackends(t, ['a', 'b'], {
    handle: (request, response, { name }) => {
      if (request.url === '/slow') held.push(() => response.end(name));
      else response.end(name);
    },
  });
  const limited = backends.map((backend) => ({ ...backend, maxConnections: 50 }));
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(limited) } });
  await admin.until('up', ['a', 'b']);
  const { page } = await openDashboard(t, browser, admin.port, '#/pools/web');
  await untilText(page.getByTestId('backend-a-in-flight'), '0/50');
  const answers = [0, 1].map(() => fetch(`http://127.0.0.1:${port}/slow`).then((answer) => answer.text()));
  await eventually('both to be held', () => held.length === 2, 10_000);
  await page.getByTestId('backend-a-remove').click();
  await page.getByText(/1 request in flight; 1 of 2 remain/).waitFor();
  await page.locator(ready).click();
  await untilText(page.getByTestId('backend-a-state'), 'leaving, 1 left');
  await page.getByTestId('undo').click();
  await page.getByText('web/a: taken back.').waitFor();
  await untilText(page.getByTestId('backend-a-state'), 'up');
  await page.getByTestId('backend-a-remove').click();
  await page.locator(ready).click();
  await untilText(page.getByTestId('backend-a-state'), 'leaving, 1 left');
  for (const answer of held) answer();
  await Promise.all(answers);
  await page.getByTestId('backend-a').waitFor({ state: 'detached' });
});

test('columns, density and sort are kept, and the table can be copied', async (t) => {
  const { page, admin } = await start(t);
  await page
    .context()
    .grantPermissions(['clipboard-read', 'clipboard-write'], { origin: `http://127.0.0.1:${admin.port}` });
  await page.getByTestId('view-menu').click();
  await page.getByTestId('view-column-bytes').check();
  await page.getByTestId('view-column-share').uncheck();
  await page.getByTestId('view-compact').check();
  await page.getByTestId('copy-csv').click();
  await page.getByText('4 rows copied as CSV.').waitFor();
  const csv = String(await page.evaluate('navigator.clipboard.readText()')).split('\r\n');
  assert.match(csv[0] ?? '', /^state,reason,backend,url,weight,requests\/s,.*bytes in,bytes out,/);
  assert.match(csv[2] ?? '', /^up,.*,b,http:\/\/127\.0\.0\.1:\d+/);
  await page.getByTestId('chart-traffic-query').click();
  await page.getByText('Copied for Prometheus').waitFor();
  const query = String(await page.evaluate('navigator.clipboard.readText()'));
  assert.equal(query, 'sum by (backend) (rate(ballast_backend_requests_total{pool="web"}[1m]))');
  await page.getByRole('button', { name: 'Backend', exact: true }).click();
  await page.reload();
  await page.getByTestId('backend-a').waitFor();
  assert.match(page.url(), /sort=name/);
  const table = page.getByTestId('backends');
  assert.equal(await table.getAttribute('data-compact'), 'true');
  assert.equal(await table.locator('thead').getByText('expected').count(), 0);
  assert.equal(await table.locator('thead').getByText('bytes').count(), 1);
});
