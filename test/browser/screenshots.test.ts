/**
 * The pictures in the documentation: the demo with its own traffic, as `npm start` shows it.
 * `UPDATE_SCREENSHOTS=1` takes them anew; otherwise there is nothing to do here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AdminClient } from '../harness/admin-client.ts';
import { openDashboard, startBrowser } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { accepts, startProgram } from '../harness/program.ts';

const HISTORY_MS = 80_000;
/** How long ago the policy was changed: well inside the minute that the charts show. */
const RECENT_MS = 25_000;
const DOCS = new URL('../../docs/', import.meta.url).pathname;

async function threePorts(): Promise<number> {
  for (;;) {
    const first = await freePort();
    const isTaken = await Promise.all([first + 1, first + 2].map((port) => accepts(port)));
    if (!isTaken.includes(true)) return first;
  }
}

test('pictures of the dashboard', { skip: process.env['UPDATE_SCREENSHOTS'] !== '1' }, async (t) => {
  const [proxyPort, dashboardPort, first] = [await freePort(), await freePort(), await threePorts()];
  const program = startProgram(t, ['demo'], {
    PROXY_PORT: String(proxyPort),
    DASHBOARD_PORT: String(dashboardPort),
    SERVER_PORT: String(first),
    BACKEND_SERVERS: '',
    BALLAST_ADMIN_TOKEN: '',
  });
  await eventually(
    () => `the demo to run\n${program.log}`,
    () => program.exit !== null || program.stderr.includes('Stop all of it with Ctrl-C'),
    60_000,
  );
  assert.equal(program.exit, null, program.log);
  const admin = new AdminClient(dashboardPort);
  const pool = (await admin.status()).pools[0];
  assert.ok(pool);
  // The charts are the picture: they need something to show, the change of a policy among it.
  await delay(HISTORY_MS - RECENT_MS);
  await admin.setPolicy('least-connections', pool.name);
  await delay(RECENT_MS);
  const browser = await startBrowser();
  t.after(() => browser.close());
  for (const [colorScheme, file] of [
    ['light', 'dashboard.png'],
    ['dark', 'dashboard-dark.png'],
  ] as const) {
    const { page } = await openDashboard(t, browser, dashboardPort, `#/pools/${pool.name}`, { colorScheme });
    await page.getByRole('button', { name: '1 min', exact: true }).click();
    await page.mouse.move(0, 0);
    await page.waitForTimeout(2_500);
    await page.screenshot({ path: `${DOCS}${file}` });
  }
});
