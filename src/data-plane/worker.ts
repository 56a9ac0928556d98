/**
 * Entry of a worker thread. Started by the supervisor, by URL; nothing imports it.
 *
 * Wires the messages of the control plane to a `DataPlane`, and tells shared memory once a
 * second how this thread is doing.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, ListenFailure, Plan, PlanListener, ToWorker, WorkerStart } from '../protocol/worker.ts';
import { SOCKETS, State, WORKER_COUNTERS, WORKER_GAUGES } from '../state/layout.ts';
import { watchThread } from '../state/thread-vitals.ts';
import { MONOTONIC_CLOCK } from './clock.ts';
import { DataPlane } from './data-plane.ts';
import { TICK_MS } from './deadlines.ts';
import { HeapGuard } from './heap-guard.ts';
import { Listeners } from './listener.ts';
import { TCP_HANDLES } from './tcp-handles.ts';
import { WORKER_HEAP } from './worker-heap.ts';

const VITALS_MS = 1000;

function start(port: NonNullable<typeof parentPort>): void {
  const { worker, memory, capacity, plan, connectionCeiling } = workerData as WorkerStart;
  const state = State.open(memory, capacity);
  const { inherited } = workerData as WorkerStart;
  const report = (message: FromWorker): void => port.postMessage(message);
  const plane = new DataPlane(state, worker, plan, MONOTONIC_CLOCK, report, connectionCeiling);
  const listeners = new Listeners((socket, door) => plane.accept(socket, door), MONOTONIC_CLOCK, inherited);

  // A throw ends this thread, but not at once: until it is torn down, the kernel would go on
  // handing it new clients, and all of them would be lost.
  process.once('uncaughtExceptionMonitor', () => listeners.closeNow());

  const guard = new HeapGuard(WORKER_HEAP, () => MONOTONIC_CLOCK.now());
  // Timers run before sockets are read: after a stall, what has come meanwhile must be read first,
  // or clients would be closed for a silence that was ours.
  const tick = (): void => {
    plane.deadlines.advance();
    plane.heapIs(guard.look());
  };
  setInterval(() => setImmediate(tick), TICK_MS);
  showVitals(state, worker);

  let failed: readonly ListenFailure[] = [];
  let told = '';
  const showListeners = (): void => {
    const { open } = listeners;
    const now = JSON.stringify([open, failed]);
    if (now === told) return;
    told = now;
    report({ type: 'listeners', open, failed });
  };
  setInterval(showListeners, VITALS_MS);
  const applyListeners = async (wanted: readonly PlanListener[]): Promise<readonly ListenFailure[]> => {
    failed = await listeners.apply(wanted);
    report({ type: 'sockets', sockets: listeners.sockets });
    showListeners();
    return failed;
  };
  const listen = async (next: Plan): Promise<boolean> => {
    await applyListeners(next.listeners);
    for (const { listener, error } of failed) report({ type: 'listen-failed', listener, error });
    return failed.length === 0;
  };
  const drain = async (timeoutMs: number, isHandedOver: boolean): Promise<void> => {
    plane.isDraining = true;
    plane.isHandedOver = isHandedOver;
    await listeners.close();
    showListeners();
    const cutExchanges = await new Promise<number>((resolve) => plane.drain(timeoutMs, resolve));
    await plane.accessLog?.close();
    plane.show([]);
    report({ type: 'drained', cutExchanges });
    // The last answers' bytes are the kernel's by now; nothing else is worth waiting for.
    setImmediate(() => process.exit(0));
  };
  // One after another: a plan must not be overtaken by the one before it.
  let applying = listen(plan).then((isListening) => {
    if (isListening) report({ type: 'listening' });
  });
  port.on('message', (message: ToWorker) => {
    if (message.type === 'apply') {
      applying = applying.then(async () => {
        plane.apply(message.plan);
        await listen(message.plan);
        report({ type: 'applied', revision: message.plan.revision });
      });
      return;
    }
    if (message.type === 'cut') {
      plane.cut(message.backend);
      return;
    }
    if (message.type === 'tap') {
      plane.show(message.taps);
      return;
    }
    if (message.type === 'listen') {
      applying = applying.then(async () => {
        report({ type: 'listens', failed: await applyListeners(message.listeners) });
      });
      return;
    }
    void drain(message.timeoutMs, message.isHandedOver);
  });
}

/** Once a second: its share of a core, how long the event loop stalled, how large the heap is. */
function showVitals(state: State, worker: number): void {
  const { gauges, counters } = state;
  const gauge = state.workerGauges(worker);
  const counter = state.workerCounters(worker);
  const add = (index: number, by: number): void => {
    counters[counter + index] = (counters[counter + index] ?? 0) + by;
  };
  const look = watchThread();
  gauges[gauge + WORKER_GAUGES.SOCKETS] = TCP_HANDLES === null ? SOCKETS.PLAIN : SOCKETS.HANDLES;
  setInterval(() => {
    const vitals = look();
    gauges[gauge + WORKER_GAUGES.CPU_SHARE] = vitals.cpuShare * 10_000;
    gauges[gauge + WORKER_GAUGES.LOOP_BUSY] = vitals.loopBusy * 10_000;
    gauges[gauge + WORKER_GAUGES.LOOP_DELAY_P99_MICROS] = vitals.loopDelayP99Ms * 1_000;
    gauges[gauge + WORKER_GAUGES.LOOP_DELAY_MICROS] = vitals.loopDelayMs * 1_000;
    gauges[gauge + WORKER_GAUGES.HEAP_KIB] = vitals.heapBytes / 1_024;
    gauges[gauge + WORKER_GAUGES.GC_SHARE] = vitals.gcShare * 10_000;
    gauges[gauge + WORKER_GAUGES.BEAT] = (gauges[gauge + WORKER_GAUGES.BEAT] ?? 0) + 1;
    add(WORKER_COUNTERS.CPU_SECONDS, vitals.cpuSeconds);
    add(WORKER_COUNTERS.GC_SECONDS, vitals.gcSeconds);
  }, VITALS_MS);
}

if (parentPort !== null) start(parentPort);
