/**
 * Takes pictures of every screen at both widths in both themes, and asks axe about each.
 *
 * `node dashboard/dev/screenshots.ts [OUT_DIR] [FILTER]`; the page must have been built.
 * Exits 1 where axe finds anything or the page writes an error to the console.
 */
import { mkdir } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { launchChromium } from '../../test/harness/chromium.ts';
import type { Scenario } from './fake-pools.ts';
import { startFakeServer } from './fake-server.ts';

interface Shot {
  readonly name: string;
  readonly scenario: Scenario;
  readonly hash: string;
  readonly token?: string;
  readonly prepare?: (page: Page) => Promise<unknown>;
}

const SHOTS: readonly Shot[] = [
  { name: 'overview', scenario: 'fleet', hash: '#/' },
  { name: 'overview-calm', scenario: 'calm', hash: '#/' },
  { name: 'overview-idle', scenario: 'idle', hash: '#/' },
  { name: 'overview-empty', scenario: 'empty', hash: '#/' },
  { name: 'pools', scenario: 'fleet', hash: '#/pools' },
  { name: 'pool', scenario: 'fleet', hash: '#/pools/api' },
  { name: 'pool-states', scenario: 'fleet', hash: '#/pools/static' },
  { name: 'pool-idle', scenario: 'idle', hash: '#/pools/web' },
  { name: 'pool-big', scenario: 'thousand', hash: '#/pools/big' },
  { name: 'backend', scenario: 'fleet', hash: '#/pools/api/b1' },
  { name: 'backend-down', scenario: 'fleet', hash: '#/pools/api/b2' },
  { name: 'backend-draining', scenario: 'fleet', hash: '#/pools/api/b3' },
  { name: 'requests', scenario: 'fleet', hash: '#/requests' },
  { name: 'requests-list', scenario: 'fleet', hash: '#/requests', prepare: (page) => tapUntil(page, 6) },
  {
    name: 'requests-story',
    scenario: 'fleet',
    hash: '#/requests?status=504',
    prepare: async (page) => {
      await tapUntil(page, 1);
      await page.locator('.requests [data-open]').first().press('Enter');
      await page.getByTestId('request-story').waitFor();
    },
  },
  { name: 'events', scenario: 'fleet', hash: '#/events' },
  { name: 'sign-in', scenario: 'fleet', hash: '#/', token: 'secret' },
  {
    name: 'confirm',
    scenario: 'fleet',
    hash: '#/pools/api',
    prepare: (page) => page.getByTestId('backend-b1-mode-drain').click(),
  },
  {
    name: 'policy-open',
    scenario: 'fleet',
    hash: '#/pools/api',
    prepare: (page) => page.getByTestId('policy-select').click(),
  },
  { name: 'add', scenario: 'fleet', hash: '#/pools/api', prepare: (page) => page.getByTestId('add-backend').click() },
  { name: 'help', scenario: 'fleet', hash: '#/', prepare: (page) => page.keyboard.press('?') },
  {
    name: 'table',
    scenario: 'fleet',
    hash: '#/pools/api',
    prepare: (page) => page.getByTestId('chart-latency-as-table').click(),
  },
];

/** Begins the tap of the screen and waits for so many requests. */
async function tapUntil(page: Page, count: number): Promise<void> {
  await page.getByTestId('tap-button').click();
  await page
    .locator('.requests [data-row]')
    .nth(count - 1)
    .waitFor();
}

const out = process.argv[2] ?? '/tmp/shots';
const filter = process.argv[3] ?? '';
await mkdir(out, { recursive: true });
const browser = await launchChromium();
let faults = 0;
for (const shot of SHOTS.filter((one) => one.name.includes(filter))) {
  const server = await startFakeServer({ scenario: shot.scenario, token: shot.token ?? null });
  for (const [width, height] of [
    [1440, 900],
    [360, 740],
  ] as const) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme });
      const page = await context.newPage();
      const name = `${shot.name}-${width}-${colorScheme}`;
      page.on('console', (message) => {
        // A refused sign-in is a request that fails by design.
        if (message.type() === 'error' && shot.token === undefined) {
          faults += 1;
          console.log(`${name}: console: ${message.text()}`);
        }
      });
      page.on('pageerror', (error) => {
        faults += 1;
        console.log(`${name}: ${error.stack ?? error.message}`);
      });
      await page.goto(`${server.url}${shot.hash}`);
      await page.waitForSelector('main h1');
      await page.waitForTimeout(1300);
      if (shot.prepare !== undefined) {
        await shot.prepare(page);
        await page.waitForTimeout(300);
      }
      await page.screenshot({ path: `${out}/${name}.png`, fullPage: width === 360 && shot.prepare === undefined });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) {
        faults += 1;
        console.log(`${name}: ${overflow} px wider than the window`);
      }
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const violation of violations) {
        faults += 1;
        const nodes = violation.nodes
          .slice(0, 3)
          .map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`);
        console.log(`${name}: ${violation.id}: ${violation.help}\n  ${nodes.join('\n  ')}`);
      }
      await context.close();
    }
  }
  await server.close();
}
await browser.close();
console.log(faults === 0 ? 'no faults' : `${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;
