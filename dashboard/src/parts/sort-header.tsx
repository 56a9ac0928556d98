/** A column heading that sorts: the server does it, the address keeps it. */
import type { ComponentChildren } from 'preact';
import { place, setSort } from '../router.ts';

interface SortHeaderProps {
  /** Name of the column in the topic. */
  readonly column: string;
  /** Which way it is sorted first: the worst, the most, or from A to Z. */
  readonly first: 'ascending' | 'descending';
  readonly class?: string;
  /** What exactly is told, with its name for Prometheus; shown on hover. */
  readonly definition?: string | undefined;
  readonly children: ComponentChildren;
}

/** One click sorts, the next one takes the order of the config again. */
export function SortHeader({ column, first, class: className, definition, children }: SortHeaderProps) {
  const wanted = first === 'descending' ? `-${column}` : column;
  const isSorted = place.value.sort === wanted;
  return (
    <th scope="col" class={className} aria-sort={isSorted ? first : undefined} title={definition}>
      <button type="button" onClick={() => setSort(isSorted ? null : wanted)}>
        {children}
      </button>
    </th>
  );
}

/** The sort of the address, where it is one of these columns. Pure. */
export function readSort<Column extends string>(
  text: string | null,
  columns: readonly Column[],
): Column | `-${Column}` | null {
  const name = text?.replace(/^-/, '') ?? '';
  const column = columns.find((one) => one === name);
  if (column === undefined) return null;
  return text?.startsWith('-') === true ? `-${column}` : column;
}
