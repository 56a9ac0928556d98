/**
 * `npm test`: installs what is missing, builds what is stale, runs all tests: the server's and the
 * tools' by `node:test`, the ones in a real browser among them, then the dashboard's by vitest.
 * `npm test -- src/cli` runs the server's tests in that folder or file only.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { buildDashboardIfStale, installIfStale, ROOT } from './prepare.mjs';
import { runSteps } from './steps.mjs';

/** Two files at a time: many tests measure nothing but do start processes and threads of their own. */
const CONCURRENCY = 2;
/** For one test, and for one file of them. */
const TIMEOUT_MS = 180_000;
const FOLDERS = ['src', 'demo', 'scripts', 'test', 'dashboard/dev'];

installIfStale();
buildDashboardIfStale();

const chosen = process.argv.slice(2);
const patterns = (chosen.length > 0 ? chosen : FOLDERS).map((path) =>
  statSync(join(ROOT, path)).isDirectory() ? `${path}/**/*.test.ts` : path,
);
const server = {
  name: 'server tests',
  argv: [
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TIMEOUT_MS}`,
    ...patterns,
  ],
};
const dashboard = {
  name: 'dashboard tests',
  argv: ['node_modules/vitest/vitest.mjs', 'run', '--config', 'dashboard/vite.config.ts'],
};
await runSteps(chosen.length > 0 ? [server] : [server, dashboard]);
