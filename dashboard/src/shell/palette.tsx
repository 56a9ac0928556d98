/**
 * The palette: one field from which every screen, pool and backend is a few letters away, and
 * everything that can be done here. Ctrl+K or ⌘K opens it, also where single keys are switched off.
 * A combobox after WAI-ARIA: the focus stays in the field, the arrow keys move what is chosen.
 *
 * Pools and backends are found by the server (`search?q=…`), which sends the best few.
 */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { plural } from '../format.ts';
import { isStale, link, shown } from '../live/session.ts';
import { useTopic } from '../live/use-topic.ts';
import { Icon } from '../parts/icon.tsx';
import { Shape } from '../parts/state-mark.tsx';
import type { SearchRow } from '../protocol.ts';
import { topicOf } from '../store.ts';
import { searchTopic } from '../topics.ts';
import { isPaletteOpen } from './keyboard.ts';
import {
  commandItems,
  nameOf,
  type PaletteGroup,
  type PaletteItem,
  recentItems,
  screenItems,
  type Thing,
  thingActions,
  thingHere,
  thingItem,
  verbItem,
} from './palette-items.ts';
import { distanceOf, rank, readVerb, withRecent, wordsOf } from './palette-rank.ts';
import { recent, remember } from './recent.ts';

/** More of them are found by another letter. */
const FOUND_AT_MOST = 12;
const RECENT_AT_MOST = 5;
const FAR = 8;

export function Palette() {
  return isPaletteOpen.value && link.value !== 'signed-out' ? <OpenPalette /> : null;
}

const close = (): void => {
  isPaletteOpen.value = false;
};

function OpenPalette() {
  const [text, setText] = useState('');
  /** What the actions are for, one step in. */
  const [thing, setThing] = useState<Thing | null>(null);
  const [chosen, setChosen] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const { groups, hiddenCount } = useGroups(text, thing);
  const items = groups.flatMap((group) => group.items);
  const index = Math.min(chosen, items.length - 1);
  const current = items[index];

  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      dialog.current?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [index, text, thing]);

  const write = (next: string): void => {
    setText(next);
    setChosen(0);
  };
  const enter = (next: Thing | null): void => {
    setThing(next);
    write('');
  };
  const run = (item: PaletteItem): void => {
    remember(item.key);
    close();
    // The dialog has to be gone before another one opens.
    setTimeout(item.run);
  };
  const onKeyDown = (event: KeyboardEvent & { readonly currentTarget: HTMLInputElement }): void => {
    const { selectionStart, value } = event.currentTarget;
    const count = items.length;
    if (event.isComposing) return;
    if (event.key === 'ArrowDown' && count > 0) setChosen((index + 1) % count);
    else if (event.key === 'ArrowUp' && count > 0) setChosen((index + count - 1) % count);
    else if (event.key === 'PageDown') setChosen(Math.min(count - 1, index + FAR));
    else if (event.key === 'PageUp') setChosen(Math.max(0, index - FAR));
    else if (event.key === 'Enter' && current !== undefined) run(current);
    else if (event.key === 'ArrowRight' && selectionStart === value.length && current?.thing != null) {
      enter(current.thing);
    } else if (event.key === 'Backspace' && value === '' && thing !== null) enter(null);
    else return;
    event.preventDefault();
  };

  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Search and commands"
      data-testid="palette"
      onCancel={(event) => {
        event.preventDefault();
        if (thing === null) close();
        else enter(null);
      }}
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <div class="palette-field">
        <Icon name="search" />
        {thing === null ? null : <span class="palette-thing">{nameOf(thing)}</span>}
        <input
          type="text"
          role="combobox"
          data-testid="palette-input"
          aria-label={thing === null ? 'Pool, backend, screen or command' : `What to do with ${nameOf(thing)}`}
          aria-expanded={items.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={current === undefined ? undefined : `${id}-${index}`}
          placeholder={thing === null ? 'Pool, backend, screen or command' : 'What to do'}
          value={text}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <button type="button" class="icon-button" aria-label="Close" title="Close (Escape)" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <div ref={list} id={`${id}-list`} class="palette-list" role="listbox" aria-label="Results">
        {groups.map((group) => (
          <div key={group.title} role="group" aria-label={group.title}>
            <p class="palette-title" aria-hidden="true">
              {group.title}
            </p>
            {group.items.map((item) => {
              const place = items.indexOf(item);
              return (
                <Option
                  key={item.key}
                  id={`${id}-${place}`}
                  item={item}
                  isChosen={place === index}
                  onPoint={() => setChosen(place)}
                  onRun={() => run(item)}
                />
              );
            })}
          </div>
        ))}
      </div>
      {items.length > 0 ? null : (
        <p class="empty">
          {isStale.value
            ? 'Nothing here matches, and pools and backends cannot be asked for: the connection is lost.'
            : 'Nothing matches. Words may stand in any order: a name, an address, a state.'}
        </p>
      )}
      <footer class="palette-foot">
        <span role="status">
          {plural(items.length, 'result')}
          {hiddenCount > 0 ? `, ${plural(hiddenCount, 'more backend')} by more letters` : ''}
        </span>
        <span class="palette-keys" aria-hidden="true">
          <kbd>↑</kbd> <kbd>↓</kbd> choose <kbd>Enter</kbd> open
          {current?.thing == null ? null : (
            <>
              {' '}
              <kbd>→</kbd> actions
            </>
          )}
        </span>
      </footer>
    </dialog>
  );
}

interface Groups {
  readonly groups: readonly PaletteGroup[];
  /** Pools and backends that match and are not shown. */
  readonly hiddenCount: number;
}

/** What is offered for what is typed. */
function useGroups(text: string, thing: Thing | null): Groups {
  const verb = thing === null ? readVerb(text) : null;
  const isEmpty = text.trim() === '';
  const isAsking = thing === null && !isEmpty;
  const found = useSearch(isAsking ? text : '', isAsking ? FOUND_AT_MOST : 0);
  const target = verb?.verb === 'policy' ? 'pool' : 'backend';
  const targets = useSearch(verb === null ? '' : `${verb.rest} ${target}`, verb === null ? 0 : FOUND_AT_MOST);
  const keys = recent.value;
  if (thing !== null) return { groups: filled('Actions', rank(thingActions(thing), text, [])), hiddenCount: 0 };
  if (isEmpty) {
    const here = thingHere();
    const groups = [
      ...(here === null ? [] : filled(`Here: ${nameOf(here)}`, thingActions(here).slice(1))),
      ...filled('Recent', recentItems(keys, RECENT_AT_MOST)),
      ...filled('Screens', screenItems()),
      ...filled('Commands', rank(commandItems(), '', keys)),
    ];
    return { groups, hiddenCount: 0 };
  }
  const verbs = verb === null ? [] : targets.rows.flatMap((row) => verbItem(verb.verb, row) ?? []);
  const things = withRecent(
    found.rows.map((row) => ({ ...thingItem(row), distance: row.distance })),
    keys,
  );
  const groups = [
    ...filled('Pools and backends', things),
    ...filled('Actions', verbs),
    ...filled('Screens', rank(screenItems(), text, keys)),
    ...filled('Commands', rank(commandItems(), text, keys)),
  ];
  return { groups, hiddenCount: Math.max(0, found.matchingCount - found.rows.length) };
}

const filled = (title: string, items: readonly PaletteItem[]): PaletteGroup[] =>
  items.length === 0 ? [] : [{ title, items }];

interface Search {
  readonly rows: readonly SearchRow[];
  readonly matchingCount: number;
}

const NOTHING: Search = { rows: [], matchingCount: 0 };

function useSearch(text: string, limit: number): Search {
  const key = searchTopic(text, limit);
  const topic = useTopic(key);
  if (limit === 0 || topic == null) return NOTHING;
  const rows = topic.rows ?? [];
  const matchingCount = topic.fields.matchingCount;
  if (topicOf(shown.value, key) !== undefined) return { rows, matchingCount };
  // What was found before this letter, until the server has found what is asked for now.
  const words = wordsOf(text);
  const own = rows.filter(
    (row) => distanceOf({ words: nameOf(row), also: `${row.state} ${row.words}` }, words) !== null,
  );
  return { rows: own, matchingCount: own.length };
}

interface OptionProps {
  readonly id: string;
  readonly item: PaletteItem;
  readonly isChosen: boolean;
  readonly onPoint: () => void;
  readonly onRun: () => void;
}

function Option({ id, item, isChosen, onPoint, onRun }: OptionProps) {
  const { icon, state, words, note } = item;
  return (
    <div
      id={id}
      class="palette-option"
      role="option"
      aria-selected={isChosen}
      data-key={item.key}
      onMouseMove={isChosen ? undefined : onPoint}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onRun}
    >
      <span class="palette-mark" data-state={state ?? undefined}>
        {state === null ? icon === null ? null : <Icon name={icon} /> : <Shape of={state} label={state} />}
      </span>
      <span class="palette-words">{words}</span>
      <span class="palette-note">{note}</span>
    </div>
  );
}
