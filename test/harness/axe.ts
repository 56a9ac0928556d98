/** What a page must hold in every size and theme: axe finds nothing, and nothing sticks out of the window. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

export const SIZES = [
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
] as const;

/** Each fault as a line that begins with `place`. */
export async function faultsOf(page: Page, place: string): Promise<string[]> {
  // There are no frames: what `legacy` leaves out is a second page for each analysis.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  const found = violations.map(({ id, nodes }) => `${place}: ${id} at ${nodes[0]?.target.join(' ')}`);
  const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
  if (overflow > 0) found.push(`${place}: ${overflow} pixels wider than the window`);
  return found;
}
