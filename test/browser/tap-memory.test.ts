/** The list of live requests in a real browser, for a thousand requests and more: it keeps what it shows. Needs the build. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFakeServer } from '../../dashboard/dev/fake-server.ts';
import { startBrowser } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';

/** As many as the page keeps, and half of them again. */
const ROUND = 450;

test('a tap that goes on and on does not make the page larger', async (t) => {
  const server = await startFakeServer({ scenario: 'fleet', tickMs: 20 });
  t.after(() => server.close());
  const browser = await startBrowser();
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(`${server.url}#/requests`);
  await page.getByTestId('tap-button').click();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const shown = async (): Promise<number> =>
    Number(((await page.getByTestId('tap-counts').textContent()) ?? '').replace(/\u2009/g, '').split(' ', 1)[0]);
  const nodesAfter = async (count: number): Promise<number> => {
    await eventually(`${count} requests to be shown`, async () => (await shown()) >= count, 60_000);
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'Nodes')?.value ?? Number.NaN;
  };
  const first = await nodesAfter(ROUND);
  const second = await nodesAfter(3 * ROUND);
  t.diagnostic(`${first} nodes, then ${second}`);
  assert.ok(second < first * 1.5, `${first} nodes after ${ROUND} requests, ${second} after three times as many`);
});
