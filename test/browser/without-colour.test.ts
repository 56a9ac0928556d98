/**
 * States are told apart without colour: each mark has a shape of its own, seen in grey, as a person
 * with deuteranopia sees it, and in the colours that a system forces; and each stands beside its word.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { type BalancerProgram, poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { CleanupList } from '../harness/cleanup.ts';
import { openDashboard, startBrowser } from '../harness/dashboard-page.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { difference, highestContrast, type Picture, PictureReader } from '../harness/pictures.ts';

/** As the help lists them: those of backends, and `degraded` of a pool. */
const STATES = ['up', 'down', 'ejected', 'draining', 'maintenance', 'unknown', 'unresolved', 'degraded'];
const LEVELS = ['bad', 'warning', 'good', 'info'];
/** Two discs of nearly one size would be the same to a hasty eye. */
const LEAST_DIFFERENCE = 0.25;
/** WCAG 1.4.11. */
const LEAST_CONTRAST = 3;
/** Large enough for its outline to be more than the steps of its edge. */
const SIZE = 60;

let browser: Browser;
let balancer: BalancerProgram;
const stand = new CleanupList();

before(async () => {
  browser = await startBrowser();
  const backends = await startHttpBackends(stand, ['a', 'b', 'c']);
  const dead = { name: 'dead', port: await freePort() };
  balancer = await runBalancer(stand, {
    pools: { web: poolOf([...backends, dead], { health: { ...QUICK_HEALTH, path: '/' } }) },
  });
  await balancer.admin.until('up', ['a', 'b', 'c']);
  await balancer.admin.until('down', ['dead']);
  await balancer.admin.patchBackend('b', { mode: 'drain' });
  await balancer.admin.patchBackend('c', { mode: 'maintenance' });
});
after(async () => {
  await stand.run();
  await browser.close();
});

type Eyes = 'none' | 'achromatopsia' | 'deuteranopia' | 'protanopia' | 'tritanopia';

async function lookWith(page: Page, eyes: Eyes): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setEmulatedVisionDeficiency', { type: eyes });
}

async function pictureOf(reader: PictureReader, shape: Locator): Promise<Picture> {
  await shape.evaluate((element, size) => {
    (element as unknown as { style: Record<string, string> }).style['inlineSize'] = `${size}px`;
    (element as unknown as { style: Record<string, string> }).style['blockSize'] = `${size}px`;
  }, SIZE);
  return reader.read(await shape.screenshot());
}

/** Every two of them differ. What is told of other eyes is a guess at them: contrast is judged by light alone. */
function judge(place: string, pictures: ReadonlyMap<string, Picture>, isGuess = false): string[] {
  const found: string[] = [];
  const all = [...pictures];
  for (const [index, [name, picture]] of all.entries()) {
    const contrast = highestContrast(picture);
    if (!isGuess && contrast < LEAST_CONTRAST) found.push(`${place}: ${name} stands out by ${contrast.toFixed(2)}`);
    for (const [other, otherPicture] of all.slice(index + 1)) {
      const own = difference(picture, otherPicture);
      if (own < LEAST_DIFFERENCE) found.push(`${place}: ${name} and ${other} differ by ${own.toFixed(2)}`);
    }
  }
  return found;
}

async function picturesOf(
  reader: PictureReader,
  scope: Locator,
  names: readonly string[],
): Promise<Map<string, Picture>> {
  const pictures = new Map<string, Picture>();
  for (const name of names) {
    pictures.set(name, await pictureOf(reader, scope.locator(`svg.shape[data-state="${name}"]`).first()));
  }
  return pictures;
}

test('the marks of all states and levels differ in grey and for every kind of colour vision', async (t) => {
  const reader = await PictureReader.open(t, browser);
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await openDashboard(t, browser, balancer.admin.port, '#/events', { colorScheme });
    for (const eyes of ['none', 'achromatopsia', 'deuteranopia', 'protanopia', 'tritanopia'] as const) {
      await lookWith(page, eyes);
      const place = `${colorScheme} ${eyes}`;
      const isGuess = eyes !== 'none' && eyes !== 'achromatopsia';
      found.push(...judge(place, await picturesOf(reader, page.locator('.levels'), LEVELS), isGuess));
      await page.getByTestId('help').click();
      found.push(...judge(place, await picturesOf(reader, page.getByTestId('help-dialog'), STATES), isGuess));
      await page.keyboard.press('Escape');
    }
    await page.close();
  }
  assert.deepEqual(found, []);
});

test('they differ in the colours that a system forces, and what is chosen has an outline', async (t) => {
  const reader = await PictureReader.open(t, browser);
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await openDashboard(t, browser, balancer.admin.port, '#/pools/web', { colorScheme });
    await page.emulateMedia({ forcedColors: 'active' });
    await page.getByTestId('help').click();
    found.push(...judge(`forced ${colorScheme}`, await picturesOf(reader, page.getByTestId('help-dialog'), STATES)));
    await page.keyboard.press('Escape');
    const styles = (selector: string, property: string): Promise<string[]> =>
      page.evaluate<string[]>(
        `[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => getComputedStyle(one)[${JSON.stringify(property)}])`,
      );
    for (const chosen of ['.segments button[aria-pressed="true"]', '.bar nav a[aria-current]']) {
      const outlines = await styles(chosen, 'outlineStyle');
      assert.ok(outlines.length > 0 && outlines.every((style) => style === 'solid'), `${chosen}: ${outlines.join()}`);
    }
    // The lines of a chart keep their colours, and its legend has the same.
    await page.locator('[data-testid="chart-traffic"] .legend .swatch').nth(1).waitFor();
    const swatches = await styles('[data-testid="chart-traffic"] .legend .swatch', 'color');
    assert.equal(new Set(swatches).size, swatches.length, swatches.join(' '));
    await page.close();
  }
  assert.deepEqual(found, []);
});

test('more contrast is given where it is asked for', async (t) => {
  const { page } = await openDashboard(t, browser, balancer.admin.port, '#/pools/web');
  const colours = (): Promise<[string, string]> =>
    page.evaluate<[string, string]>(
      `['.chart-clock', 'body'].map((one) => getComputedStyle(document.querySelector(one)).color)`,
    );
  await page.locator('.chart-clock').first().waitFor();
  const [muted, text] = await colours();
  assert.notEqual(muted, text);
  await page.emulateMedia({ contrast: 'more' });
  const [strong, still] = await colours();
  assert.deepEqual([strong, still], [text, text]);
});

test('no shape stands without a word', async (t) => {
  const { page } = await openDashboard(t, browser, balancer.admin.port, '#/');
  const alone: string[] = [];
  for (const hash of ['#/', '#/pools', '#/pools/web', '#/pools/web/a', '#/events']) {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page.locator('main:not([aria-busy="true"]) svg.shape').first().waitFor();
    const found = await page.evaluate<string[]>(`[...document.querySelectorAll('svg.shape')].flatMap((shape) => {
      const labelled = shape.closest('[aria-label]') ?? shape.closest('[title]');
      const words = (shape.closest('.state, button, li')?.textContent ?? '').trim();
      return labelled !== null || words !== '' ? [] : [shape.outerHTML.slice(0, 60)];
    })`);
    alone.push(...found.map((one) => `${hash}: ${one}`));
  }
  assert.deepEqual(alone, []);
});

test('the icons of the page differ in grey', async (t) => {
  const reader = await PictureReader.open(t, browser);
  const context = await browser.newContext({ viewport: { width: 64, height: 64 } });
  t.after(() => context.close());
  const page = await context.newPage();
  const pictures = new Map<string, Picture>();
  for (const name of ['up', 'degraded', 'down', 'wait', 'lost']) {
    await page.goto(`http://127.0.0.1:${balancer.admin.port}/favicon-${name}.svg`);
    pictures.set(name, await reader.read(await page.screenshot()));
  }
  const found = judge('favicon', pictures);
  assert.deepEqual(found, []);
});
