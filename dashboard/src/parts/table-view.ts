/**
 * How somebody likes to see a table: which columns, and how dense. Kept in this browser. A column
 * that is not named in what is kept is as it comes, so that a new one shows up.
 */
import { type Signal, signal } from '@preact/signals';
import { readKept, writeKept } from '../shell/kept.ts';

export interface TableView {
  /** By the column's id, where it is not as it comes. */
  readonly columns: Readonly<Record<string, boolean>>;
  readonly isCompact: boolean;
}

export interface ViewColumn {
  readonly id: string;
  readonly words: string;
  /** Null for one that always stands. */
  readonly isShownAtFirst: boolean | null;
}

const PLAIN: TableView = { columns: {}, isCompact: false };
const views = new Map<string, Signal<TableView>>();

export function viewOf(table: string): Signal<TableView> {
  const known = views.get(table);
  if (known !== undefined) return known;
  const view = signal(parseView(readKept(keyOf(table))));
  views.set(table, view);
  return view;
}

export function changeView(table: string, changes: Partial<TableView>): void {
  const view = viewOf(table);
  view.value = { ...view.peek(), ...changes };
  writeKept(keyOf(table), JSON.stringify(view.peek()));
}

export function isColumnShown(view: TableView, { id, isShownAtFirst }: ViewColumn): boolean {
  return isShownAtFirst === null || (view.columns[id] ?? isShownAtFirst);
}

const keyOf = (table: string): string => `ballast.table.${table}`;

/** What was kept, by this page or an older one. Pure. */
export function parseView(text: string | null): TableView {
  try {
    const kept = JSON.parse(text ?? 'null') as Partial<TableView> | null;
    const columns = Object.entries(kept?.columns ?? {}).filter(([, isShown]) => typeof isShown === 'boolean');
    return { columns: Object.fromEntries(columns), isCompact: kept?.isCompact === true };
  } catch {
    return PLAIN;
  }
}
