/** Actual share of the pool's requests as a bar, with a tick where the policy promises it to be. */
import { formatShare } from '../format.ts';

interface ShareBarProps {
  /** 0..1; null where the policy promises no fixed share. */
  readonly expected: number | null;
  /** 0..1 of the requests of the last 10 s; null while the pool has none. */
  readonly actual: number | null;
}

export function ShareBar({ expected, actual }: ShareBarProps) {
  const words =
    expected === null
      ? `${formatShare(actual)} of the pool's requests; the policy promises no fixed share`
      : `expected ${formatShare(expected)}, actual ${formatShare(actual)}`;
  return (
    <span class="share" title={words}>
      <span class="share-figures">
        <span class="share-expected">{formatShare(expected)}</span>
        <span class="share-actual">{formatShare(actual)}</span>
      </span>
      <svg class="share-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="share-track" width="100" height="6" rx="1" />
        <rect class="share-fill" width={100 * (actual ?? 0)} height="6" rx="1" />
        {expected === null ? null : (
          <rect class="share-tick" x={Math.min(98.6, 100 * expected - 0.7)} width="1.4" height="6" />
        )}
      </svg>
    </span>
  );
}
