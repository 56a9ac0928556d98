/** What changes something, in both themes, wide and narrow: axe finds nothing. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { startLoad } from '../harness/background-load.ts';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { openDashboard, startBrowser } from '../harness/dashboard-page.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

const NAMES = ['a', 'b', 'c'];

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

test('axe finds nothing in the dialogs, the bar and the menu, and nothing sticks out', async (t) => {
  const backends = await startHttpBackends(t, NAMES);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(backends) } });
  await admin.until('up', NAMES);
  const load = startLoad(t, { port, concurrency: 1 });
  const found: string[] = [];
  for (const [width, colorScheme] of [
    [1440, 'light'],
    [1440, 'dark'],
    [360, 'light'],
    [360, 'dark'],
  ] as const) {
    const size = { width, height: 800, colorScheme };
    const { page, problems } = await openDashboard(t, browser, admin.port, '#/pools/web', size);
    const look = async (what: string, part: string): Promise<void> => {
      // There are no frames: what `legacy` leaves out is a second page for each analysis.
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).include(part).analyze();
      const place = `${what} ${width} ${colorScheme}`;
      for (const { id, nodes } of violations) found.push(`${place}: ${id} at ${nodes[0]?.target.join(' ')}`);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      if (Number(overflow) > 0) found.push(`${place}: ${String(overflow)} pixels wider than the window`);
    };
    await page.getByTestId('policy-select').click();
    await page.getByTestId('policy-least-connections').check();
    await page.locator('[data-testid="shares"][data-policy="least-connections"]').waitFor();
    await look('policy', 'dialog');
    await page.keyboard.press('Escape');
    for (const name of NAMES) await page.getByTestId(`backend-${name}-tick`).check();
    await page.getByTestId('view-menu').click();
    await look('bar and menu', '[aria-labelledby="backends-title"]');
    await page.keyboard.press('Escape');
    await page.getByTestId('bulk-drain').click();
    await page.getByTestId('confirm-typed').waitFor();
    await look('drain of all', 'dialog');
    found.push(...problems);
    await page.close();
  }
  assert.deepEqual(found, []);
  await load.stop();
});
