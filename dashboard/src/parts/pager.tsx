/** Pages of a long list: a browser paints a hundred live rows at ease, and a thousand not. */
import { plural } from '../format.ts';

const ROWS_A_PAGE = 100;

const pageCount = (count: number): number => Math.max(1, Math.ceil(count / ROWS_A_PAGE));

/** The rows of a page; the last page where there is none of that number any more. Pure. */
export function pageOf<Item>(
  items: readonly Item[],
  page: number,
): { readonly page: number; readonly rows: readonly Item[] } {
  const current = Math.min(page, pageCount(items.length) - 1);
  return { page: current, rows: items.slice(current * ROWS_A_PAGE, (current + 1) * ROWS_A_PAGE) };
}

interface PagerProps {
  readonly noun: string;
  readonly count: number;
  readonly page: number;
  readonly onPage: (page: number) => void;
}

export function Pager({ noun, count, page, onPage }: PagerProps) {
  const pages = pageCount(count);
  if (pages === 1) return null;
  const first = page * ROWS_A_PAGE + 1;
  return (
    <nav class="pager" aria-label={`Pages of ${noun}s`}>
      <button type="button" class="button" disabled={page === 0} onClick={() => onPage(page - 1)}>
        Previous
      </button>
      <span>
        {first} to {Math.min(count, first + ROWS_A_PAGE - 1)} of {plural(count, noun)}
      </span>
      <button type="button" class="button" disabled={page >= pages - 1} onClick={() => onPage(page + 1)}>
        Next
      </button>
    </nav>
  );
}
