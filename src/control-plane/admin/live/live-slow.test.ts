import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AdminSide,
  type AdminSideOptions,
  type LivePage,
  startAdminSide,
} from '../../../../test/harness/admin-side.ts';
import { openDeaf } from '../../../../test/harness/deaf-page.ts';
import { eventually, within } from '../../../../test/harness/eventually.ts';
import { PING_MS, STALLED_MS } from './live-client.ts';

const start = (t: TestContext, options?: AdminSideOptions): Promise<AdminSide> =>
  startAdminSide({ after: (undo) => t.after(undo) }, options);

/** Something for every page to be told. */
const say = (side: AdminSide, text: string): void =>
  void side.journal.add({ level: 'info', kind: 'tested', subject: '', text, origin: 'test' });

/** Waits until a figure has stood still for a moment. */
async function untilStill(figure: () => number): Promise<void> {
  for (let before = -1; before !== figure(); ) {
    before = figure();
    await delay(150);
  }
}

describe('live channel: slow pages', () => {
  const LONG = 'x'.repeat(64 * 1024);
  /** 26 MB: far more than the buffers of both sockets and the bound together. */
  const ROUNDS = 400;

  /** Tells all pages more than a deaf one can be sent; `quick` reads it all. */
  async function flood(side: AdminSide, quick: LivePage): Promise<void> {
    await quick.hello('totals', 'events');
    for (let i = 0; i < ROUNDS; i++) {
      say(side, `${i} ${LONG}`);
      assert.match((await quick.next('event')).event.text, new RegExp(`^${i} `));
    }
  }

  it('queues nothing for one, tells the others all, and starts anew when it reads again', async (t) => {
    const side = await start(t);
    const quick = await side.open();
    const slow = await openDeaf(t, side.port, true);
    await flood(side, quick);
    slow.socket.resume();
    await eventually(
      'the slow page to have caught up',
      async () => {
        // The test's seconds must not run ahead of what the page takes in real ones: it would be cut.
        await untilStill(() => slow.messages.length);
        await side.pass(1);
        await quick.next('delta');
        const types = slow.messages.map(({ type }) => type);
        return types.lastIndexOf('snapshot') > 0 && types.at(-1) === 'delta';
      },
      60_000,
    );
    const { messages } = slow;
    const events = messages.filter(({ type }) => type === 'event').length;
    assert.ok(events < ROUNDS, `${events} of ${ROUNDS} events were kept for it`);
    // From the snapshot on the numbers follow one another, as for every page.
    const from = messages.findLastIndex(({ type }) => type === 'snapshot');
    const numbers = messages.slice(from).map((message) => (message.type === 'outdated' ? 0 : message.seq));
    for (let i = 1; i < numbers.length; i++) assert.equal(numbers[i], (numbers[i - 1] ?? 0) + 1);
  });

  it('cuts one that stands still for 30 s, and no other', async (t) => {
    const side = await start(t);
    const quick = await side.open();
    const slow = await openDeaf(t, side.port);
    await flood(side, quick);
    for (let second = 0; second < STALLED_MS / 1000 + 1; second++) {
      assert.equal(slow.socket.destroyed, false);
      await side.pass(1);
      await quick.next('delta');
    }
    // Its end is behind what it has not read.
    slow.socket.resume();
    await within('the slow page to be cut', 30_000, slow.closed);
    assert.ok(slow.messages.every(({ type }) => type !== 'delta'));
    await quick.settle();
  });

  it('cuts one that does not answer a ping', async (t) => {
    const side = await start(t);
    // A page that reads but never answers: frames are taken and thrown away.
    const silent = await openDeaf(t, side.port);
    silent.socket.resume();
    const page = await side.open();
    let pings = 0;
    page.socket.on('ping', () => pings++);
    for (let round = 1; round <= 2; round++) {
      await side.pass(PING_MS / 1000);
      await eventually(`ping ${round}`, () => pings === round);
      // Its answer to the ping comes before this one.
      await page.settle();
    }
    await side.pass(1);
    await within('the silent page to be cut', 30_000, silent.closed);
    assert.equal(page.closed, null);
  });
});
