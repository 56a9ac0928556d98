/** The screen of the process and its threads, the support bundle, and what every page carries with it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { AdminClient } from '../harness/admin-client.ts';
import { startLoad } from '../harness/background-load.ts';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { startMortalBalancer } from '../harness/mortal-balancer.ts';
import { runBallast } from '../harness/program.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

/** `27 %`, `<0.1 %`. */
const percentOf = async (page: Page, testid: string): Promise<number> =>
  Number(((await page.getByTestId(testid).textContent()) ?? '').replace(/[^\d.]/g, ''));

test('the threads show what they do, and what a dead one died of', async (t) => {
  const { balancer, harm, untilReplaced } = await startMortalBalancer(t);
  const load = startLoad(t, { port: balancer.port, concurrency: 8 });
  const { page, problems } = await openDashboard(t, browser, balancer.admin.port, '#/system');
  for (const worker of [0, 1]) {
    await untilText(page.getByTestId(`worker-${worker}-state`), 'running');
    await eventually(
      `worker ${worker} to be busy`,
      async () => (await percentOf(page, `worker-${worker}-cpu`)) > 0.5,
      30_000,
    );
    await untilText(page.getByTestId(`worker-${worker}-clients`), /^[1-9]/);
    await untilText(page.getByTestId(`worker-${worker}-restarts`), '0');
  }
  assert.ok((await percentOf(page, 'control-plane-cpu')) <= 100);
  // The line of the last minutes grows while one looks.
  const line = page.getByTestId('worker-0').locator('.spark path');
  await eventually('the line to be drawn', async () => /L/.test((await line.getAttribute('d')) ?? ''), 30_000);

  await harm(1);
  await untilReplaced(1, 1);
  await untilText(page.getByTestId('worker-1-restarts'), '1');
  await untilText(page.getByTestId('worker-1'), /ago: Error: thrown on the wish of a test/);
  await untilText(page.getByTestId('worker-1-state'), 'running');
  // One that stands still shows what it showed last, and says so.
  assert.equal(await page.getByTestId('worker-0').getAttribute('data-old'), 'false');
  await harm(0, 'sleep 8000');
  await untilText(page.getByTestId('worker-0-state'), 'blocked');
  assert.equal(await page.getByTestId('worker-0').getAttribute('data-old'), 'true');
  await untilText(page.getByTestId('worker-0-state'), 'running');
  await untilText(page.getByTestId('process-pid'), String(balancer.pid));
  await untilText(page.getByTestId('process-config'), /ballast\.yaml/);
  await untilText(page.getByTestId('shortages'), /Nothing runs short/);
  await load.stop();
  assert.deepEqual(problems, []);
});

test('what runs short is told with its code, and goes by itself', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  const { admin, port } = await runBalancer(t, {
    pools: { web: poolOf(backends) },
    workers: 1,
    limits: { connections: 1 },
  });
  const { page } = await openDashboard(t, browser, admin.port, '#/system');
  await untilText(page.getByTestId('shortages'), /Nothing runs short/);
  const load = startLoad(t, { port, concurrency: 6, isFresh: true });
  await untilText(page.getByTestId('shortages'), /CONNECTIONS_FULL.*new clients are turned away.*times/);
  await load.stop();
  await untilText(page.getByTestId('shortages'), /Nothing runs short/);
});

test('the support bundle is downloaded as a file, by those who are signed in, and holds no token', async (t) => {
  const token = 'a-token-for-the-bundle-0123456789';
  const backends = await startHttpBackends(t, ['a']);
  const [port, adminPort] = [await freePort(), await freePort()];
  const settings = {
    version: 1,
    listeners: { web: { address: `127.0.0.1:${port}` } },
    pools: { web: poolOf(backends) },
    admin: { address: `127.0.0.1:${adminPort}`, token: '${BUNDLE_TOKEN}' },
  };
  const { program } = await runBallast(t, JSON.stringify(settings), [port, adminPort], { BUNDLE_TOKEN: token });
  const admin = new AdminClient(adminPort);
  assert.equal((await admin.ask('/api/v1/support-bundle')).status, 401);
  const link = (): string => /admin API on (\S+)/.exec(program.stderr)?.[1] ?? '';
  await eventually('the link to be told', () => link() !== '', 20_000);
  const context = await browser.newContext({ acceptDownloads: true });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(link());
  await page.locator('[data-testid="link"][data-link="live"]').waitFor();
  await page.evaluate('location.hash = "#/system"');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('bundle').click()]);
  assert.match(download.suggestedFilename(), /^ballast-.*\.json$/);
  const text = await readFile(await download.path(), 'utf8');
  assert.ok(!text.includes(token));
  const bundle = JSON.parse(text) as { about: { what: string }; status: { pools: { name: string }[] } };
  assert.equal(bundle.about.what, 'ballast support bundle');
  assert.deepEqual(
    bundle.status.pools.map(({ name }) => name),
    ['web'],
  );
});

test('the environment is in the bar, on the edge and in the title, and a reload changes it', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  const pools = { web: poolOf(backends) };
  const balancer = await runBalancer(t, { pools, ui: { environment: 'prod', color: 'red' } });
  const { page } = await openDashboard(t, browser, balancer.admin.port, '#/');
  await untilText(page.getByTestId('environment'), /prod$/);
  await eventually('the title to name it', async () => (await page.title()).startsWith('[prod] '));
  const edge = (): Promise<unknown> => page.evaluate(`getComputedStyle(document.querySelector('.bar')).boxShadow`);
  const red = await edge();
  assert.match(String(red), /rgb\(155, 20, 20\)/);
  await balancer.reloadWith({ pools, ui: { environment: 'staging', color: 'yellow' } });
  await untilText(page.getByTestId('environment'), /staging$/);
  assert.notEqual(await edge(), red);
  await balancer.reloadWith({ pools });
  await page.getByTestId('environment').waitFor({ state: 'detached' });
  await eventually('the title to name none', async () => !(await page.title()).startsWith('['));
  assert.equal(await edge(), 'none');
});

test('node, revision and time are on every picture and every print, down to 360 pixels', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  const { admin } = await runBalancer(t, {
    pools: { web: poolOf(backends) },
    ui: { environment: 'a-long-environment-24-ch' },
  });
  for (const width of [360, 900, 1440, 1800]) {
    const { page } = await openDashboard(t, browser, admin.port, '#/', { width, height: 740 });
    await untilText(page.getByTestId('fact-time'), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    for (const medium of ['screen', 'print'] as const) {
      await page.emulateMedia({ media: medium });
      const boxes = new Map<string, { x: number; y: number; width: number; height: number }>();
      for (const fact of ['fact-node', 'fact-revision', 'fact-time']) {
        const place = page.getByTestId(fact);
        assert.ok(await place.isVisible(), `${fact} at ${width} on ${medium}`);
        const box = await place.boundingBox();
        const isWithin = box !== null && box.x >= 0 && box.x + box.width <= width;
        assert.ok(isWithin, `${fact} at ${width} on ${medium}: ${JSON.stringify(box)}`);
        boxes.set(fact, box);
      }
      const [node, time] = [boxes.get('fact-node'), boxes.get('fact-time')];
      assert.ok(node && time);
      const areApart = node.x + node.width <= time.x || node.y + node.height <= time.y;
      assert.ok(areApart, `the node runs into the time at ${width} on ${medium}`);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      assert.ok(Number(overflow) <= 0, `${String(overflow)} pixels wider than ${width} on ${medium}`);
    }
    // Nothing on paper can be pressed, and it is light.
    assert.equal(await page.locator('.bar nav').isVisible(), false);
    assert.equal(await page.evaluate(`getComputedStyle(document.documentElement).colorScheme`), 'light');
    await page.close();
  }
});

test('axe finds nothing on the screen, in both themes, wide and narrow, whatever the environment', async (t) => {
  const { balancer, harm, untilReplaced } = await startMortalBalancer(t);
  const pools = JSON.parse(await readFile(balancer.configFile, 'utf8')) as { pools: object };
  await harm(1);
  await untilReplaced(1, 1);
  const found: string[] = [];
  for (const [width, height, color] of [
    [1440, 900, 'red'],
    [360, 740, 'yellow'],
  ] as const) {
    await balancer.reloadWith({ pools: pools.pools, ui: { environment: 'prod', color } });
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, problems } = await openDashboard(t, browser, balancer.admin.port, '#/system', {
        width,
        height,
        colorScheme,
      });
      await untilText(page.getByTestId('worker-1-restarts'), '1');
      await untilText(page.getByTestId('environment'), /prod$/);
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
      for (const { id, nodes } of violations)
        found.push(`${width} ${colorScheme}: ${id} at ${nodes[0]?.target.join(' ')}`);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      if (Number(overflow) > 0) found.push(`${width} ${colorScheme}: ${String(overflow)} pixels wider than the window`);
      if (width === 360) {
        const box = await page.getByTestId('bundle').boundingBox();
        if ((box?.height ?? 0) < 44) found.push(`${width} ${colorScheme}: the button is ${box?.height} pixels high`);
      }
      found.push(...problems);
      await page.close();
    }
  }
  assert.deepEqual(found, []);
});
