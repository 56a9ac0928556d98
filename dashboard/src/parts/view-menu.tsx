/** How a table is seen, and the way to take it elsewhere: columns, density, copy. */
import { useEffect, useRef } from 'preact/hooks';
import { refusalOf } from '../live/actions.ts';
import { notify } from '../live/notices.ts';
import { Icon } from './icon.tsx';
import { changeView, isColumnShown, type ViewColumn, viewOf } from './table-view.ts';

export type CopyFormat = 'CSV' | 'JSON';

interface ViewMenuProps {
  /** The name that its settings are kept by. */
  readonly table: string;
  readonly columns: readonly ViewColumn[];
  /** What is copied: all rows that match, as of now, and how many they are. */
  readonly read: (format: CopyFormat) => Promise<{ readonly text: string; readonly count: number }>;
}

export function ViewMenu({ table, columns, read }: ViewMenuProps) {
  const menu = useRef<HTMLDetailsElement>(null);
  const view = viewOf(table).value;
  useEffect(() => {
    const onPress = (event: PointerEvent): void => {
      const { current } = menu;
      if (current?.open === true && event.target instanceof Node && !current.contains(event.target))
        current.open = false;
    };
    addEventListener('pointerdown', onPress);
    return () => removeEventListener('pointerdown', onPress);
  }, []);
  const copy = async (format: CopyFormat): Promise<void> => {
    try {
      const { text, count } = await read(format);
      await toClipboard(text);
      notify('good', `${count} rows copied as ${format}.`);
    } catch (error) {
      notify('bad', `Nothing was copied: ${refusalOf(error)}`);
    }
    if (menu.current !== null) menu.current.open = false;
  };
  return (
    <details
      ref={menu}
      class="menu"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || menu.current?.open !== true) return;
        event.preventDefault();
        menu.current.open = false;
        menu.current.querySelector('summary')?.focus();
      }}
    >
      <summary class="button" data-testid="view-menu">
        <Icon name="columns" /> View
      </summary>
      <div class="menu-body">
        <label class="check">
          <input
            type="checkbox"
            checked={view.isCompact}
            data-testid="view-compact"
            onChange={(event) => changeView(table, { isCompact: event.currentTarget.checked })}
          />
          Dense rows
        </label>
        <fieldset>
          <legend>Columns</legend>
          {columns
            .filter(({ isShownAtFirst }) => isShownAtFirst !== null)
            .map((column) => (
              <label key={column.id} class="check">
                <input
                  type="checkbox"
                  checked={isColumnShown(view, column)}
                  data-testid={`view-column-${column.id}`}
                  onChange={(event) =>
                    changeView(table, { columns: { ...view.columns, [column.id]: event.currentTarget.checked } })
                  }
                />
                {column.words}
              </label>
            ))}
        </fieldset>
        <div class="menu-buttons">
          {(['CSV', 'JSON'] as const).map((format) => (
            <button
              key={format}
              type="button"
              class="button"
              data-testid={`copy-${format.toLowerCase()}`}
              onClick={() => void copy(format)}
            >
              Copy {format}
            </button>
          ))}
        </div>
      </div>
    </details>
  );
}

/** Over plain HTTP from another machine there is no clipboard but this old one. */
async function toClipboard(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'hidden';
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  if (!isCopied) throw new Error('this browser gives no access to the clipboard');
}
