/** The backends that are ticked, of one pool at a time. They stay ticked on other pages of the table. */
import { computed, signal } from '@preact/signals';

interface Selection {
  readonly pool: string;
  readonly names: ReadonlySet<string>;
}

const NONE: Selection = { pool: '', names: new Set() };

export const selection = signal<Selection>(NONE);

export const selectedCount = computed(() => selection.value.names.size);

export function isSelected(pool: string, name: string): boolean {
  return selection.value.pool === pool && selection.value.names.has(name);
}

export function toggleSelected(pool: string, name: string): void {
  const names = new Set(selection.peek().pool === pool ? selection.peek().names : []);
  if (!names.delete(name)) names.add(name);
  selection.value = { pool, names };
}

export function addSelected(pool: string, more: readonly string[]): void {
  const names = selection.peek().pool === pool ? selection.peek().names : [];
  selection.value = { pool, names: new Set([...names, ...more]) };
}

/** Only these of those that are ticked. */
export function keepSelected(pool: string, names: readonly string[]): void {
  const kept = selection.peek();
  if (kept.pool === pool) selection.value = { pool, names: new Set(names.filter((name) => kept.names.has(name))) };
}

export function dropSelected(pool: string, names: readonly string[]): void {
  const kept = selection.peek();
  if (kept.pool === pool)
    selection.value = { pool, names: new Set([...kept.names].filter((name) => !names.includes(name))) };
}

export function clearSelection(): void {
  selection.value = NONE;
}
