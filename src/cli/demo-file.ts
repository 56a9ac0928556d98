/**
 * Enters a file of the demo by its URL: nothing in `src/` imports the demo.
 */
const FILES = {
  fleet: new URL('../../demo/fleet.ts', import.meta.url),
  backend: new URL('../../demo/backend.ts', import.meta.url),
} as const;

/** Runs a file of `demo/` in this process; resolves when its top level has run. */
export async function enterDemo(name: keyof typeof FILES): Promise<void> {
  await import(FILES[name].href);
}
