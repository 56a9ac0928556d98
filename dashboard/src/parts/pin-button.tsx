/** Puts a pool before all others in every table of pools. Kept in this browser; the server sorts by it. */
import { signal } from '@preact/signals';
import { readKept, writeKept } from '../shell/kept.ts';
import { Icon } from './icon.tsx';

const KEY = 'ballast.pinned-pools';
/** They are part of what is asked for each time. */
const AT_MOST = 20;

/** Names of pools. */
export const pinnedPools = signal<readonly string[]>(readPins(readKept(KEY)));

/** Whatever somebody has put there, it is a list of names. */
export function readPins(text: string | null): readonly string[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string').slice(0, AT_MOST) : [];
  } catch {
    return [];
  }
}

function toggle(pool: string): void {
  const before = pinnedPools.peek();
  const next = before.includes(pool) ? before.filter((one) => one !== pool) : [...before, pool].slice(-AT_MOST);
  pinnedPools.value = next;
  writeKept(KEY, JSON.stringify(next));
}

export function PinButton({ pool }: { readonly pool: string }) {
  const isPinned = pinnedPools.value.includes(pool);
  return (
    <button
      type="button"
      class="icon-button pin-button"
      aria-pressed={isPinned}
      aria-label={`Pin ${pool} to the top`}
      title={isPinned ? 'Pinned to the top' : 'Pin to the top'}
      data-testid={`pool-${pool}-pin`}
      onClick={() => toggle(pool)}
    >
      <Icon name="pin" />
    </button>
  );
}
