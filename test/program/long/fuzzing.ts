/**
 * Mutated messages, half of the time through the codec and half through a running worker: no
 * crash, no hang, no rule broken. `npm run fuzz` for as long as you like.
 *
 * `node test/program/long/fuzzing.ts [--seconds=60]`
 */
import { readFlags } from './flags.ts';
import { runNode } from './run-node.ts';
import { seed } from './seed.ts';
import { report } from './verdict.ts';

const { seconds } = readFlags({ seconds: 60 });

await report('fuzzing', async (cleanup) => {
  const faults: string[] = [];
  const words: string[] = [];
  for (const target of ['codec', 'program']) {
    const half = String(seconds / 2);
    const argv = ['test/fuzz/run.ts', '--target', target, '--seconds', half, '--seed', seed];
    const { exit, stdout, stderr } = await runNode(cleanup, argv);
    const line = /^(\d+) messages, /m.exec(stdout);
    if (exit !== 0 || line === null) faults.push(`${target}: exit ${exit}\n${stderr || stdout}`);
    else words.push(`${line[1]} through the ${target === 'codec' ? 'codec' : 'running worker'}`);
  }
  return [{ promise: 'D13', figures: `${words.join(', ')}, ${seconds / 2} s each: no rule was broken`, faults }];
});
