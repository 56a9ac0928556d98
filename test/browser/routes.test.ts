/** The screen of routes: its figures are those of the client, and the tester tells what the balancer does. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { figureOf, openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';

const ROUTES = [
  { match: { host: 'api.example.com', path: '/v1' }, pool: 'api' },
  { match: { host: 'api.example.com', path: '/v1/old' }, pool: 'web' },
  { match: { host: '*.example.com' }, pool: 'web' },
];

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

async function run(t: TestContext) {
  const [a, b, c] = await startHttpBackends(t, ['a', 'b', 'c']);
  assert.ok(a && b && c);
  const dead = { name: 'dead', port: await freePort() };
  const balancer = await runBalancer(t, {
    pools: {
      api: poolOf([a, b, dead], { health: QUICK_HEALTH }),
      web: poolOf([c], { health: QUICK_HEALTH }),
    },
    routes: ROUTES,
  });
  await balancer.admin.until('up', ['a', 'b', 'c']);
  await balancer.admin.until('down', ['dead']);
  return balancer;
}

const shown = async (page: Page, testid: string): Promise<string> =>
  ((await page.getByTestId(testid).textContent()) ?? '').replace(/\s+/g, ' ').trim();

/** What the address keeps, by name. */
const kept = (page: Page): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.split('?', 2)[1] ?? ''));

test('the figures of two routes are those of the client', async (t) => {
  const { admin, port } = await run(t);
  const { page, problems } = await openDashboard(t, browser, admin.port, '#/routes');
  await untilText(page.getByTestId('route-1-hits'), 'never matched');
  assert.match(await shown(page, 'route-2-covered'), /never matches: route 1 takes all that it would/);
  await untilText(page.getByTestId('listener-web').locator('.c-state'), 'listening');

  const reports = await Promise.all([
    runLoad({ port, requests: 1_230, concurrency: 4, path: '/v1/x', fields: { Host: 'api.example.com' } }),
    runLoad({ port, requests: 321, concurrency: 2, fields: { Host: 'www.example.com' } }),
  ]);
  assert.deepEqual(reports.flatMap(failedIn), []);
  assert.equal((await runLoad({ port, requests: 5, concurrency: 1 })).byStatus.get(404), 5);
  await eventually('the page to have counted the same', async () => {
    const hits = await Promise.all([1, 3].map((number) => figureOf(page.getByTestId(`route-${number}-hits`))));
    return hits[0] === reports[0]?.sent && hits[1] === reports[1]?.sent;
  });
  assert.equal(await shown(page, 'route-2-hits'), 'never matched');
  await untilText(page.getByTestId('unrouted'), '5');
  // Over the last ten seconds, of which no more than these have passed.
  assert.ok((await figureOf(page.getByTestId('route-1-rps'))) > 0);
  await untilText(page.getByTestId('listener-web-connections'), '0');

  await page.keyboard.press('/');
  await page.keyboard.type('pool:web');
  await page.getByTestId('route-1').waitFor({ state: 'detached' });
  assert.equal(await page.getByTestId('routes').locator('tbody tr').count(), 2);
  assert.deepEqual(problems, []);
});

test('a request is tested by keyboard alone, and comes back with the address', async (t) => {
  const { admin, port } = await run(t);
  const { page, problems } = await openDashboard(t, browser, admin.port, '#/routes');
  await page.getByTestId('route-3').waitFor();
  const tabTo = async (testid: string): Promise<void> => {
    for (let steps = 0; steps < 60; steps++) {
      if (await page.evaluate(`document.activeElement?.dataset?.testid === ${JSON.stringify(testid)}`)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`no way to ${testid} by Tab`);
  };
  await tabTo('tester-target');
  await page.keyboard.type('http://api.example.com/v2');
  await page.keyboard.press('Enter');
  await untilText(page.getByTestId('story-headline'), 'Forwarded to pool web by route 3');
  assert.match(
    await shown(page, 'tester-aloud'),
    /^Forwarded to pool web by route 3\. 2 routes did not match\. 1 candidate: c 100 %\.$/,
  );
  const lost = await page.getByTestId('story-lost').locator('li').allTextContents();
  assert.deepEqual(lost.length, 2);
  assert.match(lost[0] ?? '', /path \/v2 is not below \/v1/);

  // Another one, as the balancer really does it: the same host as the client sends.
  await page.keyboard.press('Control+a');
  await page.keyboard.type('/v1/x');
  await tabTo('tester-ask');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Host: api.example.com');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await untilText(page.getByTestId('story-headline'), 'Forwarded to pool api by route 1');
  const backends = await page.getByTestId('story-backends').locator('li').allTextContents();
  assert.deepEqual(
    backends.map((text) =>
      text
        .replace(/\s+/g, ' ')
        .trim()
        .slice(0, 40)
        .replace(/ECONNREFUSED.*/, '…'),
    ),
    ['aup50 %', 'bup50 %', 'deaddownnot asked…'],
  );
  assert.deepEqual(kept(page), { url: '/v1/x', headers: 'Host: api.example.com' });
  assert.equal(
    await shown(page, 'explain-line'),
    `ballast explain --url http://api.example.com/v1/x --admin http://127.0.0.1:${admin.port}`,
  );
  assert.equal(await shown(page, 'curl-line'), `curl -i -H 'Host: api.example.com' http://127.0.0.1:${port}/v1/x`);
  const report = await runLoad({
    port,
    requests: 4,
    concurrency: 1,
    path: '/v1/x',
    fields: { Host: 'api.example.com' },
  });
  assert.deepEqual(Object.fromEntries(report.byBackend), { a: 2, b: 2 });

  await page.reload();
  await untilText(page.getByTestId('story-headline'), 'Forwarded to pool api by route 1');
  assert.equal(await page.getByTestId('tester-target').inputValue(), '/v1/x');

  // A row is tested with the key that stands on its button.
  await page.getByTestId('route-3').focus();
  await page.keyboard.press('t');
  await untilText(page.getByTestId('story-headline'), 'Forwarded to pool web by route 3');
  assert.equal(kept(page)['url'], 'http://www.example.com/');
  await eventually('the focus to be in the tester', () =>
    page.evaluate("document.activeElement?.dataset?.testid === 'tester-target'"),
  );

  await page.keyboard.press('Control+a');
  await page.keyboard.type('elsewhere.example/x');
  await page.keyboard.press('Enter');
  await untilText(page.getByTestId('story-headline'), 'Answered 404 ROUTE_NOT_FOUND: no route takes it');
  assert.deepEqual(problems, []);
});

test('axe finds nothing, and nothing sticks out of the page', async (t) => {
  const { admin } = await run(t);
  const found: string[] = [];
  const question = new URLSearchParams({ url: 'http://api.example.com/v1', headers: 'X-A: b' });
  for (const [width, height] of [
    [1440, 900],
    [360, 740],
  ] as const) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, problems } = await openDashboard(t, browser, admin.port, `#/routes?${question.toString()}`, {
        width,
        height,
        colorScheme,
      });
      await page.getByTestId('story').waitFor();
      await page.getByTestId('route-3').waitFor();
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
      for (const { id, nodes } of violations)
        found.push(`${width} ${colorScheme}: ${id} at ${nodes[0]?.target.join(' ')}`);
      const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      if (overflow > 0) found.push(`${width} ${colorScheme}: ${overflow} pixels wider than the window`);
      const small = await page.evaluate(`[...document.querySelectorAll('main :is(button, input, select, summary)')]
        .filter((one) => one.offsetParent !== null && one.closest('.filter') === null && one.offsetHeight < (innerWidth < 400 ? 44 : 24))
        .map((one) => one.textContent || one.tagName)`);
      if (Array.isArray(small) && small.length > 0 && width === 360)
        found.push(`too small to touch: ${small.join(', ')}`);
      found.push(...problems);
      await page.close();
    }
  }
  assert.deepEqual(found, []);
});
