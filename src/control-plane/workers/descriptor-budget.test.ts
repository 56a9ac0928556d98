import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { type DescriptorNeeds, descriptorLimit, divideDescriptors, leastDescriptors } from './descriptor-budget.ts';

const NEEDS: DescriptorNeeds = { limit: 1024, open: 25, workers: 2, listeners: 1, backends: 3 };

/** All descriptors that may be in use at once when every part has what it was given. */
function sumOf(needs: DescriptorNeeds): number {
  const budget = divideDescriptors(needs);
  if (budget === null) return 0;
  return needs.open + budget.adminConnections + needs.workers * budget.connectionsPerWorker * 2;
}

describe('descriptor budget', () => {
  it('gives two to each client, and keeps some for the process itself', () => {
    const budget = divideDescriptors(NEEDS);
    assert.ok(budget !== null);
    assert.ok(budget.connectionsPerWorker > 150 && budget.connectionsPerWorker < 256, `${budget.connectionsPerWorker}`);
    assert.ok(budget.adminConnections >= 64, `${budget.adminConnections}`);
    for (const limit of [256, 1024, 4096, 20_000, 1_048_576]) {
      for (const workers of [1, 2, 4]) {
        for (const backends of [0, 3, 1_000]) {
          const needs = { ...NEEDS, limit, workers, backends };
          // Something is left for a state file, a lookup, an access log a worker.
          assert.ok(sumOf(needs) <= limit - 24 - workers * 8, JSON.stringify(needs));
        }
      }
    }
  });

  it('sets aside one for the check of each backend, but never most of them', () => {
    const of = (backends: number): number => divideDescriptors({ ...NEEDS, backends })?.connectionsPerWorker ?? 0;
    assert.equal(of(3) - of(103), 25);
    assert.ok(of(100_000) > of(0) / 2);
  });

  it('has no limit where the system has none', () => {
    const budget = divideDescriptors({ ...NEEDS, limit: Number.POSITIVE_INFINITY });
    assert.equal(budget?.connectionsPerWorker, Number.POSITIVE_INFINITY);
  });

  it('says so where there are too few to serve at all, and how many it takes', () => {
    assert.equal(divideDescriptors({ ...NEEDS, limit: 64 }), null);
    for (const workers of [1, 2, 64]) {
      const needs = { ...NEEDS, workers };
      const least = leastDescriptors(needs);
      assert.ok(divideDescriptors({ ...needs, limit: least }) !== null);
      assert.equal(divideDescriptors({ ...needs, limit: least - 1 }), null);
    }
  });

  it('reads the limit of the process', () => {
    const url = JSON.stringify(new URL('./descriptor-budget.ts', import.meta.url).href);
    const script = `import { descriptorLimit } from ${url}; process.stdout.write(String(descriptorLimit()))`;
    const run = (limit: string): string =>
      execFileSync('bash', [
        '-c',
        `ulimit ${limit}; exec "$0" --input-type=module -e "$1"`,
        process.execPath,
        script,
      ]).toString();
    assert.equal(run('-n 300'), '300');
    // The soft limit alone does not hold: Node raises it as far as it may.
    assert.equal(run('-Sn 300'), String(descriptorLimit()));
  });
});
