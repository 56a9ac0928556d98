/**
 * Builds the dashboard into `dashboard/dist`, and runs its unit tests.
 *
 * `vite build dashboard` · `vitest run --config dashboard/vite.config.ts`
 *
 * The page is served with the policy `default-src 'self'` under any base path. So every address
 * in it is relative, nothing is inlined as `data:`, and no inline script or style is written.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The first versions with `light-dark()`: it must reach the browser as it is written.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 200,
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    globals: false,
  },
});
