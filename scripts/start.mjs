/**
 * `npm start`: installs what is missing, builds what is stale, runs the demo. Runs on Node 20 or newer.
 */
import { join } from 'node:path';
import { buildDashboardIfStale, installIfStale, pinnedNode, ROOT, requireFromBin } from './prepare.mjs';

/** Longer than npm takes to pass on a Ctrl-C that everybody has got already; shorter than a second one. */
const ECHO_MS = 300;

installIfStale();
buildDashboardIfStale();
const spawnRuntime = requireFromBin('spawn-runtime.js');
spawnRuntime(pinnedNode(), [join(ROOT, 'bin', 'ballast'), 'demo', ...process.argv.slice(2)], ECHO_MS);
