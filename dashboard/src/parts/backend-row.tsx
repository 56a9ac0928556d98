/**
 * One backend, as a row of the table or, where there is no room for one, as a card.
 *
 * It reads a signal, so it is painted again only when that or one of its properties has changed:
 * what a delta has not touched keeps its identity in the store. Times that run are cells of their
 * own (`age.tsx`). In a long table a row out of sight stands still.
 */
import { Component, Fragment, type RefObject } from 'preact';
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
  const { pool, backend } = props;
  const isPending =
    pending.value.has(keyOf('mode', pool, backend.name)) || pending.value.has(keyOf('remove', pool, backend.name));
  return <Cells {...props} element={element} isInView={isInView} isPending={isPending} />;
}

interface CellsProps extends BackendRowProps {
  readonly element: RefObject<HTMLTableRowElement | null>;
  readonly isInView: boolean;
  readonly isPending: boolean;
}

/**
 * Out of sight nothing below it is compared, let alone painted. A node kept from one time to the
 * next would do the same, but it keeps the whole table as it was when the row went out of sight.
 */
class Cells extends Component<CellsProps> {
  override shouldComponentUpdate(next: CellsProps): boolean {
    return next.isInView || this.props.isInView || next.columns !== this.props.columns;
  }

  render({ pool, backend, columns, usesWeights, isCompact, element, isInView, isPending }: CellsProps) {
    const isRunning = isInView && !isCompact;
    return (
      <tr
        ref={element}
        class="row"
        data-row
        data-testid={`backend-${backend.name}`}
        data-state={backend.state}
        aria-busy={isPending}
        tabIndex={-1}
      >
        {columns.map(({ id, cell }) => (
          <Fragment key={id}>{cell({ pool, backend, usesWeights, isRunning })}</Fragment>
        ))}
      </tr>
    );
  }
}
