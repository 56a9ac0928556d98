/**
 * What a pool of a config would do with a request if all of its backends were up and idle: pure.
 * Called by `ballast explain -c FILE`, where nothing runs that could know better.
 */
import { policyNamed } from '../../balancing/policies.ts';
import { rotationOf } from '../../balancing/rotation.ts';
import { promisedShares } from '../../balancing/simulate-shares.ts';
import type { Config } from '../../config/schema.ts';
import { FULL_RAMP } from '../../state/layout.ts';
import type { PoolAnswer } from './explain-pool.ts';

export function explainFile(config: Config, poolName: string): PoolAnswer | null {
  const pool = config.pools.find(({ name }) => name === poolName);
  if (pool === undefined) return null;
  const { candidates } = rotationOf(
    pool.backends.map(({ isBackup }, backend) => ({
      backend,
      isReady: true,
      isHealthy: true,
      isEjected: false,
      isBackup,
    })),
    pool.panicPercent,
  );
  const policy = policyNamed(pool.policy);
  const conditions = candidates.map((index) => ({
    weight: pool.backends[index]?.weight ?? 1,
    ramp: FULL_RAMP,
    inFlight: 0,
    serviceMs: null,
  }));
  const promised = policy === null ? null : promisedShares(policy, conditions);
  const shares = new Map(candidates.map((index, at) => [index, promised?.[at] ?? null]));
  const backends = pool.backends.map(({ name, url, isBackup, weight }, index) => {
    const share = shares.get(index);
    const isCandidate = share !== undefined;
    return {
      name,
      url,
      state: 'unknown' as const,
      isBackup,
      weight,
      isCandidate,
      reason: isCandidate ? '' : 'backup: primaries are available',
      share: share === undefined ? 0 : share === null ? null : Math.round(share * 10_000) / 10_000,
    };
  });
  return {
    pool: { name: pool.name, policy: pool.policy, isPanic: false, backends },
    placing: candidates.length > 0 ? 'forwarded' : 'POOL_UNAVAILABLE',
  };
}
