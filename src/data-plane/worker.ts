/**
 * Entry of a worker thread. Started by the supervisor, by URL; nothing imports it.
 *
 * Wires the messages of the control plane to a `DataPlane`, and tells shared memory once a
 * second how this thread is doing.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, ListenFailure, Plan, PlanListener, ToWorker, WorkerStart } from '../protocol/worker.ts';
import { State, WORKER_GAUGES } from '../state/layout.ts';
import { MONOTONIC_CLOCK } from './clock.ts';
import { DataPlane } from './data-plane.ts';
import { TICK_MS } from './deadlines.ts';
import { HeapGuard } from './heap-guard.ts';
import { Listeners } from './listener.ts';
import { WORKER_HEAP } from './worker-heap.ts';

const VITALS_MS = 1000;

function start(port: NonNullable<typeof parentPort>): void {
  const { worker, memory, capacity, plan, connectionCeiling } = workerData as WorkerStart;
  const state = State.open(memory, capacity);
  const { inherited } = workerData as WorkerStart;
  const report = (message: FromWorker): void => port.postMessage(message);
  const plane = new DataPlane(state, worker, plan, MONOTONIC_CLOCK, report, connectionCeiling);
  const listeners = new Listeners((socket) => plane.accept(socket), MONOTONIC_CLOCK, inherited);

  // A throw ends this thread, but not at once: until it is torn down, the kernel would go on
  // handing it new clients, and all of them would be lost.
  process.once('uncaughtExceptionMonitor', () => listeners.closeNow());

  const guard = new HeapGuard(WORKER_HEAP, () => MONOTONIC_CLOCK.now());
  setInterval(() => {
    plane.deadlines.advance();
    plane.heapIs(guard.look());
  }, TICK_MS);
  showVitals(state, worker);

  const applyListeners = async (wanted: readonly PlanListener[]): Promise<ListenFailure[]> => {
    const failed = await listeners.apply(wanted);
    report({ type: 'sockets', sockets: listeners.sockets });
    return failed;
  };
  const listen = async (next: Plan): Promise<boolean> => {
    const failed = await applyListeners(next.listeners);
    for (const { listener, error } of failed) report({ type: 'listen-failed', listener, error });
    return failed.length === 0;
  };
  const drain = async (timeoutMs: number, isHandedOver: boolean): Promise<void> => {
    plane.isDraining = true;
    plane.isHandedOver = isHandedOver;
    await listeners.close();
    const cutExchanges = await new Promise<number>((resolve) => plane.drain(timeoutMs, resolve));
    await plane.accessLog?.close();
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
    if (message.type === 'listen') {
      applying = applying.then(async () => {
        report({ type: 'listens', failed: await applyListeners(message.listeners) });
      });
      return;
    }
    void drain(message.timeoutMs, message.isHandedOver);
  });
}

/** Once a second: how long the event loop stalled, how busy it was, how large the heap is. */
function showVitals(state: State, worker: number): void {
  const { gauges } = state;
  const first = state.workerGauges(worker);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let utilization = performance.eventLoopUtilization();
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    gauges[first + WORKER_GAUGES.LOOP_BUSY] = performance.eventLoopUtilization(now, utilization).utilization * 10_000;
    utilization = now;
    gauges[first + WORKER_GAUGES.LOOP_DELAY_MICROS] = Math.max(0, delay.max / 1000 - 10_000);
    delay.reset();
    // Not by `process.memoryUsage`, which throws where no file descriptor is left.
    gauges[first + WORKER_GAUGES.HEAP_KIB] = WORKER_HEAP.usedBytes() / 1024;
    gauges[first + WORKER_GAUGES.BEAT] = (gauges[first + WORKER_GAUGES.BEAT] ?? 0) + 1;
  }, VITALS_MS);
}

if (parentPort !== null) start(parentPort);
