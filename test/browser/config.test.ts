/** The config screen on a running balancer: what drifts, what is wrong, what is applied, and the way back. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { faultsOf, SIZES } from '../harness/axe.ts';
import { startLoad } from '../harness/background-load.ts';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { openDashboard, startBrowser, untilText } from '../harness/dashboard-page.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn } from '../harness/load.ts';
import { startProgram } from '../harness/program.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

/** A file as people write it, in force. */
async function start(t: TestContext) {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const balancer = await runBalancer(t, { pools: { web: poolOf(backends) } });
  const { admin, port, configFile } = balancer;
  const text = `# The edge of the shop.
version: 1
workers: 2
listeners: { web: { address: "127.0.0.1:${port}" } }
pools:
  web: # everything
    policy: weighted-round-robin
    backends:
      - { url: "http://127.0.0.1:${backends[0]?.port}", name: a } # the old one
      - { url: "http://127.0.0.1:${backends[1]?.port}", name: b, weight: 5 }
via: "\${EDGE:-edge-1}"
admin: { address: "127.0.0.1:${admin.port}" }
`;
  await writeFile(configFile, text);
  assert.equal((await balancer.reload()).kind, 'config-reloaded');
  await admin.until('up', ['a', 'b']);
  return { balancer, admin, port, configFile, text };
}

async function answer(page: Page): Promise<void> {
  await page.getByTestId('coming').waitFor();
  await page.getByTestId('config-ok').click();
  await page.getByTestId('config-dialog').waitFor({ state: 'detached' });
}

test('a weight that is set elsewhere appears as a change, is undone, and written down', async (t) => {
  const { admin, configFile, text } = await start(t);
  const { page, problems } = await openDashboard(t, browser, admin.port, '#/config');
  await untilText(page.getByTestId('drift-count'), 'nothing');
  await admin.patchBackend('b', { weight: 20 });
  await admin.patchBackend('a', { mode: 'drain' });
  const row = page.getByTestId('drift-web/b-weight');
  await row.waitFor();
  assert.match((await row.textContent()) ?? '', /web\/b weight 5 → 20.*by admin API.*ballast\.yaml:10/);
  assert.match((await page.getByTestId('drift-web/a-mode-why').textContent()) ?? '', /no word for a mode/);
  // The tree says so as well, with where each value is from.
  const tree = page.getByTestId('config-tree');
  assert.equal(await tree.locator('[data-origin="runtime"] .tree-value', { hasText: 'weight: 20' }).count(), 1);
  assert.match((await tree.textContent()) ?? '', /policy: weighted-round-robinballast\.yaml:7/);
  assert.match((await tree.textContent()) ?? '', /via: edge-1\$\{EDGE:-edge-1\} ballast\.yaml:11/);

  await page.getByTestId('drift-web/a-mode-undo').click();
  assert.match((await page.getByTestId('coming').textContent()) ?? '', /backend a: mode drain → ready/);
  assert.equal((await admin.backend('a')).mode, 'drain', 'nothing has happened yet');
  await answer(page);
  await page.getByTestId('drift-web/a-mode').waitFor({ state: 'detached' });
  assert.equal((await admin.backend('a')).mode, 'ready');

  await page.getByTestId('drift-web/b-weight-write').click();
  await answer(page);
  await untilText(page.getByTestId('drift-count'), 'nothing');
  assert.equal(await readFile(configFile, 'utf8'), text.replace('weight: 5', 'weight: 20'));
  assert.equal((await admin.backend('b')).weight, 20);
  assert.deepEqual(problems, []);
});

test('a broken text is told with its lines; a good one is applied under load, and rolled back', async (t) => {
  const { admin, port, configFile, text } = await start(t);
  const load = startLoad(t, { port, concurrency: 2 });
  const { page, problems } = await openDashboard(t, browser, admin.port, '#/config?view=edit');
  const editor = page.getByTestId('config-text');
  await eventually('the file to be in the editor', async () => (await editor.inputValue()) === text);

  const broken = text.replace('weight: 5', 'wieght: 5').replace('version: 1', 'version: 7');
  await editor.fill(broken);
  await page.getByTestId('check-config').click();
  await untilText(page.getByTestId('check-result'), '2 errors');
  const told = (await page.getByTestId('problems').textContent()) ?? '';
  assert.match(told, /line 10, column 5\d.*unknown-key.*did you mean `weight`.*> 10 \|.*wieght.*\^\^\^\^\^\^/s);
  await page.getByTestId('problem-10').click();
  const selection = 'document.activeElement.selectionStart, document.activeElement.selectionEnd';
  assert.equal(await page.evaluate(`document.activeElement.value.slice(${selection})`), 'wieght: 5 }');

  const good = text.replace('weighted-round-robin', 'least-connections');
  await editor.fill(good);
  assert.equal(await page.getByTestId('check-result').count(), 0, 'what was said of another text is gone');
  await page.getByTestId('check-config').click();
  await untilText(page.getByTestId('check-result'), 'No errors');
  const diff = (await page.getByTestId('diff').textContent()) ?? '';
  assert.match(diff, /removed: +policy: weighted-round-robin.*added: +policy: least-connections/s);
  assert.equal((await admin.pool()).policy, 'weighted-round-robin');

  await page.getByTestId('apply-config').click();
  await answer(page);
  assert.equal((await admin.pool()).policy, 'least-connections');
  assert.equal(await readFile(configFile, 'utf8'), good);
  assert.equal((await admin.eventsOf('config-applied')).length, 1);

  await page.getByTestId('view-revisions').click();
  await page.getByTestId('revision-3').getByText('in force').waitFor();
  await page.getByTestId('roll-back-2').click();
  const coming = (await page.getByTestId('coming').textContent()) ?? '';
  assert.match(coming, /pool web: policy: "least-connections" → "weighted-round-robin"/);
  await answer(page);
  await page.getByTestId('revision-4').waitFor();
  assert.equal((await admin.pool()).policy, 'weighted-round-robin');
  assert.equal(await readFile(configFile, 'utf8'), text);
  assert.deepEqual(failedIn(await load.stop()), []);
  assert.deepEqual(problems, []);
});

test('a file that somebody else has changed is told, and never written over', async (t) => {
  const { admin, configFile, text } = await start(t);
  const { page, problems } = await openDashboard(t, browser, admin.port, '#/config?view=edit');
  const editor = page.getByTestId('config-text');
  await eventually('the file to be in the editor', async () => (await editor.inputValue()) === text);
  await editor.fill(text.replace('weight: 5', 'weight: 7'));
  const byHand = text.replace('weight: 5', 'weight: 9');
  await writeFile(configFile, byHand);
  await page.getByTestId('apply-config').click();
  await untilText(page.getByTestId('config-refusal'), /has changed since it was read.*Nothing was done\./);
  await page.getByTestId('config-cancel').click();
  await untilText(page.getByTestId('config-file'), /it has changed since it was loaded/);
  await untilText(page.getByTestId('draft-state'), /edited — the file has changed since/);
  assert.deepEqual([await readFile(configFile, 'utf8'), (await admin.backend('b')).weight], [byHand, 5]);

  await page.getByTestId('reload').click();
  assert.match((await page.getByTestId('coming').textContent()) ?? '', /backend b: weight: 5 → 9/);
  await answer(page);
  await untilText(page.getByTestId('config-file'), /it is what was loaded/);
  assert.equal((await admin.backend('b')).weight, 9);
  assert.deepEqual(problems, []);
});

test('a thousand backends stay folded, a hundred at a time, and are found by name', async (t) => {
  const many = Array.from({ length: 1_000 }, (_, index) => ({ name: `b${index}`, port: 10_000 + index }));
  const { admin } = await runBalancer(t, { pools: { web: poolOf(many) } });
  const { page, problems } = await openDashboard(t, browser, admin.port, '#/config');
  const rows = page.getByTestId('config-tree').locator('.tree-row');
  await rows.first().waitFor();
  const before = await rows.count();
  assert.ok(before > 100 && before < 200, `${before} rows`);
  await page.getByTestId('tree-more').click();
  await eventually('a hundred more', async () => (await rows.count()) === before + 100);
  await page.getByTestId('filter').fill('b777');
  await page.locator('.tree-row', { hasText: 'name: b777' }).waitFor();
  assert.ok((await rows.count()) < 20);
  assert.deepEqual(problems, []);
});

test('without a file there is none to change, and a text can be checked all the same', async (t) => {
  const [backend] = await startHttpBackends(t, ['a']);
  assert.ok(backend !== undefined);
  const adminPort = await freePort();
  const flags = ['--listen', `127.0.0.1:${await freePort()}`, '--to', `http://127.0.0.1:${backend.port}`];
  const program = startProgram(t, ['proxy', ...flags, '--admin', `127.0.0.1:${adminPort}`], {
    BALLAST_ADMIN_TOKEN: '',
  });
  await eventually(
    () => `the proxy to serve\n${program.log}`,
    () => program.stderr.includes('dashboard and admin API on'),
    30_000,
  );
  const { page, problems } = await openDashboard(t, browser, adminPort, '#/config');
  await untilText(page.getByTestId('config-file'), /there is no file to change/);
  assert.match((await page.getByTestId('config-tree').textContent()) ?? '', /--listen/);
  await page.getByTestId('view-edit').click();
  assert.equal(await page.getByTestId('apply-config').count(), 0);
  await page.getByTestId('config-text').fill('version: 1\npools: {}\n');
  await page.getByTestId('check-config').click();
  await untilText(page.getByTestId('check-result'), /error/);
  assert.deepEqual(problems, []);
});

test('axe finds nothing in any view, and nothing sticks out of the page', async (t) => {
  const { admin, text } = await start(t);
  await admin.patchBackend('b', { weight: 20 });
  await admin.patchBackend('a', { mode: 'drain' });
  const applied = text.replace('everything', 'all of it');
  await admin.json('/api/v1/config/apply', { method: 'POST', body: { text: applied } });
  const found: string[] = [];
  for (const size of SIZES) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, problems } = await openDashboard(t, browser, admin.port, '#/config', { ...size, colorScheme });
      const look = async (what: string): Promise<void> => {
        found.push(...(await faultsOf(page, `${what} ${size.width} ${colorScheme}`)));
      };
      await page.getByTestId('config-tree').waitFor();
      await look('tree');
      await page.getByTestId('drift-web/b-weight-write').click();
      await page.getByTestId('coming').waitFor();
      await look('dialog');
      await page.getByTestId('config-cancel').click();
      await page.getByTestId('view-edit').click();
      await page.getByTestId('config-text').fill(applied.replace('weight: 5', 'wieght: 5'));
      await page.getByTestId('check-config').click();
      await page.getByTestId('problems').locator('li').first().waitFor();
      await look('errors');
      await page.getByTestId('config-text').fill(text.replace('weight: 5', 'weight: 7'));
      await page.getByTestId('check-config').click();
      await page.getByTestId('diff').waitFor();
      await look('diff');
      await page.getByTestId('view-revisions').click();
      await page.getByTestId('compare-2').click();
      await page.getByTestId('diff').waitFor();
      await look('revisions');
      found.push(...problems);
      await page.close();
    }
  }
  assert.deepEqual(found, []);
});
