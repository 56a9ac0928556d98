/** What goes wrong shows in the page by itself, in the right words, and so does its end. */
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startBackendProcesses } from '../harness/backend-process.ts';
import { poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { startOpenLoad } from '../harness/open-load.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

test('a backend that is killed is down with its reason and an event, and up again by itself', async (t) => {
  const backends = await startBackendProcesses(t, ['a', 'b', 'c']);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(backends, { health: QUICK_HEALTH }) } });
  await admin.until('up', ['a', 'b', 'c']);
  const load = startOpenLoad({ port, perSecond: 50 });
  t.after(() => void load.stop());
  const { page, problems } = await openDashboard(t, browser, admin.port, '#/pools/web');
  const { page: events } = await openDashboard(t, browser, admin.port, '#/events');
  const victim = backends[1];
  assert.ok(victim);
  await untilText(page.getByTestId('backend-b-state'), 'up');
  await victim.kill();
  await untilText(page.getByTestId('backend-b-state'), 'down');
  await untilText(page.getByTestId('backend-b-reason'), `ECONNREFUSED 127.0.0.1:${victim.port}`);
  await untilText(page.getByTestId('overall-state'), /degraded/);
  assert.match(await page.title(), /degraded/);
  const down = events.locator('li[data-kind="backend-down"]').first();
  await untilText(down, new RegExp(`web/b .*ECONNREFUSED 127\\.0\\.0\\.1:${victim.port}`));

  await victim.start();
  await untilText(page.getByTestId('backend-b-state'), 'up');
  await untilText(events.locator('li[data-kind="backend-up"]').first(), /web\/b .*up: status 200/);
  assert.deepEqual((await load.stop()).failures, []);
  assert.deepEqual(problems, []);
});

test('the page says that the balancer is gone, and goes on by itself when it is back', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const balancer = await runBalancer(t, { pools: { web: poolOf(backends) } });
  await balancer.admin.until('up', ['a', 'b']);
  const { page } = await openDashboard(t, browser, balancer.admin.port, '#/pools/web');
  await untilText(page.getByTestId('backend-a-state'), 'up');
  balancer.program.signal('SIGKILL');
  await balancer.program.ended();
  await page.locator('[data-testid="connection-banner"][data-kind="lost"]').waitFor();
  await untilText(page.getByTestId('connection-banner'), /Connection lost — figures are from \d\d:\d\d:\d\d\./);
  assert.equal(await page.getByTestId('backends').getAttribute('data-stale'), 'true');

  await balancer.startAgain();
  await page.getByTestId('connection-banner').waitFor({ state: 'detached', timeout: 60_000 });
  await page.locator('[data-testid="link"][data-link="live"]').waitFor();
  await untilText(page.getByTestId('backend-a-state'), 'up');
  // It lives: a change made elsewhere shows.
  await balancer.admin.setPolicy('least-connections');
  await untilText(page.getByTestId('policy-select'), 'least-connections');
});

test('a page from elsewhere gets neither the live channel nor an answer', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  const { admin } = await runBalancer(t, { pools: { web: poolOf(backends) } });
  const foreign = http.createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>elsewhere</title>');
  });
  foreign.listen(0, '127.0.0.1');
  t.after(() => {
    foreign.closeAllConnections();
    foreign.close();
  });
  const connect = `new Promise((resolve) => {
    const socket = new WebSocket('ws://127.0.0.1:${admin.port}/api/v1/live');
    socket.onopen = () => resolve('open');
    socket.onerror = () => resolve('refused');
  })`;
  const change = `fetch('http://127.0.0.1:${admin.port}/api/v1/pools/web', {
    method: 'PATCH', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body: '{"policy":"least-connections"}',
  }).then(() => 'sent', () => 'failed')`;
  const read = `fetch('http://127.0.0.1:${admin.port}/api/v1/status').then((a) => a.text(), () => 'unreadable')`;

  const { page: own } = await openDashboard(t, browser, admin.port, '#/');
  assert.equal(await own.evaluate(connect), 'open');
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const attempts: Promise<unknown>[] = [];
  await new Promise<void>((resolve) => {
    if (foreign.listening) resolve();
    else foreign.once('listening', resolve);
  });
  await page.goto(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`);
  attempts.push(page.evaluate(connect), page.evaluate(change), page.evaluate(read));
  const [connected, , text] = await Promise.all(attempts);
  assert.equal(connected, 'refused');
  assert.equal(text, 'unreadable');
  assert.equal((await admin.pool()).policy, 'round-robin');
});
