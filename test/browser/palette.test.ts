/** The palette in a real browser: everything is a few letters away, by keys alone. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { faultsOf, SIZES } from '../harness/axe.ts';
import { type BalancerProgram, poolOf, runBalancer } from '../harness/balancer-program.ts';
import { CleanupList } from '../harness/cleanup.ts';
import { type DashboardPage, openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

const MANY = 1000;

let browser: Browser;
let balancer: BalancerProgram;
const stand = new CleanupList();

before(async () => {
  browser = await startBrowser();
  const backends = await startHttpBackends(stand, ['a', 'b', 'c']);
  // Nobody listens there, and it is checked once in a long while: what counts is how many they are.
  const port = await freePort();
  const many = Array.from({ length: MANY }, (_, index) => ({
    name: `node-${index}`,
    url: `http://127.1.${Math.floor(index / 250)}.${(index % 250) + 1}:${port}`,
  }));
  balancer = await runBalancer(stand, {
    pools: {
      web: poolOf(backends),
      big: { backends: many, health: { path: '/', interval: '1h', fastInterval: '10m' } },
    },
    routes: [{ pool: 'web' }],
  });
  await balancer.admin.until('up', ['a', 'b', 'c']);
});
after(async () => {
  await stand.run();
  await browser.close();
});

const start = (t: TestContext, hash = '#/'): Promise<DashboardPage> =>
  openDashboard(t, browser, balancer.admin.port, hash);

async function openPalette(page: Page): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.locator('[data-testid="palette-input"]:focus').waitFor();
}

/** Types, and waits until the first of what is offered is this. */
async function find(page: Page, text: string, first: string | RegExp): Promise<void> {
  await page.getByTestId('palette-input').fill('');
  await page.keyboard.type(text);
  await untilText(page.locator('.palette-option[aria-selected="true"] .palette-words'), first);
}

const options = (page: Page): Promise<string[]> => page.locator('.palette-option .palette-words').allTextContents();
const hashOf = (page: Page): string => new URL(page.url()).hash;

test('leads to pools, backends and screens, and remembers where it has led', async (t) => {
  const { page, problems } = await start(t);
  await openPalette(page);
  await find(page, 'web', 'web');
  await page.keyboard.press('Enter');
  await page.getByTestId('backend-a').waitFor();
  assert.equal(hashOf(page), '#/pools/web');
  // The screen has the focus, as after a link.
  await page.locator('#screen:focus').waitFor();

  await openPalette(page);
  await find(page, 'b web', 'web/b');
  await page.keyboard.press('Enter');
  await eventually('the screen of the backend', () => hashOf(page) === '#/pools/web/b');

  await openPalette(page);
  await find(page, 'event', 'Events');
  await page.keyboard.press('Enter');
  await page.getByTestId('event-list').waitFor();

  // What was looked at last comes first, also after a reload.
  await page.reload();
  await page.locator('[data-testid="link"][data-link="live"]').waitFor();
  await openPalette(page);
  const recent = page.getByRole('group', { name: 'Recent' }).getByRole('option');
  assert.deepEqual(await recent.locator('.palette-words').allTextContents(), ['web/b', 'web']);
  assert.deepEqual(problems, []);
});

test('finds one of a thousand backends, asking the server for the best few', async (t) => {
  const { page, problems } = await start(t);
  await openPalette(page);
  await find(page, 'node-77', 'big/node-77');
  const found = await options(page);
  assert.deepEqual(found, ['big/node-77', ...Array.from({ length: 10 }, (_, index) => `big/node-77${index}`)]);
  await find(page, 'node', /^big\/node-/);
  await untilText(page.locator('.palette-foot [role="status"]'), /^12 results, 988 more backends by more letters$/);
  // Of its own: the page around it goes on and has its events.
  const length = await page.evaluate<number>("document.querySelector('dialog[open]').outerHTML.length");
  assert.ok(length > 1_000 && length < 20_000, `${length} characters for twelve results`);
  // In the middle of it by arrow keys, round its end, and back.
  await page.keyboard.press('ArrowUp');
  await untilText(
    page.locator('.palette-option[aria-selected="true"] .palette-words'),
    (await options(page)).at(-1) ?? '',
  );
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const second = (await options(page))[1] ?? '';
  const active = await page.getByTestId('palette-input').getAttribute('aria-activedescendant');
  await untilText(page.locator(`[id="${active}"] .palette-words`), second);
  await page.keyboard.press('Enter');
  await eventually('its screen', () => hashOf(page) === `#/pools/${second}`);
  assert.deepEqual(problems, []);
});

test('an action opens the screen of what it is for, and a dialog before anything is done', async (t) => {
  const { page, problems } = await start(t);
  await openPalette(page);
  await find(page, 'c web', 'web/c');
  await page.keyboard.press('ArrowRight');
  await untilText(page.locator('.palette-thing'), 'web/c');
  await page.keyboard.type('drain');
  await page.keyboard.press('Enter');
  await page.getByTestId('confirm-dialog').waitFor();
  assert.equal(hashOf(page), '#/pools/web/c');
  assert.equal((await balancer.admin.backend('c')).mode, 'ready');
  await page.keyboard.press('Escape');
  await page.getByTestId('confirm-dialog').waitFor({ state: 'detached' });

  // The same by a verb and a name.
  await openPalette(page);
  await page.keyboard.type('maint web/a');
  await page.getByRole('option', { name: 'Maintenance web/a' }).waitFor();
  for (let step = 0; step < 12; step++) {
    const words = await page.locator('.palette-option[aria-selected="true"] .palette-words').textContent();
    if (words?.startsWith('Maintenance web/a') === true) break;
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');
  await page.getByTestId('confirm-dialog').waitFor();
  await untilText(page.getByTestId('confirm-dialog').locator('h2'), /web\/a.*maintenance/);
  assert.equal((await balancer.admin.backend('a')).mode, 'ready');
  await page.keyboard.press('Escape');
  await page.getByTestId('confirm-dialog').waitFor({ state: 'detached' });

  // The dialog begins with the weight that holds; a policy is a matter of its pool.
  await openPalette(page);
  await find(page, 'weight web/b', /^Weight of web\/b/);
  await page.keyboard.press('Enter');
  await untilText(page.getByTestId('confirm-dialog').locator('h2'), 'Change the weight of web/b');
  await page.keyboard.press('Escape');
  await page.getByTestId('confirm-dialog').waitFor({ state: 'detached' });
  await openPalette(page);
  await find(page, 'policy web', /^Policy of web/);
  await page.keyboard.press('Enter');
  await page.getByTestId('policy-dialog').waitFor();
  assert.equal(hashOf(page), '#/pools/web');
  assert.deepEqual(problems, []);
});

test('changes theme, range and pause, works where single keys are off, and closes in steps', async (t) => {
  const { page, problems } = await start(t, '#/pools/web');
  await page.getByTestId('help').click();
  await page.getByRole('checkbox', { name: /single letter/ }).uncheck();
  await page.keyboard.press('Escape');
  await page.getByTestId('help-dialog').waitFor({ state: 'detached' });
  for (const [text, first, claim] of [
    ['theme dark', 'Theme: dark', 'html[data-theme="dark"]'],
    ['last 1 h', 'Charts: last 1 h', '[data-testid="range"] button[aria-pressed="true"]:text("1 h")'],
    ['pause', 'Pause', '[data-testid="paused-banner"]'],
    ['resume', 'Resume', ':not([data-testid="paused-banner"])'],
    ['help', 'Help and keys', '[data-testid="help-dialog"]'],
  ] as const) {
    await openPalette(page);
    await find(page, text, first);
    await page.keyboard.press('Enter');
    await page.locator(claim).first().waitFor({ state: 'attached' });
  }
  // Not above another dialog.
  await page.keyboard.press('Control+k');
  assert.equal(await page.getByTestId('palette').count(), 0);
  await page.keyboard.press('Escape');
  await page.getByTestId('help-dialog').waitFor({ state: 'detached' });

  // From a field, into a thing, out of it, and out of all; the field has the focus again.
  await page.getByTestId('policy-select').focus();
  await openPalette(page);
  await find(page, 'web/a', 'web/a');
  await page.keyboard.press('ArrowRight');
  await page.locator('.palette-thing').waitFor();
  await page.keyboard.press('Backspace');
  await page.locator('.palette-thing').waitFor({ state: 'detached' });
  await page.keyboard.type('no such thing');
  await page.getByText('Nothing matches.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('palette').waitFor({ state: 'detached' });
  await page.locator('[data-testid="policy-select"]:focus').waitFor();
  assert.deepEqual(problems, []);
});

test('axe finds nothing in it', async (t) => {
  const found: string[] = [];
  for (const size of SIZES) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, problems } = await openDashboard(t, browser, balancer.admin.port, '#/pools/web', {
        ...size,
        colorScheme,
      });
      await page.getByTestId('palette-open').click();
      await page.getByTestId('palette').waitFor();
      found.push(...(await faultsOf(page, `empty ${size.width} ${colorScheme}`)));
      await find(page, 'drain web', /^Drain web\/a/);
      found.push(...(await faultsOf(page, `results ${size.width} ${colorScheme}`)), ...problems);
      await page.close();
    }
  }
  assert.deepEqual(found, []);
});
