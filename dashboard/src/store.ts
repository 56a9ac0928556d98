/**
 * What the page knows, and how each message of the live channel changes it.
 *
 * Pure: a message and the old model give the new model. Whatever a message does not touch keeps
 * its identity, so a row is painted again only when its own backend has changed. Called by
 * `live/session.ts` for every message; read by every screen through `useTopic`. It must never
 * invent a figure: what the server has not said stays as it was, and the connection banner tells
 * its age.
 *
 * Charts are the one thing kept apart (`history.ts`): their columns are too long to copy once a
 * second.
 */
import type { BackendStatus } from '../../src/protocol/admin-api.ts';
import type {
  DeltaMessage,
  LiveEvent,
  NamedRow,
  PoolFields,
  ServerMessage,
  SnapshotMessage,
  Topic,
  TopicChange,
} from './protocol.ts';
import { backendTopic, poolTopic, subjectOf, type TopicKey } from './topics.ts';

/** How many events the page keeps beside those that it asked for. Older ones are in the journal. */
export const EVENTS_KEPT = 200;

export interface Model {
  /** The process that all this is from. */
  readonly instance: string;
  /** Number of the last message applied; 0 after a poll, since a poll is not numbered. */
  readonly seq: number;
  /** The server's clock at the last message, milliseconds since the epoch. Ages count from it. */
  readonly atMs: number;
  /** The second that the figures belong to, seconds since the epoch. */
  readonly second: number;
  /** By the name of the topic; null where there is no such thing. */
  readonly topics: ReadonlyMap<string, Topic | null>;
}

/** What became of a message. `resync`: ask for a fresh snapshot, and apply nothing before it. */
export type Outcome =
  | { readonly kind: 'applied'; readonly model: Model }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'resync' };

/**
 * Applies one message.
 *
 * A whole snapshot always applies. Anything else applies only as the direct successor of the last
 * message: an older number is a repetition and is ignored, a newer one means that something was
 * missed.
 */
export function applyMessage(model: Model | null, message: ServerMessage): Outcome {
  if (message.type === 'outdated') return { kind: 'ignored' };
  if (message.type === 'snapshot' && message.isWhole) return { kind: 'applied', model: applySnapshot(model, message) };
  if (model === null) return { kind: 'resync' };
  if (message.seq <= model.seq) return { kind: 'ignored' };
  if (message.seq !== model.seq + 1) return { kind: 'resync' };
  if (message.type === 'snapshot') return { kind: 'applied', model: applySnapshot(model, message) };
  if (message.type === 'delta') return { kind: 'applied', model: applyDelta(model, message) };
  return { kind: 'applied', model: { ...model, seq: message.seq, topics: withEvent(model.topics, message.event) } };
}

/** A snapshot tells some topics whole; of another process it tells all that there is. */
function applySnapshot(model: Model | null, message: SnapshotMessage): Model {
  const { instance, seq, atMs, second } = message;
  const topics = new Map(model?.instance === instance ? model.topics : []);
  for (const [name, topic] of Object.entries(message.topics)) topics.set(name, topic);
  return { instance, seq, atMs, second, topics };
}

function applyDelta(model: Model, { seq, atMs, second, topics: changes }: DeltaMessage): Model {
  const topics = new Map(model.topics);
  for (const [name, change] of Object.entries(changes)) {
    const old = topics.get(name);
    // One that nobody wants any more.
    if (old !== undefined) topics.set(name, applyChange(old, change));
  }
  return { ...model, seq, atMs, second, topics };
}

function applyChange(topic: Topic | null, change: TopicChange | null): Topic | null {
  if (change === null) return null;
  const fields = change.fields === undefined && topic !== null ? topic.fields : { ...topic?.fields, ...change.fields };
  const rows = mergeRows(topic?.rows, change);
  return rows === undefined ? { fields } : { fields, rows };
}

/** `order`, where present, says which rows remain and how they stand. */
function mergeRows(rows: readonly NamedRow[] | undefined, change: TopicChange): readonly NamedRow[] | undefined {
  if (change.rows === undefined && change.order === undefined) return rows;
  const byName = new Map((rows ?? []).map((row) => [row.name, row]));
  for (const row of change.rows ?? []) byName.set(row.name, { ...byName.get(row.name), ...row });
  const names = change.order ?? (rows ?? []).map(({ name }) => name);
  return names.flatMap((name) => byName.get(name) ?? []);
}

function withEvent(topics: Model['topics'], event: LiveEvent): Model['topics'] {
  const next = new Map(topics);
  for (const [name, topic] of topics) {
    if (subjectOf(name) !== 'events' || topic === null) continue;
    const { events } = topic.fields as { readonly events: readonly LiveEvent[] };
    if ((events.at(-1)?.id ?? 0) >= event.id) continue;
    next.set(name, { fields: { events: [...events.slice(1 - EVENTS_KEPT), event] } });
  }
  return next;
}

/** The same without the topics that nobody wants any more; the same object where all are wanted. */
export function keepTopics(model: Model, wanted: ReadonlySet<string>): Model {
  if ([...model.topics.keys()].every((name) => wanted.has(name))) return model;
  return { ...model, topics: new Map([...model.topics].filter(([name]) => wanted.has(name))) };
}

/** `model`, with what it lacks from `other`: what is asked for while the picture stands still. */
export function withMissing(model: Model, other: Model): Model {
  const missing = [...other.topics].filter(([name]) => !model.topics.has(name));
  return missing.length === 0 ? model : { ...model, topics: new Map([...model.topics, ...missing]) };
}

/** Null where there is no such thing, undefined while it has not been told. */
export function topicOf<Fields extends object, Row extends NamedRow>(
  model: Model | null,
  key: TopicKey<Fields, Row>,
): Topic<Fields, Row> | null | undefined {
  return model?.topics.get(key) as Topic<Fields, Row> | null | undefined;
}

/** A pool's own fields, once for each window of it that is followed. They can differ for a second. */
export function poolsNamed(model: Model | null, name: string): PoolFields[] {
  const subject = poolTopic(name);
  const topics = [...(model?.topics ?? [])].filter(([topic]) => subjectOf(topic) === subject);
  return topics.flatMap(([, value]) => (value === null ? [] : [value.fields as PoolFields]));
}

/** A backend, from its own topic and from every window of its pool. They can differ for a second. */
export function backendsNamed(model: Model | null, pool: string, name: string): BackendStatus[] {
  const own = topicOf(model, backendTopic(pool, name));
  const found: BackendStatus[] = own == null ? [] : [own.fields];
  const subject = poolTopic(pool);
  for (const [topic, value] of model?.topics ?? []) {
    if (value === null || subjectOf(topic) !== subject) continue;
    const row = value.rows?.find((backend) => backend.name === name);
    if (row !== undefined) found.push(row as BackendStatus);
  }
  return found;
}

export function poolOf(model: Model | null, name: string): PoolFields | null {
  return poolsNamed(model, name)[0] ?? null;
}

export function backendOf(model: Model | null, pool: string, name: string): BackendStatus | null {
  return backendsNamed(model, pool, name)[0] ?? null;
}
