/**
 * Runs commands one after the other, each to its end whatever the others did, and sums up.
 * Used by `npm test` and `npm run check`. Plain JavaScript for Node 20 or newer.
 */
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { pinnedNode, ROOT } from './prepare.mjs';

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string[]} argv arguments of the pinned Node
 */

/**
 * Ends this process: with 0 if all steps did, else with 1.
 * @param {readonly Step[]} steps
 */
export async function runSteps(steps) {
  const node = pinnedNode();
  // What a step starts itself finds the pinned Node first as well.
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ''}` };
  /** @type {string[]} */
  const failed = [];
  for (const { name, argv } of steps) {
    const startMs = performance.now();
    const status = await runStep(node, argv, env);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    process.stderr.write(`${status === 0 ? 'ok' : 'FAILED'}  ${name} (${seconds} s)\n`);
    if (status !== 0) failed.push(name);
  }
  if (failed.length > 0) process.stderr.write(`\nfailed: ${failed.join(', ')}\n`);
  process.exit(failed.length === 0 ? 0 : 1);
}

/**
 * @param {string} node
 * @param {string[]} argv
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
function runStep(node, argv, env) {
  return new Promise((resolve) => {
    const child = spawn(node, argv, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env });
    const stop = () => {
      child.kill('SIGTERM');
      child.once('exit', () => process.exit(130));
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    child.on('exit', (code) => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve(code ?? 1);
    });
  });
}
