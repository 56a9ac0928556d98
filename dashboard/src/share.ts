/**
 * Which share of a pool's requests each backend should get and does get: the plainest proof that
 * balancing works. Pure; used by the backends table.
 */
import type { BackendStatus } from '../../src/protocol/admin-api.ts';

export interface Share {
  /** 0..1; null where the policy promises no fixed share, or the backend takes no requests. */
  readonly expected: number | null;
  /** 0..1 of the requests of the last 10 s; null while the pool has none. */
  readonly actual: number | null;
}

type Basis = 'equal' | 'weights' | 'none';

/**
 * What a policy promises. Those that follow load (least connections, latency) promise nothing
 * about shares: a faster backend rightly gets more. A policy that is not known here promises nothing.
 */
export function shareBasis(policy: string, usesWeights: boolean): Basis {
  if (/least|latency|ewma|two|hash|maglev/.test(policy)) return 'none';
  if (!/round-robin|random/.test(policy)) return 'none';
  return usesWeights ? 'weights' : 'equal';
}

/** Whether new requests can go to it. */
export function takesRequests(backend: Pick<BackendStatus, 'state' | 'isRemoved'>): boolean {
  return !backend.isRemoved && (backend.state === 'up' || backend.state === 'unknown');
}

/** Shares by backend name. */
export function sharesOf(backends: readonly BackendStatus[], basis: Basis): ReadonlyMap<string, Share> {
  const parts = backends.map((backend) => {
    if (!takesRequests(backend)) return 0;
    return basis === 'weights' ? backend.weight : 1;
  });
  const partsSum = parts.reduce((total, part) => total + part, 0);
  const rpsSum = backends.reduce((total, backend) => total + backend.rps, 0);
  return new Map(
    backends.map((backend, index) => {
      const part = parts[index] ?? 0;
      const expected = basis === 'none' || partsSum === 0 ? null : part / partsSum;
      const actual = rpsSum > 0 ? backend.rps / rpsSum : null;
      return [backend.name, { expected, actual }];
    }),
  );
}
