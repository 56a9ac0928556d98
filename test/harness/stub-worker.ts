/**
 * The entry of a worker thread that only plays the part: it speaks the protocol with the control
 * plane, and does what the path of a request tells it.
 *
 * - `/plan`: answers the plan that it follows, its worker number and its taps, as JSON
 * - `/tapped`: counts one request for each of its taps
 * - `/hold?slot=N`: leaves one attempt in flight on the backend in slot N, as a worker would
 * - `/failing?slot=N`: reports the backend in slot N
 * - `/throw`, `/exit`, `/hang`: dies of an error, exits, or blocks its event loop for ever
 */
import http from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, Plan, PlanListener, ToWorker, WorkerStart, WorkerTap } from '../../src/protocol/worker.ts';
import { BACKEND_GAUGES, BACKEND_SHARED, State, WORKER_GAUGES } from '../../src/state/layout.ts';

const { worker, memory, capacity, plan: firstPlan } = workerData as WorkerStart;
const state = State.open(memory, capacity);
const servers = new Map<string, http.Server>();
let plan: Plan = firstPlan;
let taps: readonly WorkerTap[] = [];

const port = parentPort;
if (port === null) throw new Error('not a worker thread');
const say = (message: FromWorker): void => port.postMessage(message);
/** Listeners of this name cannot be opened by this worker once it runs. */
const unlucky = `unlucky-${worker}`;

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://stub');
  const slot = Number(url.searchParams.get('slot'));
  switch (url.pathname) {
    case '/hold':
      Atomics.add(state.shared, state.backendShared(slot) + BACKEND_SHARED.IN_FLIGHT, 1);
      Atomics.add(state.gauges, state.backendGauges(worker, slot) + BACKEND_GAUGES.IN_FLIGHT, 1);
      break;
    case '/failing':
      say({ type: 'failing', backend: slot, code: 'UPSTREAM_CONNECT_REFUSED', detail: 'ECONNREFUSED' });
      break;
    case '/tapped':
      say({ type: 'tapped', counts: taps.map(({ id }) => ({ tap: id, matched: 1 })), requests: [] });
      break;
    case '/throw':
      setImmediate(() => {
        throw new Error('thrown by the stub');
      });
      break;
    case '/exit':
      setImmediate(() => process.exit(7));
      break;
    case '/hang':
      setTimeout(() => {
        for (;;);
      }, 5);
      break;
  }
  response.setHeader('Connection', 'close');
  response.end(JSON.stringify({ worker, plan, taps }));
}

function open({ name, host, port: number }: PlanListener): Promise<boolean> {
  return new Promise((resolve) => {
    const server = http.createServer(answer);
    server.once('error', (error) => {
      say({ type: 'listen-failed', listener: name, error: error.message });
      resolve(false);
    });
    server.listen({ host, port: number, reusePort: true }, () => resolve(true));
    servers.set(name, server);
  });
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'apply') {
    plan = message.plan;
    say({ type: 'applied', revision: plan.revision });
    return;
  }
  if (message.type === 'tap') {
    taps = message.taps;
    return;
  }
  if (message.type === 'listen') {
    const isUnlucky = message.listeners.some(({ name }) => name === unlucky);
    say({ type: 'listens', failed: isUnlucky ? [{ listener: unlucky, error: 'EADDRINUSE' }] : [] });
    return;
  }
  if (message.type !== 'drain') return;
  say({ type: 'drained', cutExchanges: 0 });
  process.exit(0);
});

setInterval(() => Atomics.add(state.gauges, state.workerGauges(worker) + WORKER_GAUGES.BEAT, 1), 20);
const opened = await Promise.all(firstPlan.listeners.map(open));
if (opened.every((isOpen) => isOpen)) say({ type: 'listening' });
