/**
 * What has changed in a topic from one second to the next: the body of a delta. Pure.
 *
 * All who have a topic have been told the same of it, so one change, turned into bytes once, brings
 * all of them to the present value.
 */
import type { NamedRow, Topic, TopicChange } from '../../../protocol/live.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What brings `before` to `now`; undefined where they are the same, null where it has gone. */
export function topicChange(before: Topic | null, now: Topic | null): TopicChange | null | undefined {
  if (now === null) return before === null ? undefined : null;
  if (before === null) {
    const { fields, rows } = now;
    return rows === undefined ? { fields } : { fields, rows, order: rows.map(({ name }) => name) };
  }
  const fields = differing(before.fields, now.fields);
  const rows = changedRows(before.rows ?? [], now.rows ?? []);
  const order = orderOf(before.rows ?? [], now.rows ?? []);
  if (fields === null && rows.length === 0 && order === null) return undefined;
  return {
    ...(fields === null ? {} : { fields }),
    ...(rows.length === 0 ? {} : { rows }),
    ...(order === null ? {} : { order }),
  };
}

function changedRows(before: readonly NamedRow[], now: readonly NamedRow[]): NamedRow[] {
  const known = new Map(before.map((row) => [row.name, row]));
  const changed: NamedRow[] = [];
  for (const row of now) {
    const old = known.get(row.name);
    const difference = old === undefined ? row : differing(old, row);
    if (difference !== null) changed.push({ ...difference, name: row.name });
  }
  return changed;
}

/** The fields of `now` that differ; null where none does. A field never goes away. */
function differing(before: object, now: object): Fields | null {
  let difference: Record<string, unknown> | null = null;
  for (const [key, value] of Object.entries(now)) {
    if (isSame((before as Fields)[key], value)) continue;
    difference ??= {};
    difference[key] = value;
  }
  return difference;
}

/** Whether two values would give the same JSON. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSame((a as Fields)[key], (b as Fields)[key]));
}

function orderOf(before: readonly NamedRow[], now: readonly NamedRow[]): string[] | null {
  const isUnchanged = before.length === now.length && now.every(({ name }, index) => name === before[index]?.name);
  return isUnchanged ? null : now.map(({ name }) => name);
}
