import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FakeClock } from '../../test/harness/fake-clock.ts';
import { MAX_TAPS, TAP_MINUTES, TAP_ROWS, type TapFilter } from '../protocol/tap.ts';
import type { TappedStory, WorkerTap } from '../protocol/worker.ts';
import { Journal } from './journal.ts';
import { Taps } from './taps.ts';

function make(workers = 2) {
  const clock = new FakeClock();
  const journal = new Journal();
  const told: (readonly WorkerTap[])[] = [];
  const taps = new Taps({
    workers,
    tell: (list) => void told.push(list),
    whyOut: (pool, backend) => `down: ${pool}/${backend}`,
    journal,
    clock,
  });
  return {
    clock,
    taps,
    told,
    events: () => journal.latest(100).map(({ kind, text, subject }) => [kind, subject, text]),
    /** What workers show requests to now. */
    now: () => told.at(-1)?.map(({ filter }) => filter) ?? [],
    id: () => told.at(-1)?.at(-1)?.id ?? 0,
    fields: (filter: TapFilter = {}) => taps.read(filter).fields,
    names: (filter: TapFilter = {}) => taps.read(filter).rows?.map(({ name }) => name),
  };
}

const story = (atMs: number, more: Partial<TappedStory> = {}): TappedStory => ({
  atMs,
  client: '127.0.0.1',
  method: 'GET',
  host: 'a.example',
  target: `/${atMs}`,
  version: '1.1',
  fields: [],
  route: 1,
  pool: 'web',
  policy: 'round-robin',
  candidates: [],
  waitedFromMs: null,
  waitedMs: 0,
  attempts: [],
  status: 200,
  code: null,
  bytesIn: 0,
  bytesOut: 0,
  durationMs: 0,
  headMs: null,
  ...more,
});

it('is on for as long as anybody looks, and tells workers of the first and the last of them only', () => {
  const { taps, told, now, fields } = make();
  assert.equal(fields().isOn, false);
  const first = taps.open({ status: '5xx' });
  const second = taps.open({ status: '5xx' });
  assert.deepEqual(now(), [{ status: '5xx' }]);
  assert.equal(told.length, 1);
  first();
  first();
  assert.equal(fields({ status: '5xx' }).isOn, true, 'leaving twice counts once');
  second();
  assert.deepEqual(now(), []);
  assert.equal(told.length, 2);
  assert.deepEqual(taps.read({ status: '5xx' }), {
    fields: { isOn: false, endsAtMs: 0, matched: 0, shown: 0 },
    rows: [],
  });
});

it('divides what may be shown over the workers, and leaves each at least one', () => {
  for (const [workers, perSecond] of [
    [1, 20],
    [2, 10],
    [3, 6],
    [64, 1],
  ] as const) {
    const { taps, told } = make(workers);
    taps.open({});
    assert.equal(told[0]?.[0]?.perSecond, perSecond);
  }
});

it('numbers what each worker shows, by its end, with the reasons of those that are out', () => {
  const { taps, id, fields, names } = make();
  taps.open({});
  const tap = id();
  const candidates = [
    { backend: 'b1', role: 'candidate' as const, reason: '' },
    { backend: 'b2', role: 'out' as const, reason: '' },
  ];
  taps.take(0, {
    counts: [{ tap, matched: 40 }],
    requests: [
      { taps: [tap], request: story(1_000, { durationMs: 500 }) },
      { taps: [tap], request: story(1_600, { candidates }) },
    ],
  });
  taps.take(1, { counts: [{ tap, matched: 2 }], requests: [{ taps: [tap], request: story(1_550) }] });
  assert.deepEqual(names(), ['0-1', '1-1', '0-2']);
  const { matched, shown } = fields();
  assert.deepEqual([matched, shown], [42, 3]);
  const row = taps.read({}).rows?.at(-1);
  assert.equal(row?.worker, 0);
  assert.deepEqual(row?.candidates, [candidates[0], { backend: 'b2', role: 'out', reason: 'down: web/b2' }]);
});

it('keeps the latest, and nothing of a tap that has closed', () => {
  const { taps, id, names } = make();
  const close = taps.open({});
  const tap = id();
  const requests = Array.from({ length: TAP_ROWS + 50 }, (_, i) => ({ taps: [tap], request: story(i) }));
  taps.take(0, { counts: [], requests });
  assert.equal(names()?.length, TAP_ROWS);
  assert.equal(names()?.at(-1), `0-${TAP_ROWS + 50}`);
  close();
  taps.take(0, { counts: [{ tap, matched: 5 }], requests });
  taps.open({});
  assert.deepEqual(names(), []);
  taps.take(0, { counts: [{ tap, matched: 5 }], requests });
  assert.deepEqual(names(), [], 'a report for the old one is none for the new one');
});

it('ends by itself, keeps what it has shown, and begins anew when it is asked for anew', async () => {
  const { clock, taps, id, now, fields, names } = make();
  const close = taps.open({});
  const { endsAtMs } = fields();
  assert.equal(endsAtMs, clock.wallMs() + TAP_MINUTES * 60_000);
  taps.take(0, { counts: [{ tap: id(), matched: 1 }], requests: [{ taps: [id()], request: story(1) }] });
  await clock.advance(TAP_MINUTES * 60_000 - 1);
  assert.equal(fields().isOn, true);
  await clock.advance(1);
  assert.deepEqual(fields(), { isOn: false, endsAtMs, matched: 1, shown: 1 });
  assert.equal(names()?.length, 1);
  assert.deepEqual(now(), []);
  const other = taps.open({});
  assert.deepEqual(fields(), { isOn: true, endsAtMs: clock.wallMs() + TAP_MINUTES * 60_000, matched: 0, shown: 0 });
  assert.deepEqual(now(), [{}]);
  close();
  other();
  assert.deepEqual(now(), []);
  assert.equal(clock.pending, 0, 'no timer is left');
});

it('lets those beyond the limit wait for room, in order', () => {
  const { taps, now, fields } = make();
  const closes = Array.from({ length: MAX_TAPS + 2 }, (_, i) => taps.open({ route: i + 1 }));
  assert.equal(now().length, MAX_TAPS);
  assert.equal(fields({ route: MAX_TAPS + 1 }).isOn, false);
  closes[0]?.();
  assert.equal(fields({ route: MAX_TAPS + 1 }).isOn, true);
  assert.equal(fields({ route: MAX_TAPS + 2 }).isOn, false);
  assert.equal(now().length, MAX_TAPS);
  for (const close of closes) close();
  assert.deepEqual(now(), []);
});

it('tells the journal that somebody looks, but not every letter of a filter', async () => {
  const { clock, taps, events } = make();
  taps.open({ pool: 'web', status: 'failed', minMs: 20, q: 'x' })();
  taps.open({ q: 'xy' })();
  assert.deepEqual(events(), [
    ['tap-opened', 'web', 'single requests are looked at: pool web, those that failed, at least 20 ms, with "x"'],
  ]);
  await clock.advance(60_000);
  taps.open({});
  assert.deepEqual(events().at(-1), ['tap-opened', '', 'single requests are looked at: all']);
});
