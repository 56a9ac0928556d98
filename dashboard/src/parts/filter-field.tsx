/** The filter of a screen, kept in its address. `/` goes to it, Escape empties it. */
import { setFilter } from '../router.ts';
import { Icon } from './icon.tsx';

export function FilterField({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <label class="filter">
      <span class="hidden">{label}</span>
      <Icon name="search" />
      <input
        type="search"
        data-filter
        data-testid="filter"
        placeholder={label}
        value={text}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => setFilter(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          setFilter('');
          event.currentTarget.blur();
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}
