import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type AdminSide, startAdminSide } from '../../../test/harness/admin-side.ts';
import type { HistoryAnswer, PoolLinesAnswer } from '../../protocol/history.ts';
import { BACKEND_COUNTERS, POOL_COUNTERS } from '../../state/layout.ts';
import { parseTopic } from './topic-name.ts';

const start = (t: TestContext): Promise<AdminSide> => startAdminSide({ after: (undo) => t.after(undo) });

async function read<T>(side: AdminSide, query: string): Promise<T> {
  const { status, text } = await side.ask(`/api/v1/history?${query}`);
  assert.equal(status, 200, text);
  return JSON.parse(text) as T;
}

/** Three seconds, with these requests of pool and backend b2 in the second of them. */
async function threeSeconds(side: AdminSide): Promise<number> {
  const { state } = side;
  await side.pass(1);
  state.counters[state.poolCounters(0, 0) + POOL_COUNTERS.REQUESTS] = 30;
  state.counters[state.backendCounters(1, 1) + BACKEND_COUNTERS.REQUESTS] = 31;
  state.counters[state.backendCounters(1, 1) + BACKEND_COUNTERS.STATUS_CLASS + 5] = 3;
  await side.pass(2);
  return side.clock.wallMs() / 1000;
}

describe('GET /api/v1/history', () => {
  it('answers the totals, a pool and a backend', async (t) => {
    const side = await start(t);
    const now = await threeSeconds(side);
    const totals = await read<HistoryAnswer>(side, 'topic=totals&range=5m&columns=rps,clientConnections');
    assert.deepEqual(totals, {
      topic: 'totals',
      stepSeconds: 1,
      second: now,
      at: [now - 2, now - 1, now],
      isLastOpen: false,
      columns: { rps: [0, 30, 0], clientConnections: [0, 0, 0] },
    });
    const pool = await read<HistoryAnswer>(side, 'topic=pool:web&range=1m');
    assert.deepEqual(pool.backends, { b1: [0, 0, 0], b2: [0, 31, 0] });
    assert.deepEqual(pool.columns.rps, [0, 30, 0]);
    assert.equal(pool.bands, undefined);
    const backend = await read<HistoryAnswer>(side, 'topic=backend:web/b2&range=6h');
    assert.deepEqual([backend.stepSeconds, backend.isLastOpen, backend.at.length > 0], [60, true, true]);
    assert.deepEqual(Object.keys(backend.columns), ['rps', 'errors', 'inFlight', 'p50', 'p95', 'p99']);
    const later = await read<HistoryAnswer>(side, `topic=pool:web&after=${now - 1}&columns=errors,bands&backends=b2`);
    assert.deepEqual([later.at, later.backends, Object.keys(later.columns)], [[now], { b2: [0] }, ['errors']]);
    assert.equal(later.bands?.counts.length, 1);
    const span = await read<HistoryAnswer>(side, `topic=pool:web&from=${now - 1}&to=${now - 1}`);
    assert.deepEqual(span.columns.rps, [30]);
  });

  it('answers a pool and a backend that no second has seen yet', async (t) => {
    const side = await start(t);
    for (const topic of ['pool:web', 'backend:web/b1']) {
      const answer = await read<HistoryAnswer>(side, `topic=${topic}&range=5m&columns=rps`);
      assert.deepEqual([answer.topic, answer.at, answer.columns, answer.isLastOpen], [topic, [], { rps: [] }, false]);
      assert.ok(Number.isSafeInteger(answer.second));
    }
  });

  it('answers lines of several pools', async (t) => {
    const side = await start(t);
    await threeSeconds(side);
    const lines = await read<PoolLinesAnswer>(side, 'topic=pools&range=5m&pools=web,gone');
    assert.equal(lines.stepSeconds, 5);
    assert.deepEqual(Object.keys(lines.rps), ['web']);
    assert.ok((lines.rps['web'] ?? []).some((value) => value !== null && value > 0));
  });

  it('says what it does not know', async (t) => {
    const side = await start(t);
    await side.pass(1);
    for (const topic of [
      '',
      'nope',
      'pool:gone',
      'pool:web/b1',
      'backend:web/gone',
      'totals:x',
      '%',
      'x'.repeat(5000),
    ]) {
      const answer = await side.ask(`/api/v1/history?topic=${encodeURIComponent(topic)}`);
      assert.deepEqual([answer.status, (JSON.parse(answer.text) as { code: string }).code], [404, 'topic-not-found']);
    }
    for (const query of ['range=2h', 'range=toString', 'columns=speed', 'after=-1', 'from=9&to=3']) {
      assert.equal((await side.ask(`/api/v1/history?topic=totals&${query}`)).status, 400, query);
    }
  });

  it('answers before anything was sampled', async (t) => {
    const side = await start(t);
    const { at } = await read<HistoryAnswer>(side, 'topic=totals&range=7d');
    assert.deepEqual(at, []);
  });
});

describe('names of topics', () => {
  it('holds kind, names and options, and refuses the rest', () => {
    assert.deepEqual(parseTopic('totals')?.path, []);
    const name = parseTopic('backend:web/%5B::1%5D:80?limit=2&q=a%26b');
    assert.deepEqual([name?.kind, name?.path], ['backend', ['web', '[::1]:80']]);
    assert.deepEqual([name?.options.get('limit'), name?.options.get('q')], ['2', 'a&b']);
    for (const wrong of ['', ':', 'Pool:web', '__proto__', 'pool:%zz']) assert.equal(parseTopic(wrong), null, wrong);
  });
});
