/** The screen of one backend tells what is so with it, and what is done there is done to its traffic. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackend } from '../harness/http-backends.ts';

/** Checks come at once when something is wrong, and otherwise only when they are asked for. */
const HEALTH = { ...QUICK_HEALTH, interval: '1h' };

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

async function start(t: TestContext, hash: string) {
  const side = { isBad: false };
  const a = await startHttpBackend(t, 'a');
  const b = await startHttpBackend(t, 'b', {
    handle(request, response) {
      if (request.url === '/held') return;
      response.statusCode = side.isBad ? 503 : 200;
      response.end(side.isBad ? 'no database' : 'b');
    },
  });
  const { admin, port } = await runBalancer(t, {
    pools: { web: poolOf([a, b], { health: HEALTH, drainTimeout: '5m', timeouts: { responseHead: '10m' } }) },
    routes: [{ match: { host: 'shop.test' }, pool: 'web' }, { pool: 'web' }],
  });
  await admin.until('up', ['a', 'b']);
  return { ...(await openDashboard(t, browser, admin.port, hash)), admin, port, side };
}

/** Presses Enter on the answer to a question. */
async function confirm(page: Page): Promise<void> {
  await page.getByTestId('confirm-dialog').waitFor();
  // It cannot be confirmed before the server has told what comes of it.
  await page.locator('[data-testid="confirm-ok"][aria-disabled="false"]').click();
  await page.getByTestId('confirm-dialog').waitFor({ state: 'detached' });
}

test('a backend is opened by the keyboard, and its failure is told with its reason', async (t) => {
  const { page, problems, admin, side } = await start(t, '#/pools/web');
  await page.getByTestId('backend-b').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/#/pools/web/b');
  await untilText(page.getByTestId('backend-state'), 'up');
  await untilText(
    page.getByTestId('backend-why'),
    /^It is one of 2 backends that take requests; round-robin gives it 50 %/,
  );
  const routes = page.getByTestId('backend-routes').locator('.route-match');
  await routes.nth(1).waitFor();
  assert.deepEqual(await routes.allTextContents(), ['shop.test', 'everything']);

  side.isBad = true;
  await page.getByTestId('check-now').click();
  await untilText(page.getByTestId('notices'), /web\/b: check failed, status 503/);
  await untilText(page.getByTestId('backend-state'), 'down');
  await untilText(page.getByTestId('backend-reason'), 'status 503');
  await untilText(page.getByTestId('backend-next'), /^next check (now|in \d)/);
  await untilText(page.getByTestId('backend-why'), /^It gets no requests: its health checks fail \(status 503\)/);
  const newest = page.getByTestId('checks').locator('tbody tr').first();
  await untilText(newest.locator('.check-result'), /status 503$/);
  await untilText(newest.locator('.check-body'), 'no database');
  await untilText(page.getByTestId('backend-events'), /down: status 503 \(3 checks failed in a row\)/);

  // The strip tells it to the pointer, to the keyboard, and as a table.
  const [strip, reading] = [page.getByTestId('strip'), page.getByTestId('strip-reading')];
  await untilText(reading, /; \d+ changes?\.$/);
  await strip.focus();
  await page.keyboard.press('End');
  await untilText(reading, /down for .* \(status 503\)/);
  assert.match((await strip.getAttribute('aria-valuetext')) ?? '', /down for .* \(status 503\)/);
  await page.keyboard.press('Home');
  await untilText(reading, /not known$/);
  const box = await strip.boundingBox();
  assert.ok(box !== null);
  await page.mouse.move(box.x + box.width - 2, box.y + box.height / 2);
  await untilText(reading, /down for /);
  await page.getByTestId('strip-as-table').click();
  const first = page.getByTestId('state-strip').locator('tbody tr').first();
  await untilText(first, /down.*status 503$/);

  side.isBad = false;
  await admin.until('up', ['b']);
  await untilText(page.getByTestId('backend-state'), 'up');
  await page.getByTestId('check-now').click();
  await untilText(page.getByTestId('notices'), /web\/b: check passed, status 200/);
  assert.deepEqual(problems, []);
});

test('a drain is followed to its end, and what is left is cut on demand', async (t) => {
  const { page, problems, admin, port } = await start(t, '#/pools/web/b');
  // Backend a answers at once, so the one that waits is with b.
  const answers: Promise<number>[] = [];
  const ask = async (): Promise<number> => {
    const request = http.get({ host: '127.0.0.1', port, path: '/held', agent: false });
    t.after(() => request.destroy());
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    return response.statusCode ?? 0;
  };
  while ((await admin.backend('b')).inFlight === 0) {
    answers.push(ask());
    await eventually('the request to have arrived', async () => {
      const { requests, backends } = await admin.pool();
      return requests + backends.reduce((sum, { inFlight }) => sum + inFlight, 0) >= answers.length;
    });
  }
  await page.getByTestId('backend-b-mode-drain').click();
  await confirm(page);
  await untilText(page.getByTestId('backend-state'), 'draining, 1 left');
  await untilText(page.getByTestId('leaving-progress'), '0 of 1 finished, 1 left');
  await untilText(page.getByTestId('backend-next'), /^1 request left, cut in \d\smin/);
  await untilText(
    page.getByTestId('backend-why'),
    /^It gets no new requests: drain set by admin API; 1 request may still/,
  );

  await page.getByTestId('cut').click();
  await untilText(page.getByTestId('cut-dialog'), /1 request in flight is ended at once\./);
  await page.getByTestId('cut-cancel').click();
  assert.equal((await admin.backend('b')).inFlight, 1, 'nothing is cut by a question');
  await page.getByTestId('cut').click();
  await page.getByTestId('cut-ok').click();
  await untilText(page.getByTestId('leaving-progress'), '1 of 1 finished, 0 left');
  await untilText(page.getByTestId('backend-state'), 'drained');
  await untilText(page.getByTestId('notices'), /web\/b: 1 request cut\./);
  // It was one that may be repeated: the other backend has answered it.
  assert.ok((await Promise.all(answers)).every((status) => status === 200));
  assert.equal((await admin.eventsOf('backend-cut', 'web/b')).length, 1);
  assert.deepEqual(problems, []);
});

test('a name that nobody has leads back to the pool', async (t) => {
  const { page, problems } = await start(t, '#/pools/web/nobody');
  await untilText(page.locator('main h1'), 'No backend nobody in pool web');
  await page.getByRole('link', { name: 'See the pool web' }).click();
  await page.getByTestId('backend-a').waitFor();
  assert.deepEqual(problems, []);
});
