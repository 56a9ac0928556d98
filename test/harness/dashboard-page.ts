/** The dashboard in a real browser, with everything that the page complains about. */
import type { Browser, Locator, Page } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import type { Cleanup } from './cleanup.ts';
import { eventually } from './eventually.ts';

/** Generous: on a busy machine a browser is slow, and what is tested is not its speed. */
const PAGE_LIMIT_MS = 30_000;

export interface DashboardPage {
  readonly page: Page;
  /** Errors of scripts, breaches of the content policy, and requests to elsewhere. */
  readonly problems: string[];
}

export interface DashboardOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  /** What is done to the page before it is opened. */
  readonly prepare?: (page: Page) => Promise<unknown>;
  /** What the connection is to come to; `live` where it is left out. */
  readonly link?: 'live' | 'polling';
}

/** Starts a browser for one test file; the caller closes it. */
export const startBrowser = (): Promise<Browser> => launchChromium();

/** Opens the dashboard of an admin port at a screen such as `#/pools/web`; resolves when it is connected. */
export async function openDashboard(
  cleanup: Cleanup,
  browser: Browser,
  adminPort: number,
  hash: string,
  options: DashboardOptions = {},
): Promise<DashboardPage> {
  const { width = 1440, height = 900, colorScheme = 'light', link = 'live' } = options;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  cleanup.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(PAGE_LIMIT_MS);
  const own = `127.0.0.1:${adminPort}/`;
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) problems.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().includes(own)) problems.push(`asked for ${request.url()}`);
  });
  await options.prepare?.(page);
  await page.goto(`http://${own}${hash}`);
  await page.locator(`[data-testid="link"][data-link="${link}"]`).waitFor();
  return { page, problems };
}

/** Waits until an element's text is this. */
export async function untilText(place: Locator, wanted: string | RegExp, limitMs = PAGE_LIMIT_MS): Promise<void> {
  let last = '';
  await eventually(
    () => `the text ${wanted}, is "${last}"`,
    async () => {
      last = ((await place.textContent()) ?? '').trim();
      return typeof wanted === 'string' ? last === wanted : wanted.test(last);
    },
    limitMs,
  );
}

/** A figure of the page as a number: `1 234` with thin spaces, `9.5`; NaN for a dash. */
export async function figureOf(place: Locator): Promise<number> {
  const text = (await place.textContent()) ?? '';
  return Number(text.replace(/[\s\u2009\u202f]/g, ''));
}
