/**
 * 1,000 kept-alive connections and 100,000 requests through two workers, once for each policy: no
 * error, and the shares are exact where the policy promises it.
 */
import { poolOf, runBalancer } from '../../harness/balancer-program.ts';
import { startHttpBackends } from '../../harness/http-backends.ts';
import { runKeptAliveLoad } from './kept-alive-load.ts';
import { report, type Verdict } from './verdict.ts';

const CONNECTIONS = 1_000;
const REQUESTS = 100_000;
const WEIGHTS: Readonly<Record<string, number>> = { a: 4, b: 3, c: 2, d: 1 };
const NAMES = Object.keys(WEIGHTS);
const WEIGHT_SUM = Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0);

/** What each backend must get; null where that depends on how fast it is. */
const EXPECTED: Readonly<Record<string, ((name: string) => number) | null>> = {
  'round-robin': () => REQUESTS / NAMES.length,
  'weighted-round-robin': (name) => (REQUESTS * (WEIGHTS[name] ?? 0)) / WEIGHT_SUM,
  'least-connections': null,
};

await report('thousand-connections', async (cleanup) => {
  const backends = await startHttpBackends(cleanup, NAMES);
  const weighted = backends.map(({ name, port }) => ({ name, port, weight: WEIGHTS[name] }));
  const balancer = await runBalancer(cleanup, { pools: { web: poolOf(weighted) } });
  const { admin, port } = balancer;
  const verdicts: Verdict[] = [];
  for (const [policy, expected] of Object.entries(EXPECTED)) {
    await admin.setPolicy(policy);
    const before = await admin.pool();
    const load = await runKeptAliveLoad(port, CONNECTIONS, REQUESTS);
    await admin.atRest();
    const after = await admin.pool();
    const shares = NAMES.map((name) => `${name} ${load.byBackend.get(name) ?? 0}`).join(', ');
    const faults = [...load.faults];
    if (load.answered !== REQUESTS) faults.push(`${load.answered} of ${REQUESTS} requests were answered`);
    for (const name of NAMES) {
      const share = load.byBackend.get(name) ?? 0;
      const wanted = expected?.(name) ?? null;
      if (wanted !== null && share !== wanted) faults.push(`${name} got ${share}, and ${wanted} are its share`);
      // Least connections follows the speed of the backends, which is the same here, and the weights.
      const fair = (REQUESTS * (WEIGHTS[name] ?? 0)) / WEIGHT_SUM;
      if (wanted === null && Math.abs(share - fair) > fair / 2) faults.push(`${name} got ${share}, fair are ${fair}`);
    }
    if (after.requests - before.requests !== REQUESTS) faults.push(`${after.requests - before.requests} were counted`);
    if (after.failures + after.retries > 0) faults.push(`${after.failures} failures, ${after.retries} retries`);
    const rate = Math.round(load.answered / load.seconds);
    verdicts.push({
      figures: `${policy}, ${load.answered} requests on ${CONNECTIONS} connections, ${load.faults.length} errors, ${shares}, ${rate}/s`,
      faults,
    });
  }
  const { workers } = await admin.status();
  if (workers.some(({ restarts }) => restarts > 0)) verdicts.push({ figures: 'workers', faults: ['a worker died'] });
  return verdicts;
});
