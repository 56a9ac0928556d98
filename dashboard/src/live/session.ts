/**
 * The page's connection to the balancer: opens the live channel, says which topics are wanted,
 * applies the messages, notices when it has gone quiet, comes back by itself, and falls back to
 * polling where WebSockets are blocked. Started once by `main.tsx`; all that it learns is in the
 * signals below.
 *
 * Three things must hold. Figures that are not fresh are never shown as fresh: `link` says so.
 * A missed message is never papered over: a fresh snapshot is asked for, and nothing is applied
 * before it. A hidden page follows nothing but the totals, so that title and icon stay true, and
 * asks for the rest again when it is looked at.
 */
import { batch, computed, effect, signal } from '@preact/signals';
import { type ClientMessage, PAGE_VERSION, type ServerMessage } from '../protocol.ts';
import { applyMessage, keepTopics, type Model, withMissing } from '../store.ts';
import { TOTALS } from '../topics.ts';
import { ApiError, getSnapshot, liveUrl } from './api.ts';
import { backoffMs } from './backoff.ts';
import { wanted } from './wants.ts';

/**
 * - `connecting`: nothing has been heard yet.
 * - `live`: the channel is open and messages arrive.
 * - `lost`: no channel; figures are from `model.atMs`.
 * - `polling`: WebSockets fail, but the API answers: fresh every 5 s.
 * - `signed-out`: the API wants a token.
 * - `outdated`: server and page speak different versions of the channel.
 */
export type Link = 'connecting' | 'live' | 'lost' | 'polling' | 'signed-out' | 'outdated';

/** Deltas come once a second; this much silence means that the connection is dead. */
const SILENCE_MS = 5_000;
const POLL_MS = 5_000;
/** Failures of the channel, while the API answers, before polling takes over. */
const FAILURES_BEFORE_POLLING = 3;
/** How often the channel is tried again while polling. */
const RETRY_WHILE_POLLING_MS = 30_000;
/** The server takes 20 messages a second; somebody who types asks for less. */
const TOPICS_PACE_MS = 100;

export const link = signal<Link>('connecting');
/** The latest that was heard, painted or not. Title, icon and announcements follow this one. */
export const latest = signal<Model | null>(null);
/** Set while the operator has stopped the picture. */
export const isPaused = signal(false);
/** What the screens show: the latest, or the picture at the moment of the pause. */
export const shown = signal<Model | null>(null);
/** When the channel will be tried again, by this computer's clock; null while it is not waiting. */
export const retryAtMs = signal<number | null>(null);

/** Figures that are not being refreshed are greyed. */
export const isStale = computed(() => link.value !== 'live' && link.value !== 'polling');

const isHidden = signal(document.visibilityState === 'hidden');
const HIDDEN_TOPICS: ReadonlySet<string> = new Set([TOTALS]);
/** What the server is to send. */
const followed = computed(() => (isHidden.value ? HIDDEN_TOPICS : wanted.value));

let socket: WebSocket | null = null;
/** What it has been told; null before the hello. */
let told: ReadonlySet<string> | null = null;
let failures = 0;
let isResyncing = false;
let silenceTimer: ReturnType<typeof setTimeout> | undefined;
let retryTimer: ReturnType<typeof setTimeout> | undefined;
let pollTimer: ReturnType<typeof setTimeout> | undefined;
let topicsTimer: ReturnType<typeof setTimeout> | undefined;

export function startSession(): void {
  effect(() => {
    const model = latest.value;
    if (isHidden.value) return;
    if (!isPaused.value || model === null) shown.value = model;
    // A screen that is opened during a pause shows what it gets first, and stands still then.
    else shown.value = withMissing(shown.peek() ?? model, model);
  });
  effect(() => {
    void followed.value;
    tellTopics();
  });
  document.addEventListener('visibilitychange', () => {
    isHidden.value = document.visibilityState === 'hidden';
    if (!isHidden.value && link.value === 'lost') connect();
    if (!isHidden.value) refresh();
  });
  addEventListener('online', () => {
    if (link.value === 'lost') connect();
  });
  // A page that goes into the back/forward cache must not hold its socket open.
  addEventListener('pagehide', () => drop());
  addEventListener('pageshow', (event) => {
    if (event.persisted) connect();
  });
  connect();
}

/** Opens the channel now, whatever was waiting. */
export function connect(): void {
  drop();
  const current = new WebSocket(liveUrl());
  socket = current;
  watchSilence();
  current.addEventListener('open', () => {
    if (socket !== current) return;
    told = followed.peek();
    say(current, { op: 'hello', version: PAGE_VERSION, topics: [...told] });
  });
  current.addEventListener('message', (event) => {
    if (socket === current && typeof event.data === 'string') receive(current, event.data);
  });
  current.addEventListener('close', () => {
    if (socket === current) void fail();
  });
}

function say(current: WebSocket, message: ClientMessage): void {
  if (current.readyState === WebSocket.OPEN) current.send(JSON.stringify(message));
}

/** Lets go of the channel without trying again. */
function drop(): void {
  clearTimeout(silenceTimer);
  clearTimeout(retryTimer);
  clearTimeout(topicsTimer);
  topicsTimer = undefined;
  retryAtMs.value = null;
  isResyncing = false;
  told = null;
  const old = socket;
  socket = null;
  old?.close();
}

/** Says what is wanted now: at once, or a moment after it was said last. */
function tellTopics(): void {
  if (topicsTimer !== undefined) return;
  topicsTimer = setTimeout(() => {
    topicsTimer = undefined;
    if (socket !== null && told !== null && !isSame(told, followed.peek())) tellTopics();
  }, TOPICS_PACE_MS);
  const topics = followed.peek();
  const model = latest.peek();
  if (model !== null) latest.value = keepTopics(model, topics);
  if (link.peek() === 'polling') void poll();
  if (socket === null || told === null || isSame(told, topics)) return;
  told = topics;
  say(socket, { op: 'topics', topics: [...topics] });
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((topic) => b.has(topic));
}

function watchSilence(): void {
  clearTimeout(silenceTimer);
  silenceTimer = setTimeout(() => void fail(), SILENCE_MS);
}

function receive(current: WebSocket, text: string): void {
  watchSilence();
  const message = JSON.parse(text) as ServerMessage;
  if (message.type === 'outdated' || (message.type === 'snapshot' && message.version !== PAGE_VERSION)) {
    drop();
    clearTimeout(pollTimer);
    link.value = 'outdated';
    return;
  }
  if (message.type === 'snapshot' && message.isWhole) isResyncing = false;
  if (isResyncing) return;
  const outcome = applyMessage(latest.peek(), message);
  if (outcome.kind === 'ignored') return;
  if (outcome.kind === 'resync') {
    isResyncing = true;
    say(current, { op: 'resync' });
    return;
  }
  failures = 0;
  clearTimeout(pollTimer);
  batch(() => {
    // What the server goes on sending stays, though nobody wants it just now: it may be wanted again
    // before that was told, and is not sent whole a second time then.
    latest.value = keepTopics(outcome.model, told ?? followed.peek());
    link.value = 'live';
  });
}

/** The channel could not be opened, has ended, or has gone quiet. The API tells which it is. */
async function fail(): Promise<void> {
  drop();
  failures += 1;
  if (link.value === 'polling') {
    retryIn(RETRY_WHILE_POLLING_MS);
    return;
  }
  if (link.value === 'live') link.value = 'lost';
  const isReachable = await probe();
  if (link.value === 'signed-out' || socket !== null) return;
  if (isReachable && failures >= FAILURES_BEFORE_POLLING) {
    link.value = 'polling';
    void poll();
    retryIn(RETRY_WHILE_POLLING_MS);
    return;
  }
  if (link.value !== 'lost') link.value = 'lost';
  retryIn(backoffMs(failures, Math.random()));
}

function retryIn(ms: number): void {
  clearTimeout(retryTimer);
  retryAtMs.value = link.value === 'lost' ? Date.now() + ms : null;
  retryTimer = setTimeout(connect, ms);
}

/** Asks the API once. Answers whether it can be reached with this session. */
async function probe(): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (isUnauthorized(error)) signOut();
    return false;
  }
}

/** Reads what is wanted over the API, and shows it once the channel has been given up. */
async function ask(): Promise<void> {
  const snapshot = await getSnapshot([...followed.peek()]);
  if (failures < FAILURES_BEFORE_POLLING) return;
  const outcome = applyMessage(latest.peek(), snapshot);
  if (outcome.kind === 'applied') latest.value = keepTopics(outcome.model, followed.peek());
}

async function poll(): Promise<void> {
  clearTimeout(pollTimer);
  if (link.peek() !== 'polling') return;
  try {
    await ask();
  } catch (error) {
    if (isUnauthorized(error)) {
      signOut();
      return;
    }
    link.value = 'lost';
    failures = 1;
    retryIn(backoffMs(failures, Math.random()));
    return;
  }
  clearTimeout(pollTimer);
  if (link.peek() === 'polling') pollTimer = setTimeout(() => void poll(), POLL_MS);
}

/** Called after a write, so that a polled page shows its effect at once. */
export function refresh(): void {
  if (link.peek() === 'polling') void poll();
}

export function isUnauthorized(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** The session is over: nothing more is asked until there is a new one. */
export function signOut(): void {
  drop();
  clearTimeout(pollTimer);
  link.value = 'signed-out';
}

/** After a successful sign-in. */
export function signedIn(): void {
  failures = 0;
  link.value = 'connecting';
  connect();
}

export function togglePause(): void {
  isPaused.value = !isPaused.value;
}
