/** Nothing jumps while a screen comes up: the layout shift after Web Vitals is next to nothing. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { SIZES } from '../harness/axe.ts';
import { startLoad } from '../harness/background-load.ts';
import { type BalancerProgram, poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { CleanupList } from '../harness/cleanup.ts';
import { openDashboard, startBrowser } from '../harness/dashboard-page.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

/** What counts as good is 0.1. */
const MOST = 0.02;
/** Long enough for the first figures, the past of the charts, and what the second one moves. */
const WATCH_MS = 4_000;
const SCREENS = [
  '#/',
  '#/pools',
  '#/pools/web',
  '#/pools/web/a',
  '#/routes',
  '#/requests',
  '#/events',
  '#/config',
  '#/system',
];

interface Shift {
  readonly value: number;
  readonly what: readonly string[];
}

const WATCH = `
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const what = entry.sources.map(({ node }) => node?.className || node?.nodeName || 'gone');
      window.shifts.push({ value: entry.value, what });
    }
  }).observe({ type: 'layout-shift', buffered: true });
`;

let browser: Browser;
let balancer: BalancerProgram;
const stand = new CleanupList();

before(async () => {
  browser = await startBrowser();
  const backends = await startHttpBackends(stand, ['a', 'b', 'c']);
  const dead = { name: 'dead', port: await freePort() };
  balancer = await runBalancer(stand, {
    pools: { web: poolOf([...backends, dead], { health: { ...QUICK_HEALTH, path: '/' } }) },
  });
  await balancer.admin.until('up', ['a', 'b', 'c']);
  await balancer.admin.until('down', ['dead']);
  startLoad(stand, { port: balancer.port, concurrency: 1 });
});
after(async () => {
  await stand.run();
  await browser.close();
});

test('no screen shifts while it loads', async (t) => {
  const found: string[] = [];
  for (const size of SIZES) {
    for (const hash of SCREENS) {
      const { page } = await openDashboard(t, browser, balancer.admin.port, hash, {
        ...size,
        prepare: (unopened) => unopened.addInitScript(WATCH),
      });
      await page.locator('main:not([aria-busy="true"]) h1').first().waitFor({ state: 'attached' });
      await page.waitForTimeout(WATCH_MS);
      const shifts = await page.evaluate<Shift[]>('window.shifts');
      const sum = shifts.reduce((total, { value }) => total + value, 0);
      t.diagnostic(`${hash} ${size.width}: ${sum.toFixed(4)}`);
      const worst = shifts.toSorted((a, b) => b.value - a.value)[0];
      if (sum >= MOST) found.push(`${hash} ${size.width}: ${sum.toFixed(4)}, most by ${worst?.what.join(', ')}`);
      await page.close();
    }
  }
  assert.deepEqual(found, []);
});
