/**
 * Enters a file of the demo by its URL: nothing in `src/` imports the demo.
 */

/** Runs a file of `demo/` in this process; resolves when its top level has run. */
export async function enterDemo(name: 'fleet' | 'backend'): Promise<void> {
  // The demo is compiled together with this file, so both have the same ending.
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  await import(new URL(`../../demo/${name}.${ending}`, import.meta.url).href);
}
