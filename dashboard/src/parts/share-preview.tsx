/** Who would get what under a policy, against what each gets now: bars for the eye, one table for all. */
import type { SharePreview } from '../../../src/protocol/admin-api.ts';
import { formatShare, plural } from '../format.ts';

/** Of a large pool those are shown that would change most. */
const ROWS_AT_MOST = 30;

interface SharePreviewTableProps {
  readonly policy: string;
  readonly isApplied: boolean;
  /** Null before the first answer. */
  readonly shares: SharePreview | null;
}

type Row = SharePreview['backends'][number];

export function SharePreviewTable({ policy, isApplied, shares }: SharePreviewTableProps) {
  const all = shares?.backends ?? [];
  const rows = mostChanged(all);
  const most = Math.max(0.01, ...all.flatMap(({ actual, expected }) => [actual ?? 0, expected ?? 0]));
  const isFresh = shares?.policy === policy;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys.
    <section
      class="shares"
      tabIndex={0}
      aria-label="Shares if applied now"
      data-testid="shares"
      data-policy={shares?.policy}
    >
      <table class="shares-table" aria-busy={!isFresh}>
        <caption>{isApplied ? `Shares under ${policy}` : `Shares if ${policy} were applied now`}</caption>
        <thead>
          <tr>
            <th scope="col">Backend</th>
            <th scope="col" class="n">
              Now
            </th>
            <th scope="col" class="n">
              Then
            </th>
            <th scope="col">
              <span class="hidden">Now and then as bars</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name} data-testid={`share-${row.name}`}>
              <th scope="row">{row.name}</th>
              <td class="n">{formatShare(row.actual)}</td>
              <td class="n then">{isFresh ? formatShare(row.expected) : '…'}</td>
              <td>
                <Bars actual={(row.actual ?? 0) / most} expected={isFresh ? (row.expected ?? 0) / most : 0} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < all.length ? (
        <p class="minor">{plural(all.length - rows.length, 'other backend')} would change less.</p>
      ) : null}
      {shares !== null && all.every(({ actual }) => actual === null) ? (
        <p class="minor">No request has come in the last 10 s: there is no “now”.</p>
      ) : null}
    </section>
  );
}

const changeOf = ({ actual, expected }: Row): number => Math.abs((expected ?? 0) - (actual ?? 0));

/** In their own order where all fit. */
export function mostChanged(rows: readonly Row[], atMost = ROWS_AT_MOST): readonly Row[] {
  if (rows.length <= atMost) return rows;
  return [...rows].sort((a, b) => changeOf(b) - changeOf(a)).slice(0, atMost);
}

function Bars({ actual, expected }: { readonly actual: number; readonly expected: number }) {
  return (
    <svg class="share-bars" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">
      <rect class="share-track" width="100" height="14" rx="1" />
      <rect class="share-now" y="1" width={100 * actual} height="5" />
      <rect class="share-fill" y="8" width={100 * expected} height="5" />
    </svg>
  );
}
