import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../test/harness/fake-clock.ts';
import { type FailureCode, failureOf } from '../../protocol/failures.ts';
import { BACKEND_COUNTERS, State, WORKER_COUNTERS } from '../../state/layout.ts';
import { Journal } from '../journal.ts';
import { ShortageWatch } from './shortage-watch.ts';

function make() {
  const state = State.create({ workers: 2, pools: 1, backends: 2, routes: 1 });
  const clock = new FakeClock();
  const journal = new Journal();
  const watch = new ShortageWatch(state, journal, clock);
  const add = (cell: number, by: number): void => {
    state.counters[cell] = (state.counters[cell] ?? 0) + by;
  };
  return {
    turnAway: (worker: number, by = 1) =>
      add(state.workerCounters(worker) + WORKER_COUNTERS.FIRST_FAILURE + failureOf('CONNECTIONS_FULL').index, by),
    failConnect: (backend: number, code: FailureCode, by = 1) =>
      add(state.backendCounters(1, backend) + BACKEND_COUNTERS.FIRST_FAILURE + failureOf(code).index, by),
    /** So many seconds, with something in each. */
    seconds: async (count: number, inEach: () => void = () => {}): Promise<void> => {
      for (let second = 0; second < count; second++) {
        inEach();
        await clock.advance(1_000);
        watch.look();
      }
    },
    underWay: () => watch.underWay(),
    told: () => journal.latest(100).map(({ level, kind }) => `${level} ${kind}`),
    texts: () => journal.latest(100).map(({ text }) => text),
  };
}

describe('shortage watch', () => {
  it('has nothing to say while nothing is short', async () => {
    const { seconds, told } = make();
    await seconds(30);
    assert.deepEqual(told(), []);
  });

  it('tells a shortage once, and its end once it has been quiet for 10 s', async () => {
    const { seconds, turnAway, told, texts } = make();
    await seconds(3);
    await seconds(20, () => turnAway(1, 50));
    assert.deepEqual(told(), ['bad connections-full']);
    // A pause within it is no end.
    await seconds(8);
    await seconds(1, () => turnAway(0, 1));
    await seconds(9);
    assert.deepEqual(told(), ['bad connections-full']);
    await seconds(1);
    assert.deepEqual(told(), ['bad connections-full', 'good connections-full-over']);
    assert.match(texts()[1] ?? '', /1001 times/);
    await seconds(60);
    assert.equal(told().length, 2);
    await seconds(1, () => turnAway(0));
    assert.deepEqual(told().slice(2), ['bad connections-full']);
  });

  it('tells one kind from another, also where it came up in an attempt', async () => {
    const { seconds, failConnect, told } = make();
    await seconds(1, () => failConnect(1, 'DESCRIPTORS_EXHAUSTED'));
    await seconds(1, () => failConnect(0, 'PORTS_EXHAUSTED'));
    assert.deepEqual(told(), ['bad descriptors-exhausted', 'bad ports-exhausted']);
    // The failures of a backend are no shortage.
    await seconds(1, () => failConnect(0, 'UPSTREAM_CONNECT_REFUSED'));
    assert.equal(told().length, 2);
  });

  it('shows what is short now, since when, and how often', async () => {
    const { seconds, turnAway, underWay } = make();
    await seconds(2);
    assert.deepEqual(underWay(), []);
    await seconds(3, () => turnAway(0, 5));
    const [shortage, ...others] = underWay();
    assert.deepEqual(others, []);
    assert.deepEqual([shortage?.code, shortage?.count], ['CONNECTIONS_FULL', 15]);
    const sinceMs = shortage?.sinceMs;
    await seconds(1, () => turnAway(1));
    assert.deepEqual([underWay()[0]?.sinceMs, underWay()[0]?.count], [sinceMs, 16]);
    await seconds(10);
    assert.deepEqual(underWay(), []);
  });

  it('takes a cleared row for what it is', async () => {
    const { seconds, failConnect, told } = make();
    await seconds(1, () => failConnect(1, 'PORTS_EXHAUSTED', 5));
    await seconds(1, () => failConnect(1, 'PORTS_EXHAUSTED', -5));
    await seconds(9);
    assert.deepEqual(told(), ['bad ports-exhausted', 'good ports-exhausted-over']);
  });
});
