/**
 * What an action came to, for a while in a corner of the page. What went well goes by itself, unless
 * somebody is at it; what did not stays until it is read. Shown by `shell/notices.tsx`.
 */
import { signal } from '@preact/signals';

export interface Notice {
  readonly id: number;
  readonly level: 'good' | 'warning' | 'bad';
  readonly text: string;
  /** How long it stays; null for until it is dismissed. */
  readonly lastsMs: number | null;
  /** Takes back what it tells of; null where that cannot be. */
  readonly undo: (() => void) | null;
}

/** Time enough to see that it was the wrong one. */
export const UNDO_MS = 10_000;
const GOOD_MS = 6_000;
const AT_MOST = 4;

export const notices = signal<readonly Notice[]>([]);
let lastId = 0;
const timers = new Map<number, ReturnType<typeof setTimeout>>();

export function notify(level: Notice['level'], text: string, undo: (() => void) | null = null): void {
  lastId += 1;
  const lastsMs = undo !== null ? UNDO_MS : level === 'good' ? GOOD_MS : null;
  const notice = { id: lastId, level, text, lastsMs, undo };
  notices.value = [...notices.peek(), notice].slice(-AT_MOST);
  run(notice);
}

export function dismiss(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  notices.value = notices.peek().filter((notice) => notice.id !== id);
}

/** Somebody is at it: it stays. */
export function holdNotice(id: number): void {
  clearTimeout(timers.get(id));
}

/** They have left it: its time begins anew. */
export function letNoticeGo(id: number): void {
  const notice = notices.peek().find((one) => one.id === id);
  if (notice !== undefined) run(notice);
}

export function undoNotice(id: number): void {
  const notice = notices.peek().find((one) => one.id === id);
  dismiss(id);
  notice?.undo?.();
}

function run({ id, lastsMs }: Notice): void {
  clearTimeout(timers.get(id));
  if (lastsMs !== null) {
    timers.set(
      id,
      setTimeout(() => dismiss(id), lastsMs),
    );
  }
}
