/**
 * `npm run build`: makes `dist/`, the package as it is published (`npm pack ./dist`).
 *
 * Node strips no types inside node_modules, so the sources are compiled; the folders stay as they
 * are, so that what finds a file by its own place finds it in both. The package has no runtime
 * among its dependencies and no scripts.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDashboardIfStale, DASHBOARD_OUT, installIfStale, ROOT, runNode } from './prepare.mjs';

const DIST = join(ROOT, 'dist');

installIfStale();
buildDashboardIfStale();
rmSync(DIST, { recursive: true, force: true });
runNode(ROOT, ['node_modules/typescript/bin/tsc', '-p', 'scripts/tsconfig.build.json']);

// The compiler turns `.ts` into `.js` in imports, but not where a thread or process is started by URL.
for (const file of readdirSync(DIST, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.js')) continue;
  const text = readFileSync(join(DIST, file), 'utf8');
  const compiled = text.replace(/(new URL\(\s*['"][^'"]+)\.ts(['"]\s*,\s*import\.meta\.url)/g, '$1.js$2');
  if (compiled !== text) writeFileSync(join(DIST, file), compiled);
}

cpSync(join(ROOT, 'bin'), join(DIST, 'bin'), { recursive: true });
cpSync(join(ROOT, DASHBOARD_OUT), join(DIST, DASHBOARD_OUT), { recursive: true });
for (const file of ['README.md', 'LICENSE']) {
  if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(DIST, file));
}
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
for (const field of ['private', 'scripts', 'devDependencies', 'optionalDependencies']) delete manifest[field];
writeFileSync(join(DIST, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
