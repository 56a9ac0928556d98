/**
 * The page's connection to the balancer: opens the live channel, applies its messages, notices
 * when it has gone quiet, comes back by itself, and falls back to polling where WebSockets are
 * blocked. Started once by `main.tsx`; all that it learns is in the signals below.
 *
 * Three things must hold. Figures that are not fresh are never shown as fresh: `link` says so.
 * A missed message is never papered over: a fresh snapshot is asked for, and nothing is applied
 * before it. A hidden or paused page keeps listening, so that title and icon stay true, but does
 * not paint.
 */
import { batch, computed, effect, signal } from '@preact/signals';
import { appendSeconds, type History, historyFrom } from '../history.ts';
import { LIVE_VERSION, type ServerMessage } from '../protocol.ts';
import { applyMessage, applyStatus, type Model } from '../store.ts';
import { ApiError, getStatus, liveUrl } from './api.ts';
import { backoffMs } from './backoff.ts';

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

/** Mutable: read it when `shown` has changed. */
export let poolHistory: History = new Map();

const isHidden = signal(document.visibilityState === 'hidden');

let socket: WebSocket | null = null;
let failures = 0;
let isResyncing = false;
let silenceTimer: ReturnType<typeof setTimeout> | undefined;
let retryTimer: ReturnType<typeof setTimeout> | undefined;
let pollTimer: ReturnType<typeof setTimeout> | undefined;

export function startSession(): void {
  effect(() => {
    if (!isPaused.value && !isHidden.value) shown.value = latest.value;
  });
  document.addEventListener('visibilitychange', () => {
    isHidden.value = document.visibilityState === 'hidden';
    if (!isHidden.value && link.value === 'lost') connect();
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
  current.addEventListener('message', (event) => {
    if (socket === current && typeof event.data === 'string') receive(current, event.data);
  });
  current.addEventListener('close', () => {
    if (socket === current) void fail();
  });
}

/** Lets go of the channel without trying again. */
function drop(): void {
  clearTimeout(silenceTimer);
  clearTimeout(retryTimer);
  retryAtMs.value = null;
  isResyncing = false;
  const old = socket;
  socket = null;
  old?.close();
}

function watchSilence(): void {
  clearTimeout(silenceTimer);
  silenceTimer = setTimeout(() => void fail(), SILENCE_MS);
}

function receive(current: WebSocket, text: string): void {
  watchSilence();
  const message = JSON.parse(text) as ServerMessage;
  if (message.type === 'snapshot') {
    if (message.version !== LIVE_VERSION) {
      drop();
      clearTimeout(pollTimer);
      link.value = 'outdated';
      return;
    }
    isResyncing = false;
    poolHistory = historyFrom(message.history);
  } else if (isResyncing) {
    return;
  }
  const outcome = applyMessage(latest.peek(), message);
  if (outcome.kind === 'ignored') return;
  if (outcome.kind === 'resync') {
    isResyncing = true;
    current.send(JSON.stringify({ op: 'resync' }));
    return;
  }
  if (message.type === 'delta') {
    const names = outcome.model.status.pools.map((pool) => pool.name);
    appendSeconds(poolHistory, message.atMs, message.seconds, names);
  }
  failures = 0;
  clearTimeout(pollTimer);
  batch(() => {
    latest.value = outcome.model;
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

/** Reads the status once. Answers whether the API can be reached with this session. */
async function probe(): Promise<boolean> {
  try {
    const status = await getStatus();
    if (failures >= FAILURES_BEFORE_POLLING) latest.value = applyStatus(latest.peek(), status, Date.now());
    return true;
  } catch (error) {
    if (isUnauthorized(error)) signOut();
    return false;
  }
}

async function poll(): Promise<void> {
  clearTimeout(pollTimer);
  if (link.peek() !== 'polling') return;
  try {
    const status = await getStatus();
    if (link.peek() !== 'polling') return;
    latest.value = applyStatus(latest.peek(), status, Date.now());
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
  pollTimer = setTimeout(() => void poll(), POLL_MS);
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
