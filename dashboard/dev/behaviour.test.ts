/**
 * The page in a real browser against the fake balancer: what it does when things go wrong, what it
 * sends, and that the keyboard is enough. Needs the build: `vite build dashboard` first.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { type FakeServer, type FakeServerOptions, startFakeServer } from './fake-server.ts';

let browser: Browser;

before(async () => {
  browser = await launchBrowser();
});

after(() => browser.close());

interface Opened {
  readonly page: Page;
  readonly server: FakeServer;
  readonly problems: string[];
}

async function open(t: TestContext, hash: string, options: FakeServerOptions = {}): Promise<Opened> {
  const server = await startFakeServer({ scenario: 'fleet', tickMs: 250, ...options });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  t.after(async () => {
    await context.close();
    await server.close();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) problems.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith(server.url.replace('http', 'ws'))) {
      problems.push(`asked for ${request.url()}`);
    }
  });
  await page.goto(`${server.url}${hash}`);
  await page
    .getByTestId(options.token === undefined ? 'facts' : 'sign-in')
    .first()
    .waitFor();
  return { page, server, problems };
}

const textOf = async (page: Page, testid: string): Promise<string> =>
  (await page.getByTestId(testid).textContent()) ?? '';

describe('dashboard in a browser', () => {
  it('shows the worst state in title, icon and words, and needs nothing from elsewhere', async (t) => {
    const { page, server, problems } = await open(t, '#/');
    assert.equal(await page.title(), '▲ Ballast — 2 of 3 pools degraded');
    assert.equal(await page.locator('#favicon').getAttribute('href'), './favicon-degraded.svg');
    assert.equal(await textOf(page, 'pool-api-state'), 'degraded 2 of 4');
    for (const backend of server.fleet.pools[0]?.backends ?? []) server.fleet.setDown('web', backend, true, Date.now());
    await page.waitForFunction(() => document.title === '✕ Ballast — web down');
    assert.deepEqual(problems, []);
  });

  it('says from when the figures are while the connection is lost, and comes back by itself', async (t) => {
    const { page, server } = await open(t, '#/pools/api');
    server.setSilent(true);
    await page.getByTestId('connection-banner').waitFor();
    assert.match(await textOf(page, 'connection-banner'), /Connection lost — figures are from \d\d:\d\d:\d\d\./);
    assert.equal(await page.getByTestId('backends').getAttribute('data-stale'), 'true');
    assert.equal(await page.title(), '? Ballast — connection lost · api');
    server.setSilent(false);
    await page.getByTestId('connection-banner').waitFor({ state: 'detached' });
    assert.equal(await page.getByTestId('backends').getAttribute('data-stale'), 'false');
  });

  it('asks for a snapshot when a message is missing', async (t) => {
    const { page, server } = await open(t, '#/');
    server.skipDelta();
    await page.waitForFunction(() => new Promise((resolve) => setTimeout(() => resolve(true), 1500)));
    assert.equal(server.resyncCount(), 1);
    assert.equal(await textOf(page, 'link'), 'live');
  });

  it('polls the API where WebSockets are blocked, and says so', async (t) => {
    const { page, server } = await open(t, '#/pools/api');
    server.blockLive(true);
    await page.locator('[data-testid="connection-banner"][data-kind="polling"]').waitFor();
    const backend = server.fleet.find('api', 'b1');
    assert.ok(backend !== undefined);
    server.fleet.setDown('api', backend, true, Date.now());
    await page.getByTestId('backend-b1-state').getByText('down').waitFor();
  });

  it('changes the policy, and shows the applied one until the server has changed it', async (t) => {
    const { page, server } = await open(t, '#/pools/api');
    server.delayWrites(700);
    await page.getByTestId('policy-select').selectOption('round-robin');
    assert.equal(await textOf(page, 'policy-note'), 'Switching to round-robin …');
    assert.equal(await page.getByTestId('policy-select').inputValue(), 'weighted-round-robin');
    await page.getByText('Each available backend in its turn.', { exact: true }).last().waitFor();
    assert.equal(await page.getByTestId('policy-select').inputValue(), 'round-robin');
    assert.deepEqual(server.writes, ['PATCH /api/v1/pools/api {"policy":"round-robin"}']);

    server.refuseWrites('The balancer is shutting down.');
    await page.getByTestId('policy-select').selectOption('least-connections');
    await page.getByText('The balancer is shutting down.').waitFor();
    assert.equal(await page.getByTestId('policy-select').inputValue(), 'round-robin');
  });

  it('drains by keyboard alone, after saying what it means', async (t) => {
    const { page, server } = await open(t, '#/pools/api');
    await page.keyboard.press('j');
    await page.keyboard.press('d');
    const dialog = page.getByTestId('confirm-dialog');
    await dialog.waitFor();
    assert.match((await dialog.textContent()) ?? '', /in flight; 1 of 4 remain/);
    assert.deepEqual(server.writes, []);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.deepEqual(server.writes, []);
    await page.keyboard.press('d');
    await dialog.waitFor();
    await page.getByTestId('confirm-ok').press('Enter');
    await page.getByTestId('backend-b1-state').getByText('draining').waitFor();
    assert.deepEqual(server.writes, ['PATCH /api/v1/pools/api/backends/b1 {"mode":"drain"}']);
  });

  it('gathers the steps of a weight into one change', async (t) => {
    const { page, server } = await open(t, '#/pools/api');
    const more = page.getByRole('button', { name: 'More weight for b4' });
    for (let click = 0; click < 3; click += 1) await more.click();
    await page.waitForFunction(
      () => document.querySelector('[data-testid="backend-b4"] [data-pending="true"]') === null,
    );
    assert.deepEqual(server.writes, ['PATCH /api/v1/pools/api/backends/b4 {"weight":4}']);
    assert.equal(await page.getByTestId('backend-b4-weight').inputValue(), '4');
  });

  it('adds a backend and removes it', async (t) => {
    const { page, server } = await open(t, '#/pools/web');
    await page.getByTestId('add-backend').click();
    await page.getByLabel('Address').fill('127.0.0.1:9999');
    await page.getByLabel('Name').fill('delta');
    await page.getByLabel('Name').press('Enter');
    await page.getByTestId('backend-delta-state').waitFor();
    await page.getByTestId('add-backend-dialog').waitFor({ state: 'detached' });
    await page.getByTestId('backend-delta-remove').click();
    await page.getByTestId('confirm-ok').click();
    await page.getByTestId('backend-delta').waitFor({ state: 'detached' });
    assert.deepEqual(server.writes, [
      'POST /api/v1/pools/web/backends {"url":"http://127.0.0.1:9999","name":"delta","weight":1}',
      'DELETE /api/v1/pools/web/backends/delta',
    ]);
  });

  it('goes everywhere by keys, filters, and stops the picture', async (t) => {
    const { page } = await open(t, '#/');
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.getByTestId('event-list').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('policy is now');
    assert.equal(await page.getByTestId('event-list').locator('li').count(), 1);
    assert.match(page.url(), /#\/events\?q=policy\+is\+now$/);
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.getByTestId('pool-api').waitFor();
    await page.waitForFunction(() => document.activeElement?.id === 'screen');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByTestId('backend-b2-state').waitFor();
    await page.keyboard.press(' ');
    await page.getByTestId('paused-banner').waitFor();
    await page.keyboard.press(' ');
    await page.getByTestId('paused-banner').waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.getByTestId('help-dialog').waitFor();
  });

  it('moves one cursor over all charts by the arrow keys', async (t) => {
    const { page } = await open(t, '#/pools/api');
    const slider = page.getByTestId('chart-latency').getByRole('slider');
    await slider.focus();
    await page.keyboard.press('ArrowLeft');
    assert.match((await slider.getAttribute('aria-valuetext')) ?? '', /^\d\d:\d\d:\d\d: p50 .* ms$/);
    const clocks = await page.locator('.chart-clock').allTextContents();
    assert.match(clocks[0] ?? '', /^\d\d:\d\d:\d\d$/);
    assert.equal(new Set(clocks).size, 1);
  });

  it('asks for the token, refuses a wrong one, and goes on with the right one', async (t) => {
    const { page } = await open(t, '#/', { token: 'secret' });
    await page.getByTestId('sign-in-token').fill('wrong');
    await page.getByTestId('sign-in-submit').click();
    await page.getByText('This is not the token.').waitFor();
    await page.getByTestId('sign-in-token').fill('secret');
    await page.getByTestId('sign-in-token').press('Enter');
    await page.getByTestId('tile-requests').waitFor();
  });

  it('shows a thousand backends in pages, and paints only the rows in view', async (t) => {
    const { page } = await open(t, '#/pools/big', { scenario: 'thousand', tickMs: 1000 });
    assert.equal(await page.locator('[data-testid="backends"] [data-row]').count(), 100);
    // The first seconds paint every row, until the browser has said which of them are in view.
    const painted = await page.evaluate(async () => {
      const rows = new Set<Element>();
      const collect = (records: readonly MutationRecord[]): void => {
        for (const { target } of records) {
          const element = target instanceof Element ? target : target.parentElement;
          const row = element?.closest('[data-row]');
          if (row != null) rows.add(row);
        }
      };
      const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
      const observer = new MutationObserver(collect);
      await pass(2500);
      observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
      for (let second = 0; second < 20 && rows.size === 0; second += 1) await pass(1000);
      return rows.size;
    });
    assert.ok(painted > 0 && painted < 40, `${painted} of 100 rows were painted`);
  });
});
