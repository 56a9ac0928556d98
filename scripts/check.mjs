/**
 * `npm run check`: format, lint, types and the direction of imports, over the whole tree.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installIfStale, ROOT } from './prepare.mjs';
import { runSteps } from './steps.mjs';

installIfStale();

const TSC = 'node_modules/typescript/bin/tsc';
const projects = ['.', 'scripts', 'dashboard', 'dashboard/dev'];
// The benchmarks have dependencies of their own, which only those who run them install.
if (existsSync(join(ROOT, 'bench', 'node_modules'))) projects.push('bench');

await runSteps([
  { name: 'format', argv: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'] },
  { name: 'lint', argv: ['node_modules/oxlint/bin/oxlint', '--deny-warnings'] },
  ...projects.map((project) => ({ name: `types of ${project}`, argv: [TSC, '-p', project] })),
  { name: 'imports', argv: ['scripts/check-imports.ts'] },
  { name: 'generated pages', argv: ['scripts/docs.ts', '--check'] },
]);
