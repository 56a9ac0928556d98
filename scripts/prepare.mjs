/**
 * What `npm start`, `npm test` and the other npm scripts need before they can run: the installed
 * dependencies and the built dashboard. Does nothing, and needs no network, where both are fresh.
 *
 * Runs before anything is installed, on Node 20 or newer: built-in modules and plain JavaScript only.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Lies in node_modules, so that it goes when they go. Holds the hash of the lock file. */
const INSTALL_STAMP = join('node_modules', '.ballast-install');
/** Holds the hash of everything that the built dashboard was made from. */
const DASHBOARD_STAMP = join('node_modules', '.ballast-dashboard');
/** Where `dashboard/vite.config.ts` puts the page. */
export const DASHBOARD_OUT = join('dashboard', 'dist');

/** @param {string} text */
const say = (text) => process.stderr.write(`${text}\n`);

/**
 * Installs the dependencies if they are missing or other than the lock file says.
 * @param {string} [root]
 * @returns {boolean} whether it had to
 */
export function installIfStale(root = ROOT) {
  const lockHash = sha256(readFileSync(join(root, 'package-lock.json')));
  if (isInstalled(root, lockHash)) return false;
  say('Installing dependencies (npm ci) …');
  run(
    root,
    ...npmCommand(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']),
  );
  writeFileSync(join(root, INSTALL_STAMP), lockHash);
  return true;
}

/**
 * Whether node_modules is what the lock file says. The stamp answers at once. Where it is missing or
 * older, as after an install by hand, npm's own record answers, and the stamp is made up for.
 * @param {string} root
 * @param {string} lockHash
 */
export function isInstalled(root, lockHash) {
  const stamp = join(root, INSTALL_STAMP);
  if (readIfThere(stamp) === lockHash) return true;
  const record = readIfThere(join(root, 'node_modules', '.package-lock.json'));
  if (record === null) return false;
  const installed = JSON.parse(record).packages;
  const { '': _, ...wanted } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const isAsWanted =
    Object.keys(installed).every((path) => wanted[path] !== undefined) &&
    Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
      const there = installed[path];
      // An optional package of another platform is rightly absent.
      if (there === undefined) return optional === true;
      return there.version === version && there.integrity === integrity;
    });
  if (isAsWanted) writeFileSync(stamp, lockHash);
  return isAsWanted;
}

/**
 * Builds the dashboard if its sources, the protocol it speaks or the dependencies have changed.
 * @param {string} [root]
 * @returns {boolean} whether it had to
 */
export function buildDashboardIfStale(root = ROOT) {
  if (!existsSync(join(root, 'dashboard', 'vite.config.ts'))) throw new Error('dashboard/vite.config.ts is missing');
  const hash = dashboardHash(root);
  const isThere = existsSync(join(root, DASHBOARD_OUT, 'index.html'));
  if (isThere && readIfThere(join(root, DASHBOARD_STAMP)) === hash) return false;
  say('Building the dashboard …');
  const vite = join('node_modules', 'vite', 'bin', 'vite.js');
  runNode(root, [vite, 'build', 'dashboard', '--config', join('dashboard', 'vite.config.ts'), '--logLevel', 'warn']);
  writeFileSync(join(root, DASHBOARD_STAMP), hash);
  return true;
}

/** @param {string} root */
export function dashboardHash(root) {
  const hash = createHash('sha256');
  const sources = [...filesUnder(root, 'dashboard'), ...filesUnder(root, join('src', 'protocol'))];
  for (const file of [...sources, 'package-lock.json']) {
    hash.update(`${file}\0`).update(sha256(readFileSync(join(root, file))));
  }
  return hash.digest('hex');
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {string[]} sorted paths relative to the root, tests and built files left out
 */
function filesUnder(root, folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => statSync(join(root, file)).isFile())
    .filter((file) => !file.startsWith(DASHBOARD_OUT + sep) && !file.includes('.test.'))
    .sort();
}

/**
 * The Node binary that the project pins; where the platform has none, the one that runs this.
 * @param {string} [root]
 */
export function pinnedNode(root = ROOT) {
  return requireFromBin('pinned-runtime.js')(root) ?? process.execPath;
}

/**
 * Runs a script of Node's to its end, and ends this process if it fails.
 * @param {string} root
 * @param {string[]} argv
 */
export function runNode(root, argv) {
  run(root, pinnedNode(root), argv);
}

/**
 * npm as a command. Inside an npm script it is the very npm that runs it, on the very Node: the
 * first `node` on the PATH lies in node_modules then, which `npm ci` is about to take away.
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
function npmCommand(args) {
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  return npm && node ? [node, [npm, ...args]] : ['npm', args];
}

/**
 * Runs a command to its end with this process's output, and ends this process if it fails.
 * @param {string} root
 * @param {string} command
 * @param {string[]} args
 */
function run(root, command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.error) say(`cannot run ${command}: ${result.error.message}`);
  if (result.status !== 0) process.exit(result.signal ? 130 : 1);
}

/** @param {string} file */
function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

/** @param {Buffer} bytes */
function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Loads a CommonJS file of `bin/`.
 * @param {string} name
 */
export function requireFromBin(name) {
  return createRequire(join(ROOT, 'bin', 'ballast'))(`./${name}`);
}
