/** Single requests of a running balancer in the page: begun by hand, read as stories, and over when nobody looks. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import type { AdminClient } from '../harness/admin-client.ts';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { figureOf, openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

/** So long the backend takes for its answer. */
const ANSWER_MS = 60;
/** Figures are shown to a tenth of a millisecond or two digits of a second. */
const ROUNDING_MS = 10;

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

interface Tapped {
  readonly admin: AdminClient;
  readonly port: number;
}

/** Two backends that go by turns; the first one refuses. */
async function start(t: TestContext): Promise<Tapped> {
  const [good] = await startHttpBackends(t, ['good'], {
    handle: (_request, response) => void setTimeout(() => response.end('good'), ANSWER_MS),
  });
  assert.ok(good);
  const pools = {
    // So patient that neither checks nor traffic take it out.
    web: poolOf([{ name: 'refusing', port: await freePort() }, good], {
      health: { path: '/', fall: 100 },
    }),
  };
  const { admin, port } = await runBalancer(t, { pools, routes: [{ match: { path: '/shop' }, pool: 'web' }] });
  await admin.until('up', ['good']);
  return { admin, port };
}

/** Whether every worker shows requests to so many. */
const untilTapped = (admin: AdminClient, taps: number): Promise<void> =>
  eventually(`workers with ${taps} taps`, async () => {
    const metrics = await admin.metrics();
    return [0, 1].every((worker) => metrics.get(`ballast_worker_taps{worker="${worker}"}`) === taps);
  });

/** Asks, and answers how long that took. */
async function ask(port: number, path: string, fields: Record<string, string> = {}): Promise<number> {
  const startMs = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close', ...fields } });
  await response.text();
  return performance.now() - startMs;
}

const rowOf = (page: Page, text: string) => page.locator('.requests [data-row]', { hasText: text }).first();

/** As if its tab were put behind another one, or in front again. */
async function setVisibility(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
}

/** `38 ms`, `1.24 s`. */
function millisecondsOf(text: string): number {
  const [, figure, unit] = /([\d.]+)\s(ms|s)$/.exec(text.trim()) ?? [];
  return Number(figure) * (unit === 's' ? 1000 : 1);
}

test('a request that failed over is found by the keyboard alone, with the times that its client saw', async (t) => {
  const { admin, port } = await start(t);
  const { page, problems } = await openDashboard(t, browser, admin.port, '#/requests');
  await page.getByTestId('tap-introduction').waitFor();
  await untilTapped(admin, 0);
  for (let step = 0; step < 60; step++) {
    if ((await page.locator('[data-testid="tap-button"]:focus').count()) === 1) break;
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await untilText(page.getByTestId('tap-state'), 'Tapping');
  await untilTapped(admin, 1);

  // They go by turns: one of the two begins with the backend that refuses.
  const tookMs = [
    await ask(port, '/shop/1?token=s3cret', { authorization: 'Bearer s3cret' }),
    await ask(port, '/shop/2'),
  ];
  const overIndex = await (async () => {
    await rowOf(page, '/shop/1').waitFor();
    await rowOf(page, '/shop/2').waitFor();
    return (await rowOf(page, '/shop/1').textContent())?.includes('refusing') === true ? 0 : 1;
  })();
  await ask(port, '/nowhere');
  await rowOf(page, '/nowhere').waitFor();
  assert.match((await page.getByTestId('tap-counts').textContent()) ?? '', /^3 shown of 3 that matched$/);
  assert.match((await rowOf(page, '/nowhere').textContent()) ?? '', /404.*ROUTE_NOT_FOUND.*no pool/);

  // The newest is first: down to the one that failed over.
  await page.keyboard.press('j');
  for (let step = 0; step < 3; step++) {
    const focused = (await page.locator('.requests [data-row]:focus').textContent()) ?? '';
    if (focused.includes('refusing')) break;
    await page.keyboard.press('j');
  }
  await page.keyboard.press('Enter');
  const story = page.getByTestId('request-story');
  await story.waitFor();
  await untilText(
    page.getByTestId('story-words').locator('p').first(),
    /^Sent to good after refusing refused the connection; answered 200 after [\d.]+\sm?s/,
  );
  const [tries, words] = [
    page.getByTestId('story-tries').locator('li'),
    await page.getByTestId('story-words').textContent(),
  ];
  assert.equal(await tries.count(), 2);
  assert.match(
    (await tries.first().textContent()) ?? '',
    /refusing.*no answer.*The backend refused the connection\. UPSTREAM_CONNECT_REFUSED ECONNREFUSED/,
  );
  assert.match((await tries.last().textContent()) ?? '', /good.*200/);
  assert.match((await page.getByTestId('story-candidates').textContent()) ?? '', /refusing.*candidate.*tried/);

  await page.getByTestId('waterfall-as-table').press('Enter');
  const stages = await page.getByTestId('waterfall').locator('tbody tr').allTextContents();
  assert.match(stages.join('\n'), /Try 1, refusingconnects and fails/);
  const answer = page.getByTestId('waterfall').locator('tbody tr', { hasText: 'Try 2, goodwaits for the answer' });
  const waitedMs = await figureOf(answer.locator('td').last());
  const shownMs = millisecondsOf(/after ([\d.]+\sm?s)[.,]/.exec(words ?? '')?.[1] ?? '');
  const clientMs = tookMs[overIndex] ?? 0;
  t.diagnostic(`client ${clientMs.toFixed(1)} ms, shown ${shownMs} ms, waiting for the backend ${waitedMs} ms`);
  assert.ok(shownMs <= clientMs + ROUNDING_MS, `shown ${shownMs} ms, the client waited ${clientMs} ms`);
  assert.ok(waitedMs <= shownMs + ROUNDING_MS && waitedMs >= ANSWER_MS - ROUNDING_MS, `${waitedMs} of ${shownMs} ms`);

  const secrets = (await story.textContent()) ?? '';
  assert.doesNotMatch(secrets, /s3cret/);
  // On to a newer one: it is its row that has the focus afterwards.
  await page.keyboard.press('k');
  await eventually('another story', async () => (await page.getByTestId('story-words').textContent()) !== words);
  const target = (await page.locator('.story-target').textContent()) ?? '';
  await page.keyboard.press('Escape');
  await story.waitFor({ state: 'detached' });
  await eventually('the focus to be in the row that was read last', async () => {
    const focused = await page.locator('.requests [data-row]:focus .open').textContent({ timeout: 5_000 });
    return focused === target;
  });

  // Rows stand still while the focus is among them.
  const before = await page.locator('.requests [data-row]').count();
  await ask(port, '/shop/late');
  await untilText(page.getByTestId('tap-new'), '1 new');
  assert.equal(await page.locator('.requests [data-row]').count(), before);
  await page.getByTestId('tap-new').press('Enter');
  await rowOf(page, '/shop/late').waitFor();

  await page.getByTestId('tap-button').press('Enter');
  await untilText(page.getByTestId('tap-state'), 'Stopped');
  await untilTapped(admin, 0);
  assert.equal(await page.locator('.requests [data-row]').count(), before + 1);
  assert.deepEqual(problems, []);
});

test('the filter is in the address, and a hidden page taps nothing until it is told to go on', async (t) => {
  const { admin, port } = await start(t);
  const { page, problems } = await openDashboard(t, browser, admin.port, '#/requests?status=4xx');
  assert.equal(await page.getByTestId('tap-status').inputValue(), '4xx');
  await page.getByTestId('tap-button').click();
  await untilTapped(admin, 1);
  await ask(port, '/shop/fine');
  await untilText(
    page.getByTestId('tap-empty'),
    /No request has matched yet\. \d+ requests? ha(s|ve) ended since this began\./,
  );
  await ask(port, '/nowhere/1');
  await rowOf(page, '/nowhere/1').waitFor();

  await setVisibility(page, 'hidden');
  await untilTapped(admin, 0);
  await ask(port, '/nowhere/unseen');
  await setVisibility(page, 'visible');
  await untilText(page.getByTestId('tap-state'), 'Stopped while this page was hidden');
  await untilText(page.getByTestId('tap-button'), 'Go on');
  // It does not go on by itself.
  await delay(1_500);
  await untilTapped(admin, 0);
  await page.getByTestId('tap-button').click();
  await untilTapped(admin, 1);
  await ask(port, '/nowhere/2');
  await rowOf(page, '/nowhere/2').waitFor();
  const targets = await page.locator('.requests [data-row] .open').allTextContents();
  assert.deepEqual(
    targets.map((text) => text.slice(text.lastIndexOf('/') + 1)),
    ['2', '1'],
  );

  // Another filter is another tap; the screen that is left has none.
  await page.getByTestId('tap-status').fill('200');
  await page.getByTestId('tap-status').press('Enter');
  await ask(port, '/shop/after');
  await eventually('the tap to follow the other filter', async () => {
    await ask(port, '/shop/after');
    return (await page.locator('.requests [data-row]').count()) > 0;
  });
  assert.match(page.url(), /status=200/);
  await page.evaluate("location.hash = '#/events'");
  await untilTapped(admin, 0);
  await page.getByText('single requests are looked at: status 4xx').waitFor();
  assert.deepEqual(problems, []);
});

test('axe finds nothing in the list and in a story, in both themes, wide and narrow', async (t) => {
  const { admin, port } = await start(t);
  const found: string[] = [];
  for (const [width, height] of [
    [1440, 900],
    [360, 740],
  ] as const) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, problems } = await openDashboard(t, browser, admin.port, '#/requests', {
        width,
        height,
        colorScheme,
      });
      const look = async (what: string): Promise<void> => {
        const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
        const place = `${what} ${width} ${colorScheme}`;
        for (const { id, nodes } of violations) found.push(`${place}: ${id} at ${nodes[0]?.target.join(' ')}`);
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        if (Number(overflow) > 0) found.push(`${place}: ${String(overflow)} pixels wider than the window`);
      };
      await page.getByTestId('tap-introduction').waitFor();
      await look('introduction');
      await page.getByTestId('tap-button').click();
      await untilTapped(admin, 1);
      for (const path of ['/shop/1', '/shop/2', '/nowhere']) await ask(port, path);
      await rowOf(page, '/nowhere').waitFor();
      await look('list');
      await page.locator('.requests [data-row]', { hasText: 'refusing' }).first().locator('[data-open]').press('Enter');
      await page.getByTestId('request-story').waitFor();
      await look('story');
      await page.getByTestId('waterfall-as-table').press('Enter');
      await look('story as a table');
      found.push(...problems);
      await page.close();
      await untilTapped(admin, 0);
    }
  }
  assert.deepEqual(found, []);
});
