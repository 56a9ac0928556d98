import type { ComponentChild } from 'preact';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { latest, link, shown } from '../live/session.ts';
import { wanted } from '../live/wants.ts';
import type { TapFields, TappedRequest } from '../protocol.ts';
import { applyMessage } from '../store.ts';
import { delta, snapshot } from '../test-data.ts';
import { TapPanel } from './tap-panel.tsx';
import { clearTap, endTap, startTap, tap, tapped } from './tap-session.ts';
import { attempt, tapped as request } from './test-requests.ts';

let host: HTMLElement;
let seq = 1;

beforeEach(() => {
  host = document.createElement('div');
  document.body.append(host);
  seq = 1;
  hear(snapshot({}));
});

afterEach(() => {
  render(null, host);
  host.remove();
  clearTap();
  latest.value = null;
  shown.value = null;
  vi.unstubAllGlobals();
});

const paint = (node: ComponentChild): void => {
  void act(() => render(node, host));
};
const settle = (): Promise<void> => act(async () => new Promise((resolve) => setTimeout(resolve, 5)));

function hear(message: Parameters<typeof applyMessage>[1]): void {
  const outcome = applyMessage(latest.value, message);
  if (outcome.kind !== 'applied') throw new Error(outcome.kind);
  latest.value = outcome.model;
  shown.value = outcome.model;
  link.value = 'live';
}

const fields = (more: Partial<TapFields> = {}): TapFields => ({
  isOn: true,
  endsAtMs: 1_300_000,
  matched: 0,
  shown: 0,
  ...more,
});

/** The server tells the tap whole. */
async function tell(rows: readonly TappedRequest[], more: Partial<TapFields> = {}, topic = 'tap'): Promise<void> {
  seq += 1;
  hear(snapshot({ [topic]: { fields: fields({ shown: rows.length, ...more }), rows } }, { seq, isWhole: false }));
  await settle();
}

const names = (): string[] =>
  [...host.querySelectorAll('[data-row]')].map((row) => row.getAttribute('data-testid') ?? '');
const textOf = (testid: string): string => host.querySelector(`[data-testid="${testid}"]`)?.textContent ?? '';

test('nothing is asked for before the start, nor after the end', async () => {
  expect(wanted.value.has('tap?pool=web')).toBe(false);
  startTap({ pool: 'web' });
  await settle();
  expect(wanted.value.has('tap?pool=web')).toBe(true);
  expect(tap.value.phase).toBe('starting');
  await tell([request()], {}, 'tap?pool=web');
  expect(tap.value.phase).toBe('on');
  endTap('asked');
  await settle();
  expect(wanted.value.has('tap?pool=web')).toBe(false);
  expect([tap.value.phase, tap.value.end, tapped.value.length]).toEqual(['over', 'asked', 1]);
});

test('it ends by its time and keeps what it has; one without room waits for it', async () => {
  startTap({});
  await tell([], { endsAtMs: 1_000_900 });
  await tell([request()], { isOn: false, endsAtMs: 1_000_900 });
  expect([tap.value.phase, tap.value.end, tapped.value.length]).toEqual(['over', 'time', 1]);
  expect(wanted.value.has('tap')).toBe(false);
  startTap({ pool: 'x' });
  await tell([], { isOn: false, endsAtMs: 0 }, 'tap?pool=x');
  paint(<TapPanel filter={{ pool: 'x' }} />);
  expect(textOf('tap-state')).toContain('no room');
  await tell([], {}, 'tap?pool=x');
  paint(<TapPanel filter={{ pool: 'x' }} />);
  expect(textOf('tap-state')).toBe('Tapping');
});

test('a hidden page taps nothing, and does not go on by itself', async () => {
  startTap({});
  await tell([request()]);
  const state = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  document.dispatchEvent(new Event('visibilitychange'));
  state.mockRestore();
  document.dispatchEvent(new Event('visibilitychange'));
  await settle();
  expect([tap.value.phase, tap.value.end]).toEqual(['over', 'hidden']);
  expect(wanted.value.has('tap')).toBe(false);
});

test('rows stand still while the keyboard is among them, and what came meanwhile is counted', async () => {
  startTap({});
  await tell([request({ name: '0-1', status: 502, code: 'UPSTREAM_RESET' })]);
  paint(<TapPanel filter={{}} />);
  expect(names()).toEqual(['request-0-1']);
  expect(textOf('request-0-1')).toContain('UPSTREAM_RESET');
  expect(textOf('tap-counts')).toBe('1 shown of 0 that matched');
  void act(() => host.querySelector<HTMLElement>('[data-row]')?.focus());
  await tell([request({ name: '0-1' }), request({ name: '0-2', atMs: 1_000_500 })]);
  expect(names()).toEqual(['request-0-1']);
  expect(textOf('tap-new')).toBe('1 new');
  void act(() => host.querySelector<HTMLElement>('[data-testid="tap-new"]')?.click());
  expect(names()).toEqual(['request-0-2', 'request-0-1']);
});

test('fields that are changed later look through what is there', async () => {
  startTap({});
  await tell([request({ name: '0-1' }), request({ name: '0-2', attempts: [attempt('b2')] })]);
  paint(<TapPanel filter={{ backend: 'b2' }} />);
  expect(names()).toEqual(['request-0-2']);
  endTap('asked');
  paint(<TapPanel filter={{ backend: 'b9' }} />);
  expect(textOf('tap-empty')).toBe('None of the 2 requests that were shown matches these fields.');
  expect(textOf('tap-state')).toBe('Stopped');
});

test('a delta adds rows, and what the server lets go stays', async () => {
  startTap({});
  await tell([request({ name: '0-1' })]);
  seq += 1;
  const row = request({ name: '0-2', atMs: 1_000_500 });
  hear(delta(seq, { tap: { fields: { shown: 2 }, rows: [row], order: ['0-2'] } }));
  await settle();
  expect(tapped.value.map(({ name }) => name)).toEqual(['0-2', '0-1']);
  expect(tap.value.fields?.shown).toBe(2);
});

test('a story opens over its row and steps through the list', async () => {
  vi.stubGlobal('fetch', async () => Response.json({ failures: [] }));
  startTap({});
  await tell([request({ name: '0-1' }), request({ name: '0-2', atMs: 1_000_500, status: 404 })]);
  paint(<TapPanel filter={{}} />);
  void act(() => host.querySelector<HTMLElement>('[data-testid="request-0-2"] [data-open]')?.click());
  expect(textOf('story-words')).toContain('answered');
  expect(textOf('waterfall')).toContain('Try 1');
  void act(() => host.querySelector<HTMLElement>('[data-testid="story-older"]')?.click());
  expect(textOf('story-words')).toContain('Sent to b1; answered 200');
  expect(host.querySelector('[data-testid="story-older"]')?.getAttribute('aria-disabled')).toBe('true');
});
