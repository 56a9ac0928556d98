/**
 * Which topics are wanted now: by screens, charts, dialogs and actions, each for as long as it
 * needs them. The session tells the server. What comes and goes in one turn is told once.
 */
import { signal } from '@preact/signals';

const counts = new Map<string, number>();
let isTelling = false;

/** Each once, in no order that matters. */
export const wanted = signal<ReadonlySet<string>>(new Set());

/** Wants a topic until the answer is called. */
export function want(topic: string): () => void {
  counts.set(topic, (counts.get(topic) ?? 0) + 1);
  tell();
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    const count = (counts.get(topic) ?? 1) - 1;
    if (count > 0) counts.set(topic, count);
    else counts.delete(topic);
    tell();
  };
}

function tell(): void {
  if (isTelling) return;
  isTelling = true;
  queueMicrotask(() => {
    isTelling = false;
    const now = new Set(counts.keys());
    const before = wanted.peek();
    if (now.size !== before.size || [...now].some((topic) => !before.has(topic))) wanted.value = now;
  });
}
