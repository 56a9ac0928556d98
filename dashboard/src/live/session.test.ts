import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ClientMessage, ServerMessage } from '../protocol.ts';
import { delta, snapshot } from '../test-data.ts';
import { connect, latest, shown, signedIn, signOut, startSession } from './session.ts';
import { want } from './wants.ts';

/** A channel whose other end is the test. */
class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  readonly readyState = FakeSocket.OPEN;
  readonly said: ClientMessage[] = [];

  send(text: string): void {
    this.said.push(JSON.parse(text) as ClientMessage);
  }

  close(): void {}

  hear(message: ServerMessage): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
  }

  topicsSaid(): (readonly string[])[] {
    return this.said.flatMap((message) => (message.op === 'topics' ? [message.topics] : []));
  }
}

const topic = (value: number) => ({ fields: { value }, rows: [] });
let open: FakeSocket;

vi.stubGlobal(
  'WebSocket',
  Object.assign(
    function openFake(): FakeSocket {
      open = new FakeSocket();
      return open;
    },
    { OPEN: FakeSocket.OPEN },
  ),
);
startSession();

beforeEach(() => {
  vi.useFakeTimers();
  signedIn();
  open.dispatchEvent(new Event('open'));
});

afterEach(() => {
  signOut();
  latest.value = null;
  shown.value = null;
  vi.useRealTimers();
});

test('what is let go of and wanted again before that could be told is still there', async () => {
  const first = want('first');
  await vi.advanceTimersByTimeAsync(200);
  open.hear(snapshot({ first: topic(1) }));
  // Said just now: what comes next waits for its turn.
  const second = want('second');
  await vi.advanceTimersByTimeAsync(1);
  first();
  await vi.advanceTimersByTimeAsync(1);
  open.hear(delta(2));
  const again = want('first');
  await vi.advanceTimersByTimeAsync(200);
  expect(open.topicsSaid()).toEqual([['first'], ['first', 'second']]);
  open.hear(delta(3, { first: { fields: { value: 2 } } }));
  expect(latest.value?.topics.get('first')?.fields).toEqual({ value: 2 });
  again();
  second();
});

test('what is let go of for longer is told, and dropped', async () => {
  const first = want('first');
  await vi.advanceTimersByTimeAsync(200);
  open.hear(snapshot({ first: topic(1) }));
  first();
  await vi.advanceTimersByTimeAsync(200);
  expect(open.topicsSaid()).toEqual([['first'], []]);
  expect(latest.value?.topics.has('first')).toBe(false);
});

test('a channel that is opened anew asks for what is wanted then', async () => {
  const first = want('first');
  await vi.advanceTimersByTimeAsync(200);
  connect();
  open.dispatchEvent(new Event('open'));
  expect(open.said).toEqual([expect.objectContaining({ op: 'hello', topics: ['first'] })]);
  first();
  await vi.advanceTimersByTimeAsync(200);
});
