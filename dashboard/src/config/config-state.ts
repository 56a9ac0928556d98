/**
 * What the config screen shows: read when it is opened, again when an event tells that settings
 * have changed, and again when the tag of the file says that somebody has written to it. The live
 * channel does not push any of it. The draft of the editor is kept as long as the page is open,
 * and nowhere else.
 */
import { computed, type Signal, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ConfigFileText, ConfigRevisionRow, EffectiveConfig } from '../../../src/protocol/admin-api.ts';
import { ApiError } from '../live/api.ts';
import { isUnauthorized, shown, signOut } from '../live/session.ts';
import { topicOf } from '../store.ts';
import { EVENTS } from '../topics.ts';
import { type CheckedText, getConfig, getFile, getFileTag, getRevisions, type Tagged } from './config-api.ts';

/** What may change what this screen shows. */
const KINDS: ReadonlySet<string> = new Set([
  'policy-changed',
  'weight-changed',
  'mode-changed',
  'backend-added',
  'backend-removing',
  'runtime-change-overruled',
  'state-restored',
  'config-reloaded',
  'reload-refused',
  'restart-needed',
  'config-applied',
  'config-rolled-back',
  'change-written',
]);
const FILE_LOOK_MS = 4_000;

export const config = signal<Tagged<EffectiveConfig> | null>(null);
/** `value` is null where the config did not come from a file. */
export const file = signal<{ readonly value: Tagged<ConfigFileText> | null } | null>(null);
export const revisions = signal<readonly ConfigRevisionRow[]>([]);
export const problem = signal<string | null>(null);

export interface Draft {
  readonly text: string;
  /** Of the file that it was made from. */
  readonly tag: string;
  /** What it began as. */
  readonly loaded: string;
  readonly from: string;
}

export const draft = signal<Draft | null>(null);
/** What came of the last check, and for which text. */
export const checked: Signal<{ readonly text: string; readonly result: CheckedText } | null> = signal(null);
/** A line of the editor to go to, once it is there. */
export const wantedLine = signal<number | null>(null);

/** The name of the file, without its folders. */
export const fileName = computed(() => {
  const path = config.value?.value.file?.path ?? null;
  return path === null ? null : (path.split('/').at(-1) ?? path);
});

let isReading = false;
let isStale = false;

/** Reads all anew; asked for meanwhile, once more after that. */
export async function readConfig(): Promise<void> {
  isStale = true;
  if (isReading) return;
  isReading = true;
  try {
    while (isStale) {
      isStale = false;
      const [nextConfig, nextFile, nextRevisions] = await Promise.all([getConfig(), getFile(), getRevisions()]);
      config.value = nextConfig;
      file.value = { value: nextFile };
      revisions.value = nextRevisions;
      problem.value = null;
    }
  } catch (error) {
    if (isUnauthorized(error)) signOut();
    problem.value = wordsOf(error);
  } finally {
    isReading = false;
  }
}

/** Keeps it true as long as the screen is open. */
export function useConfig(): void {
  const model = shown.value;
  const events = topicOf(model, EVENTS)?.fields.events ?? [];
  const latest = events.findLast(({ kind }) => KINDS.has(kind))?.id ?? 0;
  const key = `${model?.instance ?? ''} ${latest}`;
  useEffect(() => void readConfig(), [key]);
  useEffect(() => {
    const timer = setInterval(() => void lookAtFile(), FILE_LOOK_MS);
    return () => clearInterval(timer);
  }, []);
}

async function lookAtFile(): Promise<void> {
  const known = file.peek()?.value ?? null;
  if (document.visibilityState === 'hidden' || (known === null && problem.peek() === null)) return;
  try {
    const tag = known === null ? null : await getFileTag();
    if (tag !== known?.tag || problem.peek() !== null) await readConfig();
  } catch (error) {
    if (isUnauthorized(error)) signOut();
  }
}

/** Puts the file as it is on disk into the editor. */
export function loadFile(): void {
  const current = file.peek()?.value ?? null;
  if (current?.value.text == null) return;
  const { text } = current.value;
  draft.value = { text, tag: current.tag, loaded: text, from: 'the file' };
  checked.value = null;
}

export function wordsOf(error: unknown): string {
  if (isUnauthorized(error)) signOut();
  return error instanceof ApiError ? error.message : String(error);
}
