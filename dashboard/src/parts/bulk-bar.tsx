/** What can be done with all backends that are ticked. Every button asks first, but for a check. */
import { useState } from 'preact/hooks';
import type { AdminMode } from '../../../src/protocol/admin-api.ts';
import { plural } from '../format.ts';
import { refusalOf } from '../live/actions.ts';
import { checkMany, readMatching } from '../live/many.ts';
import { notify } from '../live/notices.ts';
import { askChange } from './confirm.tsx';
import { Icon, type IconName } from './icon.tsx';
import { addSelected, clearSelection, selection } from './selection.ts';

const MODES: readonly { readonly mode: AdminMode & IconName; readonly words: string; readonly key: string }[] = [
  { mode: 'ready', words: 'Ready', key: 'r' },
  { mode: 'drain', words: 'Drain', key: 'd' },
  { mode: 'maintenance', words: 'Maintenance', key: 'm' },
];

interface BulkBarProps {
  readonly pool: string;
  readonly filter: string;
  /** How many rows match the filter, on all pages. */
  readonly matchingCount: number;
}

export function BulkBar({ pool, filter, matchingCount }: BulkBarProps) {
  const [isReading, setReading] = useState(false);
  const names = selection.value.pool === pool ? [...selection.value.names] : [];
  if (names.length === 0) return null;

  const tickAll = async (): Promise<void> => {
    setReading(true);
    try {
      const rows = await readMatching(pool, filter, null, matchingCount);
      addSelected(
        pool,
        rows.filter(({ isRemoved }) => !isRemoved).map(({ name }) => name),
      );
    } catch (error) {
      notify('bad', `The rows cannot be read: ${refusalOf(error)}`);
    } finally {
      setReading(false);
    }
  };
  return (
    <div class="bulk" role="group" aria-label="Backends that are ticked" data-bulk data-testid="bulk">
      <b data-testid="bulk-count">{plural(names.length, 'backend')}</b>
      {names.length < matchingCount ? (
        <button
          type="button"
          class="link-button"
          aria-busy={isReading}
          data-testid="bulk-all"
          onClick={() => void tickAll()}
        >
          tick all {matchingCount}
          {filter === '' ? '' : ' that match'}
        </button>
      ) : null}
      <span class="bulk-buttons">
        {MODES.map(({ mode, words, key }) => (
          <button
            key={mode}
            type="button"
            class="button"
            data-key={key}
            data-testid={`bulk-${mode}`}
            onClick={() => askChange({ kind: 'mode', pool, backends: names, mode })}
          >
            <Icon name={mode} /> {words}
          </button>
        ))}
        <button
          type="button"
          class="button"
          data-key="w"
          data-testid="bulk-weight"
          onClick={() => askChange({ kind: 'weight', pool, backends: names, weight: 1 })}
        >
          Weight …
        </button>
        <button
          type="button"
          class="button"
          data-key="c"
          data-testid="bulk-check"
          onClick={() => void checkMany(pool, names)}
        >
          Check now
        </button>
      </span>
      <button
        type="button"
        class="icon-button"
        aria-label="Tick none"
        title="Tick none"
        data-testid="bulk-none"
        onClick={clearSelection}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
