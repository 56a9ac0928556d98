/** The screens of a running balancer, in both themes, wide and narrow: axe finds nothing. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { startLoad } from '../harness/background-load.ts';
import { poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { openDashboard, startBrowser } from '../harness/dashboard-page.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

const SCREENS = [
  '#/',
  '#/pools',
  '#/pools/web',
  '#/pools/web/a',
  '#/pools/web/c',
  '#/pools/web/dead',
  '#/routes',
  '#/requests',
  '#/events',
  '#/config',
  '#/system',
];
const SIZES = [
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
];

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

for (const size of SIZES) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing, and nothing sticks out of the page: ${size.width}, ${colorScheme}`, async (t) => {
      const backends = await startHttpBackends(t, ['a', 'b', 'c'], {
        handle: (_request, response, { name }) => void setTimeout(() => response.end(name), 20),
      });
      const dead = { name: 'dead', port: await freePort() };
      const { admin, port } = await runBalancer(t, {
        pools: { web: poolOf([...backends, dead], { health: QUICK_HEALTH }) },
      });
      await admin.until('up', ['a', 'b', 'c']);
      await admin.until('down', ['dead']);
      await admin.patchBackend('c', { mode: 'drain' });
      const load = startLoad(t, { port, concurrency: 1 });
      const found: string[] = [];
      const { page, problems } = await openDashboard(t, browser, admin.port, '#/', { ...size, colorScheme });
      for (const screen of SCREENS) {
        await page.evaluate(`location.hash = ${JSON.stringify(screen)}`);
        await page.locator('main h1').waitFor();
        await page.waitForTimeout(300);
        // There are no frames: what `legacy` leaves out is a second page for each analysis.
        const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
        for (const { id, nodes } of violations) found.push(`${screen}: ${id} at ${nodes[0]?.target.join(' ')}`);
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        if (Number(overflow) > 0) found.push(`${screen}: ${String(overflow)} pixels wider than the window`);
      }
      assert.deepEqual([...found, ...problems], []);
      await load.stop();
    });
  }
}
