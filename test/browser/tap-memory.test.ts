/** The list of live requests in a real browser, for a thousand requests and more: it keeps what it shows. Needs the build. */
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
  const nodes = async (): Promise<number> => {
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'Nodes')?.value ?? Number.NaN;
  };
  const untilShown = (count: number): Promise<void> =>
    eventually(`${count} requests to be shown`, async () => (await shown()) >= count, 60_000);
  await untilShown(ROUND);
  const first = await nodes();
  await untilShown(3 * ROUND);
  let last = Number.NaN;
  // What is still being taken away on a busy machine is not collected at the first try.
  await eventually(
    () => `${first} nodes after ${ROUND} requests, ${last} after three times as many`,
    async () => {
      last = await nodes();
      return last < first * 1.5;
    },
  );
  t.diagnostic(`${first} nodes, then ${last}`);
});
