/** Pages of a long list: a browser paints a hundred live rows at ease, and a thousand not. */
import { plural } from '../format.ts';

export const ROWS_A_PAGE = 100;

interface PagerProps {
  readonly noun: string;
  /** Rows in all. */
  readonly count: number;
  /** The place of the first row that is shown. */
  readonly offset: number;
  /** Told the place of the first row of another page. */
  readonly onPage: (offset: number) => void;
}

export function Pager({ noun, count, offset, onPage }: PagerProps) {
  if (count <= ROWS_A_PAGE) return null;
  return (
    <nav class="pager" aria-label={`Pages of ${noun}s`}>
      <button
        type="button"
        class="button"
        disabled={offset === 0}
        onClick={() => onPage(Math.max(0, offset - ROWS_A_PAGE))}
      >
        Previous
      </button>
      <span>
        {offset + 1} to {Math.min(count, offset + ROWS_A_PAGE)} of {plural(count, noun)}
      </span>
      <button
        type="button"
        class="button"
        disabled={offset + ROWS_A_PAGE >= count}
        onClick={() => onPage(offset + ROWS_A_PAGE)}
      >
        Next
      </button>
    </nav>
  );
}
