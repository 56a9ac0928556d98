/**
 * `node scripts/package.mjs FOLDER`: makes the package in that folder. The dependencies and the
 * dashboard are there by then. The package has no runtime and no packages among its dependencies,
 * and no scripts.
 */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundle } from './bundle.mjs';
import { DASHBOARD_OUT, ROOT } from './prepare.mjs';

/** In the manifest of the checkout only. */
const FIELDS_LEFT_OUT = ['private', 'scripts', 'dependencies', 'devDependencies', 'optionalDependencies'];

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node scripts/package.mjs FOLDER');
const out = resolve(folder);

rmSync(out, { recursive: true, force: true });
await bundle(ROOT, join(out, 'program'));
cpSync(join(ROOT, 'bin'), join(out, 'bin'), { recursive: true });
cpSync(join(ROOT, DASHBOARD_OUT), join(out, DASHBOARD_OUT), { recursive: true });
for (const file of ['README.md', 'LICENSE']) {
  if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(out, file));
}
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
for (const field of FIELDS_LEFT_OUT) delete manifest[field];
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
