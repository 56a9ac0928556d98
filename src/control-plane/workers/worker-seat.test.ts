import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock, settle } from '../../../test/harness/fake-clock.ts';
import { makeConfig } from '../../../test/harness/make-config.ts';
import type { Plan, ToWorker } from '../../protocol/worker.ts';
import { BACKEND_GAUGES, BACKEND_SHARED, SOCKETS, State, WORKER_GAUGES } from '../../state/layout.ts';
import { Journal } from '../journal.ts';
import { buildPlan } from '../roster/build-plan.ts';
import { type ThreadEvents, WorkerSeat } from './worker-seat.ts';

const CONFIG = makeConfig({ pools: { web: { backends: [] } }, listeners: { web: { address: '127.0.0.1:8080' } } });

/** A seat whose threads are played by the test. */
function make() {
  const state = State.create({ workers: 3, pools: 2, backends: 4, routes: 8 });
  const clock = new FakeClock();
  const journal = new Journal();
  let plan: Plan = buildPlan(CONFIG, [], [], 1);
  let isStopping = false;
  const startFailures: string[] = [];
  const threads: { events: ThreadEvents; posted: ToWorker[]; isEnded: boolean; cpuMs: number | null }[] = [];
  let isStarting = false;
  const seat = new WorkerSeat(1, {
    state,
    clock,
    plan: () => plan,
    connectionCeiling: 500,
    onTapped: () => {},
    taps: () => [],
    heapBytes: 2 ** 30,
    startThread: (_, __, events) => {
      const thread = { events, posted: [] as ToWorker[], isEnded: false, cpuMs: 0 };
      threads.push(thread);
      return {
        post: (message) => thread.posted.push(message),
        end: () => {
          thread.isEnded = true;
        },
        cpuMs: () => Promise.resolve(thread.cpuMs),
      };
    },
    isStopping: () => isStopping,
    takeStartFailure: (text) => {
      if (isStarting) startFailures.push(text);
      return isStarting;
    },
    onFailing: () => {},
    onChange: () => {},
    tell: (level, kind, worker, text) =>
      journal.add({ level, kind, subject: `worker ${worker}`, text, origin: 'test' }),
  });
  const latest = () => {
    const thread = threads.at(-1);
    if (thread === undefined) throw new Error('no thread was started');
    return thread;
  };
  return {
    state,
    clock,
    seat,
    threads,
    latest,
    startFailures,
    kinds: () => journal.latest(100).map(({ kind }) => kind),
    setPlan: (revision: number) => {
      plan = buildPlan(CONFIG, [], [], revision);
    },
    setStopping: () => {
      isStopping = true;
    },
    setStarting: () => {
      isStarting = true;
    },
    beat: () => Atomics.add(state.gauges, state.workerGauges(1) + WORKER_GAUGES.BEAT, 1),
  };
}

describe('worker seat', () => {
  it('replaces a dead thread at once, and takes back what it had in flight', async () => {
    const { state, clock, seat, threads, latest, kinds } = make();
    seat.start();
    latest().events.onMessage({ type: 'listening' });
    assert.equal(seat.state, 'running');
    const shared = state.backendShared(2) + BACKEND_SHARED.IN_FLIGHT;
    Atomics.store(state.shared, shared, 10);
    const [mine, others] = [state.backendGauges(1, 2), state.backendGauges(0, 2)];
    state.gauges[mine + BACKEND_GAUGES.IN_FLIGHT] = 4;
    state.gauges[mine + BACKEND_GAUGES.CONNECTIONS] = 6;
    state.gauges[mine + BACKEND_GAUGES.IDLE] = 2;
    state.gauges[others + BACKEND_GAUGES.IN_FLIGHT] = 6;
    state.gauges[state.workerGauges(1) + WORKER_GAUGES.CLIENT_CONNECTIONS] = 9;
    state.gauges[state.workerGauges(1) + WORKER_GAUGES.EXCHANGES] = 5;
    await clock.advance(5_000);
    latest().events.onExit('Error: boom');
    assert.equal(Atomics.load(state.shared, shared), 6);
    assert.deepEqual([...state.gauges.slice(mine, mine + 3)], [0, 0, 0]);
    assert.equal(state.gauges[others + BACKEND_GAUGES.IN_FLIGHT], 6);
    const { clientConnections, exchanges } = seat.status();
    assert.deepEqual([clientConnections, exchanges], [0, 0]);
    await clock.advance(0);
    assert.equal(threads.length, 2);
    assert.equal(seat.status().restarts, 1);
    assert.deepEqual(kinds(), ['worker-died', 'worker-replaced']);
  });

  it('slows down in a crash loop, and is never away for more than a second', async () => {
    const { clock, seat, threads, latest } = make();
    seat.start();
    const waits: number[] = [];
    for (let death = 0; death < 10; death++) {
      latest().events.onExit('exit code 1');
      const [waitMs = -1] = clock.waits;
      waits.push(waitMs);
      await clock.advance(waitMs);
      assert.equal(threads.length, death + 2);
    }
    assert.deepEqual(waits, [0, 50, 100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000]);
  });

  it('tells a crash loop once, each death in the status, and its end when a thread has lived for 30 s', async () => {
    const { clock, seat, latest, kinds } = make();
    seat.start();
    for (let death = 0; death < 12; death++) {
      latest().events.onExit(`exit code ${death}`);
      await clock.advance(clock.waits[0] ?? 0);
    }
    const told = ['worker-died', 'worker-replaced'];
    assert.deepEqual(kinds(), [...told, ...told, ...told, ...told, 'worker-died', 'worker-crash-loop']);
    assert.equal(seat.status().isCrashLoop, true);
    assert.equal(seat.status().restarts, 12);
    assert.deepEqual(seat.status().lastDeath?.cause, 'exit code 11');
    latest().events.onMessage({ type: 'listening' });
    await clock.advance(29_999);
    assert.equal(seat.status().isCrashLoop, true);
    await clock.advance(1);
    assert.equal(kinds().at(-1), 'worker-crash-loop-over');
    assert.equal(seat.status().isCrashLoop, false);
    latest().events.onExit('exit code 1');
    assert.equal(kinds().at(-1), 'worker-died');
    assert.equal(clock.waits[0], 0);
  });

  it('a thread that dies before the loop is over goes on with it', async () => {
    const { clock, seat, latest, kinds } = make();
    seat.start();
    for (let death = 0; death < 12; death++) {
      latest().events.onMessage({ type: 'listening' });
      await clock.advance(5_000);
      latest().events.onExit('exit code 1');
      await clock.advance(0);
    }
    assert.equal(kinds().filter((kind) => kind === 'worker-crash-loop').length, 1);
    assert.equal(kinds().includes('worker-crash-loop-over'), false);
    seat.stopReplacing();
    assert.equal(clock.pending, 0);
  });

  it('does not replace when stopping, and hears nothing more from a thread that has gone', async () => {
    const { clock, seat, threads, latest, setStopping } = make();
    seat.start();
    const { events } = latest();
    setStopping();
    events.onExit('exit code 0');
    events.onExit('exit code 0');
    events.onMessage({ type: 'listening' });
    await clock.advance(10_000);
    assert.equal(threads.length, 1);
    assert.equal(seat.state, 'dead');
    assert.equal(seat.isEmpty, true);
  });

  it('tells a block and its end, and leaves the thread alone', async () => {
    const { seat, latest, beat, kinds } = make();
    seat.start();
    latest().events.onMessage({ type: 'listening' });
    beat();
    seat.checkBeat();
    for (let check = 0; check < 10; check++) {
      seat.checkBeat();
      await settle();
    }
    assert.equal(seat.status().state, 'blocked');
    beat();
    seat.checkBeat();
    assert.equal(seat.status().state, 'running');
    assert.equal(latest().isEnded, false);
    assert.deepEqual(kinds(), ['worker-blocked', 'worker-unblocked']);
  });

  it('shows how its thread does, what it may have, and when the next one comes', async () => {
    const { state, clock, seat, latest, beat } = make();
    seat.start();
    assert.equal(seat.status().lastBeatMs, null);
    latest().events.onMessage({ type: 'listening' });
    const gauge = state.workerGauges(1);
    state.gauges[gauge + WORKER_GAUGES.CPU_SHARE] = 4_200;
    state.gauges[gauge + WORKER_GAUGES.GC_SHARE] = 150;
    state.gauges[gauge + WORKER_GAUGES.LOOP_DELAY_P99_MICROS] = 1_250;
    state.gauges[gauge + WORKER_GAUGES.SOCKETS] = SOCKETS.PLAIN;
    state.gauges[state.backendGauges(1, 0) + BACKEND_GAUGES.CONNECTIONS] = 3;
    state.gauges[state.backendGauges(1, 3) + BACKEND_GAUGES.CONNECTIONS] = 4;
    state.gauges[state.backendGauges(0, 3) + BACKEND_GAUGES.CONNECTIONS] = 50;
    beat();
    seat.checkBeat();
    const beatMs = clock.wallMs();
    await clock.advance(1_000);
    seat.checkBeat();
    const status = seat.status();
    assert.equal(status.lastBeatMs, beatMs, 'the beat stands still');
    assert.deepEqual([status.cpuShare, status.gcShare, status.loopDelayP99Ms], [0.42, 0.015, 1.25]);
    assert.deepEqual([status.sockets, status.upstreamConnections], ['plain', 7]);
    // Those of the descriptors are fewer than those of the config.
    assert.deepEqual([status.connectionLimit, status.heapLimitBytes], [500, 2 ** 30]);

    latest().events.onExit('exit code 7');
    const dead = seat.status();
    assert.deepEqual([dead.state, dead.lastDeath?.cause, dead.restartAtMs], ['dead', 'exit code 7', clock.wallMs()]);
    assert.deepEqual([dead.cpuShare, dead.upstreamConnections, dead.sockets], [0, 0, null]);
    await clock.advance(0);
    assert.deepEqual([seat.status().state, seat.status().restartAtMs], ['starting', null]);
  });

  it('takes a slow start for no block', async () => {
    const { seat, latest, beat, kinds } = make();
    seat.start();
    for (let check = 0; check < 5; check++) seat.checkBeat();
    latest().events.onMessage({ type: 'listening' });
    seat.checkBeat();
    seat.checkBeat();
    beat();
    seat.checkBeat();
    await settle();
    assert.equal(seat.status().state, 'running');
    assert.deepEqual(kinds(), []);
  });

  it('ends a thread that spins, replaces it, and says what it was', async () => {
    const { clock, seat, threads, latest, beat, kinds } = make();
    seat.start();
    latest().events.onMessage({ type: 'listening' });
    beat();
    seat.checkBeat();
    await clock.advance(60_000);
    for (let check = 0; check < 6; check++) {
      assert.equal(latest().isEnded, false);
      latest().cpuMs = 1_000 * check;
      seat.checkBeat();
      await settle();
    }
    assert.equal(latest().isEnded, true);
    latest().events.onExit('exit code 1');
    assert.equal(seat.status().lastDeath?.cause, 'its event loop was busy with one thing for 6 s');
    await clock.advance(0);
    assert.equal(threads.length, 2);
    assert.deepEqual(kinds(), ['worker-blocked', 'worker-stuck', 'worker-died', 'worker-replaced']);
    for (let check = 0; check < 2; check++) seat.checkBeat();
    assert.equal(latest().isEnded, false, 'the one after it begins anew');
  });

  it('says so where a thread cannot be ended', () => {
    const { seat, latest, beat, kinds } = make();
    seat.start();
    latest().events.onMessage({ type: 'listening' });
    beat();
    for (let check = 0; check < 40; check++) seat.checkBeat();
    assert.equal(latest().isEnded, true);
    assert.deepEqual(kinds(), ['worker-blocked', 'worker-stuck', 'worker-unending']);
  });

  it('sends each plan once, and knows the oldest that its thread may follow', () => {
    const { seat, latest, setPlan } = make();
    seat.start();
    assert.equal(seat.appliedRevision, 1);
    setPlan(3);
    const plan = buildPlan(CONFIG, [], [], 3);
    seat.send(plan);
    seat.send(plan);
    assert.deepEqual(latest().posted, [{ type: 'apply', plan }]);
    assert.equal(seat.appliedRevision, 1);
    latest().events.onMessage({ type: 'applied', revision: 3 });
    assert.equal(seat.appliedRevision, 3);
    latest().events.onExit('exit code 1');
    assert.equal(seat.appliedRevision, Number.POSITIVE_INFINITY);
  });

  it('lets its thread cut a backend, and has nothing to cut without one', () => {
    const { seat, latest, threads } = make();
    seat.cut(3);
    assert.equal(threads.length, 0);
    seat.start();
    seat.cut(3);
    assert.deepEqual(latest().posted, [{ type: 'cut', backend: 3 }]);
  });

  it('a listener that cannot be opened fails the first start, and names the port', () => {
    const { seat, latest, startFailures, setStarting } = make();
    setStarting();
    seat.start();
    latest().events.onMessage({ type: 'listen-failed', listener: 'web', error: 'EADDRINUSE' });
    assert.deepEqual(startFailures, ['listener web cannot listen on 127.0.0.1 port 8080: EADDRINUSE']);
  });

  it('a listener that cannot be opened later ends a new thread and not one that serves others', () => {
    const { seat, latest, kinds } = make();
    const message = { type: 'listen-failed', listener: 'web', error: 'EMFILE' } as const;
    seat.start();
    latest().events.onMessage({ type: 'listening' });
    latest().events.onMessage(message);
    assert.equal(latest().isEnded, false);
    latest().events.onExit('exit code 1');
    seat.start();
    latest().events.onMessage(message);
    assert.equal(latest().isEnded, true);
    assert.deepEqual(kinds(), ['listen-failed', 'worker-died', 'listen-failed']);
  });

  it('knows where its thread accepts for as long as there is one', () => {
    const { seat, latest } = make();
    const open = [{ host: '127.0.0.1', port: 80, connections: 3 }];
    seat.start();
    latest().events.onMessage({ type: 'listeners', open, failed: [] });
    assert.deepEqual(seat.listeners.open, open);
    latest().events.onExit('exit code 1');
    assert.deepEqual(seat.listeners.open, []);
  });

  it('counts what a drain has cut, also where the thread had to be ended', () => {
    const { seat, latest, state, setStopping } = make();
    setStopping();
    seat.start();
    seat.drain(1_000);
    assert.deepEqual(latest().posted, [{ type: 'drain', timeoutMs: 1_000, isHandedOver: false }]);
    state.gauges[state.workerGauges(1) + WORKER_GAUGES.EXCHANGES] = 3;
    latest().events.onExit('exit code 1');
    assert.equal(seat.cutExchanges, 3);
  });
});
