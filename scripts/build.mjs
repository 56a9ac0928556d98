/**
 * `npm run build`: makes `dist/`, the package as it is published (`npm pack ./dist`).
 */
import { join } from 'node:path';
import { buildDashboardIfStale, installIfStale, ROOT, runNode } from './prepare.mjs';

installIfStale();
buildDashboardIfStale();
runNode(ROOT, [join('scripts', 'package.mjs'), 'dist']);
