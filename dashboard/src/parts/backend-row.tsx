/**
 * One backend, as a row of the table or, where there is no room for one, as a card.
 *
 * It reads a signal, so it is painted again only when that or one of its properties has changed:
 * what a delta has not touched keeps its identity in the store. Times that run are cells of their
 * own (`age.tsx`). In a long table a row out of sight stands still.
 */
import type { JSX, RefObject } from 'preact';
import { Fragment } from 'preact';
import { useRef } from 'preact/hooks';
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { keyOf, pending } from '../live/actions.ts';
import type { BackendColumn } from './backend-columns.tsx';
import { useInView } from './in-view.ts';

interface BackendRowProps {
  readonly pool: string;
  readonly backend: BackendStatus;
  /** Those that are shown. */
  readonly columns: readonly BackendColumn[];
  readonly usesWeights: boolean;
  /** Dense rows show no times. */
  readonly isCompact: boolean;
  /** Whether the table is so long that rows out of sight stand still. */
  readonly isInLongTable: boolean;
}

export function BackendRow(props: BackendRowProps) {
  const element = useRef<HTMLTableRowElement>(null);
  const isInView = useInView(element, props.isInLongTable);
  const still = useRef<JSX.Element | null>(null);
  const drawn = useRef<readonly BackendColumn[] | null>(null);
  if (isInView || drawn.current !== props.columns) {
    still.current = null;
    drawn.current = props.columns;
    if (isInView) return rowOf(props, element, true);
  }
  // The same node again: nothing below it is compared, let alone painted.
  still.current ??= rowOf(props, element, false);
  return still.current;
}

function rowOf(
  props: BackendRowProps,
  element: RefObject<HTMLTableRowElement | null>,
  isRunning: boolean,
): JSX.Element {
  const { pool, backend, columns, usesWeights, isCompact } = props;
  const { name } = backend;
  const isPending = pending.value.has(keyOf('mode', pool, name)) || pending.value.has(keyOf('remove', pool, name));
  return (
    <tr
      ref={element}
      class="row"
      data-row
      data-testid={`backend-${name}`}
      data-state={backend.state}
      aria-busy={isPending}
      tabIndex={-1}
    >
      {columns.map(({ id, cell }) => (
        <Fragment key={id}>{cell({ pool, backend, usesWeights, isRunning: isRunning && !isCompact })}</Fragment>
      ))}
    </tr>
  );
}
