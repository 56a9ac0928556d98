/** What an operator does in the page is what happens to the traffic. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { AdminClient } from '../harness/admin-client.ts';
import { startLoad } from '../harness/background-load.ts';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';

const NAMES = ['a', 'b', 'c'];

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

async function start(t: TestContext): Promise<Operated> {
  const backends = await startHttpBackends(t, NAMES);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(backends) } });
  await admin.until('up', NAMES);
  return { ...(await openDashboard(t, browser, admin.port, '#/pools/web')), admin, port };
}

/** How 300 requests over eight connections are shared. */
async function shares(port: number): Promise<Record<string, number>> {
  const report = await runLoad({ port, requests: 300, concurrency: 8 });
  assert.deepEqual(failedIn(report), []);
  return Object.fromEntries(report.byBackend);
}

test('the policy and the weights set in the page decide who gets the traffic', async (t) => {
  const { page, problems, admin, port } = await start(t);
  assert.deepEqual(await shares(port), { a: 100, b: 100, c: 100 });

  const choose = async (policy: string): Promise<void> => {
    await page.getByTestId('policy-select').click();
    await page.getByTestId(`policy-${policy}`).check();
    await page.locator('[data-testid="policy-apply"][aria-disabled="false"]').click();
    await page.getByTestId('policy-dialog').waitFor({ state: 'detached' });
    await eventually(`the policy to be ${policy}`, async () => (await admin.pool()).policy === policy, 10_000);
    // The page shows what it has heard back.
    await page.locator('[data-testid="policy-note"][data-kind="summary"]').waitFor();
    await untilText(page.getByTestId('policy-select'), policy);
  };
  await choose('weighted-round-robin');
  for (const [name, weight] of [
    ['a', 3],
    ['b', 2],
  ] as const) {
    const field = page.getByTestId(`backend-${name}-weight`);
    await field.fill(String(weight));
    await field.press('Enter');
    await eventually('the weight to hold', async () => (await admin.backend(name)).weight === weight, 10_000);
  }
  assert.deepEqual(await shares(port), { a: 150, b: 100, c: 50 });
  assert.equal(await page.getByTestId('backend-a-weight').inputValue(), '3');

  await choose('least-connections');
  await choose('round-robin');
  assert.deepEqual(await shares(port), { a: 100, b: 100, c: 100 });
  assert.equal((await admin.eventsOf('policy-changed', 'web')).length, 3);
  assert.deepEqual(problems, []);
});

test('a backend is drained and brought back by the keyboard alone, under load', async (t) => {
  const { page, problems, admin, port } = await start(t);
  const load = startLoad(t, { port, concurrency: 4 });
  const confirm = async (): Promise<void> => {
    await page.locator('[data-testid="confirm-ok"][aria-disabled="false"]').waitFor();
    for (let step = 0; step < 5; step++) {
      if ((await page.locator('[data-testid="confirm-ok"]:focus').count()) === 1) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.getByTestId('confirm-dialog').waitFor({ state: 'detached' });
  };
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('d');
  await confirm();
  await untilText(page.getByTestId('backend-b-state'), /^drain(ing|ed)$/);
  assert.equal((await admin.backend('b')).mode, 'drain');
  assert.deepEqual(await sharesBeside(port), ['a', 'c']);

  // The focus is where it was: on that row.
  await page.keyboard.press('r');
  await confirm();
  await untilText(page.getByTestId('backend-b-state'), 'up');
  assert.deepEqual(await sharesBeside(port), NAMES);
  assert.deepEqual(failedIn(await load.stop()), []);
  assert.deepEqual(problems, []);
});

/** Who serves, while others ask as well. */
async function sharesBeside(port: number): Promise<string[]> {
  return Object.keys(await shares(port)).sort();
}
