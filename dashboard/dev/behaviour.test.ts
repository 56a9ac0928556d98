/**
 * The page in a real browser against the fake balancer: what it does when things go wrong, what it
 * sends, and that the keyboard is enough. Needs the build: `vite build dashboard` first.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../test/harness/chromium.ts';
import { eventually } from '../../test/harness/eventually.ts';
import { type FakeServer, type FakeServerOptions, startFakeServer } from './fake-server.ts';

let browser: Browser;

before(async () => {
  browser = await launchChromium();
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
  // The screen says itself when it has been told what it shows.
  if (options.token === undefined) await page.locator('main:not([aria-busy="true"]) h1').first().waitFor();
  return { page, server, problems };
}

/** As if its tab were put behind another one, or in front again. */
async function setVisibility(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, 'visibilityState', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
}

const textOf = async (page: Page, testid: string): Promise<string> =>
  (await page.getByTestId(testid).textContent()) ?? '';

describe('dashboard in a browser', () => {
  it('shows the worst state in title, icon and words, and needs nothing from elsewhere', async (t) => {
    const { page, server, problems } = await open(t, '#/');
    assert.equal(await page.title(), '[prod] ▲ Ballast — 2 of 3 pools degraded');
    assert.equal(await page.locator('#favicon').getAttribute('href'), './favicon-degraded.svg');
    assert.equal(await textOf(page, 'pool-api-state'), 'degraded 2 of 4');
    for (const backend of server.fleet.fakePools[0]?.backends ?? [])
      server.fleet.setDown('web', backend, true, Date.now());
    await page.waitForFunction(() => document.title === '[prod] ✕ Ballast — web down');
    assert.deepEqual(problems, []);
  });

  it('asks for a snapshot when a message is missing', async (t) => {
    const { page, server } = await open(t, '#/');
    server.skipDelta();
    await page.waitForFunction(() => new Promise((resolve) => setTimeout(() => resolve(true), 1500)));
    assert.equal(server.resyncCount(), 1);
    assert.equal(await textOf(page, 'link'), 'live');
  });

  it('changes the policy, and shows the applied one until the server has changed it', async (t) => {
    const { page, server } = await open(t, '#/pools/api');
    server.delayWrites(700);
    const choose = async (policy: string): Promise<void> => {
      await page.getByTestId('policy-select').click();
      await page.getByTestId(`policy-${policy}`).check();
      await page.locator('[data-testid="policy-apply"][aria-disabled="false"]').click();
    };
    await choose('round-robin');
    await page.getByText('Switching to round-robin …').waitFor();
    assert.equal(await textOf(page, 'policy-select'), 'weighted-round-robin');
    await page.getByTestId('policy-dialog').waitFor({ state: 'detached' });
    await page.locator('[data-testid="policy-note"][data-kind="summary"]').waitFor();
    assert.equal(await textOf(page, 'policy-select'), 'round-robin');
    assert.deepEqual(server.writes, ['PATCH /api/v1/pools/api {"policy":"round-robin"}']);

    server.refuseWrites('The balancer is shutting down.');
    await choose('least-connections');
    await page.getByText('The balancer is shutting down.').waitFor();
    assert.equal(await textOf(page, 'policy-select'), 'round-robin');
  });

  it('gathers the steps of a weight into one change', async (t) => {
    const { page, server } = await open(t, '#/pools/api');
    const more = page.getByRole('button', { name: 'More weight for b4' });
    // In one go: a slow machine must not let the time in which they are gathered pass between two.
    await more.evaluate(async (button: HTMLElement) => {
      for (let click = 0; click < 3; click += 1) {
        button.click();
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    });
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
    await page.locator('[data-testid="confirm-ok"][aria-disabled="false"]').click();
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
    await page.waitForFunction(() => document.querySelectorAll('[data-testid="event-list"] li').length === 1);
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

  it('looks at what the screen shows and at nothing else, on one channel', async (t) => {
    const { page, server } = await open(t, '#/', { scenario: 'thousand', tickMs: 1000 });
    const lookedAt = async (...wanted: readonly RegExp[]): Promise<void> => {
      const everywhere = ['totals', 'system', 'events?limit=20'];
      await eventually(
        () => `topics ${wanted.join(', ')}, are ${server.topics().join(', ')}`,
        () => {
          const own = server.topics().filter((topic) => !everywhere.includes(topic));
          return own.length === wanted.length && wanted.every((one) => own.some((topic) => one.test(topic)));
        },
      );
    };
    await lookedAt(/^attention/, /^pools$/, /^chart:totals$/);
    const before = server.sentBytes();
    assert.ok(before < 30_000, `${before} bytes for the overview of 1,000 backends`);
    await page.getByTestId('pool-big').getByRole('link').click();
    await lookedAt(/^pool:big$/, /^chart:pool:big\?backends=.*bands=1$/);
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await lookedAt();
    await setVisibility(page, 'hidden');
    await eventually('only the totals', () => server.topics().join() === 'totals');
    await setVisibility(page, 'visible');
    await lookedAt();
    assert.equal(server.connections(), 1);
  });

  it('lets the server sort and filter, and keeps both in the address', async (t) => {
    const { page } = await open(t, '#/pools/big', { scenario: 'thousand', tickMs: 1000 });
    const names = async (): Promise<string[]> => {
      const rows = await page.locator('[data-testid="backends"] [data-row] .name').allTextContents();
      return rows.slice(0, 2);
    };
    await page.getByRole('button', { name: 'State', exact: true }).click();
    await eventually('those that are down to be first', async () => (await names()).join() === 'node-14,node-111');
    assert.match(page.url(), /sort=state/);
    await page.keyboard.press('/');
    await page.keyboard.type('node-99 up');
    await eventually('the filter to be applied', async () => (await names()).join() === 'node-99,node-990');
    assert.equal(await page.locator('[data-testid="backends"] [data-row]').count(), 11);
    await page.reload();
    await eventually('the same after a reload', async () => (await names()).join() === 'node-99,node-990');
  });

  it('changes the range by keys, keeps it from screen to screen, and reads the past for it', async (t) => {
    const { page } = await open(t, '#/pools/api');
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname === '/api/v1/history') asked.push(`${searchParams.get('topic')} ${searchParams.get('range')}`);
    });
    await page.keyboard.press(']');
    await page.keyboard.press(']');
    assert.match(page.url(), /range=1h/);
    assert.equal(
      await page.getByTestId('range').getByRole('button', { name: '1 h' }).getAttribute('aria-pressed'),
      'true',
    );
    await eventually('the hour to be asked for', () => asked.includes('pool:api 1h'));
    await page
      .getByTestId('chart-traffic')
      .getByText(/now .*, least/)
      .waitFor();
    await page
      .getByTestId('chart-heat')
      .getByText(/slowest/)
      .first()
      .waitFor();
    await page.getByTestId('chart-traffic-as-table').click();
    await page.getByText(/one 10 s in 6|every 10 s/).waitFor();
    await page.evaluate(() => {
      location.hash = '#/pools/web';
    });
    await eventually('the range to go along', () => asked.includes('pool:web 1h'));
    await page.keyboard.press('[');
    assert.match(page.url(), /pools\/web\?range=15m/);
  });

  it('goes back through events page by page', async (t) => {
    const { page } = await open(t, '#/events');
    const first = async (): Promise<string> =>
      (await page.getByTestId('event-list').locator('li').first().textContent()) ?? '';
    await page.getByTestId('event-list').locator('li').nth(99).waitFor();
    const newest = await first();
    await page.getByTestId('older-events').click();
    await eventually('older ones', async () => (await first()) !== newest);
    await page.getByRole('button', { name: 'Newer' }).click();
    await eventually('the newest again', async () => (await first()) === newest);
  });

  it('opens another screen while the picture stands still, and that one stands still too', async (t) => {
    const { page } = await open(t, '#/');
    await page.keyboard.press(' ');
    await page.getByTestId('paused-banner').waitFor();
    await page.getByTestId('pool-web').getByRole('link').click();
    await page.getByTestId('backend-alpha-state').waitFor();
    const clock = await textOf(page, 'paused-banner');
    const figure = await textOf(page, 'pool-rps');
    await page.waitForTimeout(1500);
    assert.equal(await textOf(page, 'paused-banner'), clock);
    assert.equal(await textOf(page, 'pool-rps'), figure);
  });
});
