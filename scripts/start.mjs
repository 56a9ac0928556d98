/**
 * `npm start`: installs what is missing, builds what is stale, runs the demo. Runs on Node 20 or newer.
 */
import { join } from 'node:path';
import { buildDashboardIfStale, installIfStale, pinnedNode, ROOT, requireFromBin } from './prepare.mjs';

/** Longer than npm takes to pass on a Ctrl-C that everybody has got already; shorter than a second one. */
const ECHO_MS = 300;

/** How often to look whether npm is still there. */
const PARENT_CHECK_MS = 1000;

const parent = process.ppid;
installIfStale();
buildDashboardIfStale();
const spawnRuntime = requireFromBin('spawn-runtime.js');
const demo = spawnRuntime(pinnedNode(), [join(ROOT, 'bin', 'ballast'), 'demo', ...process.argv.slice(2)], ECHO_MS);
// Where npm is killed outright nobody tells this process; the demo must not go on unseen.
setInterval(() => {
  if (process.ppid !== parent) demo.kill('SIGTERM');
}, PARENT_CHECK_MS);
