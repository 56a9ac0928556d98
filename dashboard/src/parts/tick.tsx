/** The boxes that tick rows for a change of several. The key `x` ticks the row in focus. */
import { addSelected, dropSelected, isSelected, selection, toggleSelected } from './selection.ts';

interface TickProps {
  readonly pool: string;
  readonly name: string;
  readonly isDisabled: boolean;
}

export function Tick({ pool, name, isDisabled }: TickProps) {
  return (
    <label class="tick">
      <input
        type="checkbox"
        data-key="x"
        data-testid={`backend-${name}-tick`}
        aria-label={`Tick ${name}`}
        checked={isSelected(pool, name)}
        disabled={isDisabled}
        onChange={() => toggleSelected(pool, name)}
      />
    </label>
  );
}

/** All rows that the table shows; those on other pages are for the bar. */
export function TickAll({ pool, names }: { readonly pool: string; readonly names: readonly string[] }) {
  const { names: ticked } = selection.value;
  const count = names.filter((name) => isSelected(pool, name)).length;
  const isAll = count > 0 && count === names.length;
  return (
    <th scope="col" class="c-tick">
      <label class="tick">
        <input
          type="checkbox"
          data-testid="tick-all"
          aria-label="Tick all rows that are shown"
          checked={isAll}
          indeterminate={!isAll && ticked.size > 0 && count > 0}
          onChange={() => (isAll ? dropSelected(pool, names) : addSelected(pool, names))}
        />
      </label>
    </th>
  );
}
