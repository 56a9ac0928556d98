/**
 * A thousand backends in fifty pools, in a real browser: what is sent is what the screen shows, and
 * nobody is asked anything because somebody looks. How fast it is, is told and not judged here.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { type BalancerProgram, runBalancer } from '../harness/balancer-program.ts';
import { CleanupList } from '../harness/cleanup.ts';
import { openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { type HttpBackend, startHttpBackend } from '../harness/http-backends.ts';

const POOLS = 50;
const BACKENDS = 20;
/** A frame of 60 a second, in milliseconds. */
const FRAME_MS = 1000 / 60;

let browser: Browser;
let balancer: BalancerProgram;
let backend: HttpBackend;
/** Paths that were asked of any backend, other than by health checks. */
const asked: string[] = [];
const stand = new CleanupList();

const poolName = (index: number): string => `pool-${String(index).padStart(2, '0')}`;

before(async () => {
  browser = await startBrowser();
  backend = await startHttpBackend(stand, 'all', {
    host: '0.0.0.0',
    handle: ({ url = '' }, response) => {
      if (url !== '/health') asked.push(url);
      response.end('all');
    },
  });
  const pools = Array.from({ length: POOLS }, (_, pool) => {
    const backends = Array.from({ length: BACKENDS }, (__, index) => ({
      name: `b${pool}-${index}`,
      url: `http://127.0.${pool + 1}.${index + 1}:${backend.port}`,
    }));
    return [poolName(pool), { backends, health: { path: '/health' } }] as const;
  });
  balancer = await runBalancer(stand, {
    pools: Object.fromEntries(pools),
    routes: pools.map(([pool]) => ({ match: { host: `${pool}.example` }, pool })),
  });
});
after(async () => {
  await stand.run();
  await browser.close();
});

/** Collects what the live channel brings, from the first message on. */
function collectMessages(messages: string[]) {
  return (page: Page): Promise<unknown> => {
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => messages.push(String(payload)));
    });
    return Promise.resolve();
  };
}

const bytesOf = (messages: readonly string[]): number => messages.reduce((sum, text) => sum + text.length, 0);

test('fifty pools are one screen, and none of their thousand backends is sent for it', async (t) => {
  const messages: string[] = [];
  const startMs = performance.now();
  const { page, problems } = await openDashboard(t, browser, balancer.admin.port, '#/pools', {
    prepare: collectMessages(messages),
  });
  await page.getByTestId('pool-pool-49').waitFor();
  t.diagnostic(`useful after ${Math.round(performance.now() - startMs)} ms`);
  assert.equal(await page.locator('[data-row]').count(), POOLS);
  await untilText(page.getByTestId('pool-pool-00-state'), 'all up');
  const snapshotBytes = bytesOf(messages);
  t.diagnostic(`${snapshotBytes} bytes until then`);
  assert.ok(snapshotBytes < 250_000, `${snapshotBytes} bytes`);
  assert.equal(messages.filter((text) => text.includes('b7-3')).length, 0, 'no backend by its name');
  messages.length = 0;
  await page.waitForTimeout(3_000);
  t.diagnostic(`${bytesOf(messages)} bytes in 3 s`);
  assert.ok(bytesOf(messages) < 150_000, `${bytesOf(messages)} bytes in 3 s without traffic`);
  assert.deepEqual(problems, []);
});

test('a pool brings its own backends and those of no other', async (t) => {
  const messages: string[] = [];
  const { page, problems } = await openDashboard(t, browser, balancer.admin.port, '#/pools/pool-07', {
    prepare: collectMessages(messages),
  });
  await page.getByTestId('backend-b7-19').waitFor();
  assert.equal(await page.locator('[data-testid="backends"] [data-row]').count(), BACKENDS);
  assert.ok(messages.some((text) => text.includes('b7-3')));
  for (const other of ['b8-3', 'b0-0', 'b49-19']) {
    assert.equal(messages.filter((text) => text.includes(`"${other}"`)).length, 0, other);
  }
  assert.deepEqual(problems, []);
});

test('no backend is asked anything because somebody looks', async (t) => {
  const { page } = await openDashboard(t, browser, balancer.admin.port, '#/');
  for (const hash of ['#/pools', '#/pools/pool-03', '#/pools/pool-03/b3-4', '#/routes', '#/requests', '#/config']) {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page.locator('#screen h1').waitFor();
    await page.waitForTimeout(300);
  }
  assert.deepEqual(asked, []);
});

test('the list goes on being painted while it is scrolled', async (t) => {
  const { page } = await openDashboard(t, browser, balancer.admin.port, '#/pools', { height: 600 });
  await page.getByTestId('pool-pool-49').waitFor();
  // As a wheel does it, a step a frame; and how long each frame takes.
  const times = await page.evaluate<number[]>(`new Promise((resolve) => {
    const times = [];
    let last = performance.now();
    const step = (now) => {
      times.push(now - last);
      last = now;
      scrollBy(0, times.length % 120 < 60 ? 24 : -24);
      if (times.length < 300) requestAnimationFrame(step);
      else resolve(times.slice(1));
    };
    requestAnimationFrame(step);
  })`);
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  const late = times.filter((ms) => ms > 1.5 * FRAME_MS).length;
  t.diagnostic(`frames: median ${at(0.5)} ms, p95 ${at(0.95)}, p99 ${at(0.99)}; ${late} of ${times.length} late`);
  assert.equal(times.length, 299);
  assert.equal(await page.locator('[data-row]').count(), POOLS);
});
