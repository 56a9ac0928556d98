import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../../../test/harness/eventually.ts';
import { freePort } from '../../../test/harness/free-port.ts';
import { makeConfig } from '../../../test/harness/make-config.ts';
import type { Plan, WorkerTap } from '../../protocol/worker.ts';
import { BACKEND_SHARED, State } from '../../state/layout.ts';
import { Journal } from '../journal.ts';
import { buildPlan } from '../roster/build-plan.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

const WORKER_URL = new URL('../../../test/harness/stub-worker.ts', import.meta.url);

async function make(t: TestContext, workers: number, more: Partial<SupervisorOptions> = {}, listener = 'web') {
  const port = await freePort();
  const config = makeConfig({
    pools: { web: { backends: [] } },
    listeners: { [listener]: { address: `127.0.0.1:${port}` } },
  });
  const state = State.create({ workers, pools: 2, backends: 4, routes: 8 });
  const journal = new Journal();
  let plan = buildPlan(config, [], [], 1);
  const failing: unknown[] = [];
  const supervisor = new Supervisor({
    state,
    workers,
    plan: () => plan,
    journal,
    onFailing: (...report) => failing.push(report),
    workerUrl: WORKER_URL,
    ...more,
  });
  t.after(() => supervisor.kill());
  const ask = (path: string): Promise<{ worker: number; plan: Plan; taps: readonly WorkerTap[] }> =>
    new Promise((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => (text += piece));
        response.on('end', () => resolve(JSON.parse(text)));
        response.on('error', reject);
      });
      request.on('error', reject);
    });
  return {
    port,
    state,
    journal,
    supervisor,
    failing,
    ask,
    changePlan: (revision: number) => {
      plan = buildPlan(config, [], [], revision);
      supervisor.planChanged();
    },
    kinds: () => journal.latest(100).map(({ kind }) => kind),
    running: () => supervisor.workers().filter(({ state: now }) => now === 'running').length,
    inFlight: (slot: number) => Atomics.load(state.shared, state.backendShared(slot) + BACKEND_SHARED.IN_FLIGHT),
  };
}

describe('supervisor', () => {
  it('starts all workers on one port, and drains them', async (t) => {
    const { supervisor, ask, running } = await make(t, 2);
    await supervisor.start();
    assert.equal(running(), 2);
    const { plan } = await ask('/plan');
    assert.equal(plan.revision, 1);
    assert.deepEqual(await supervisor.drain(1_000), { cutExchanges: 0 });
    assert.deepEqual(
      supervisor.workers().map(({ state }) => state),
      ['dead', 'dead'],
    );
    await assert.rejects(ask('/plan'), /ECONNREFUSED/);
  });

  it('hands out plans, and knows when every worker follows', async (t) => {
    const { supervisor, ask, changePlan } = await make(t, 2);
    await supervisor.start();
    for (let revision = 2; revision <= 5; revision++) changePlan(revision);
    await supervisor.applied();
    assert.equal(supervisor.appliedRevision(), 5);
    for (let i = 0; i < 8; i++) assert.equal((await ask('/plan')).plan.revision, 5);
  });

  it('asks all workers to listen, and hears which cannot', async (t) => {
    const { supervisor } = await make(t, 2);
    await supervisor.start();
    const at = (name: string) => ({ name, host: '127.0.0.1', port: 1 });
    assert.deepEqual(await supervisor.listen([at('more')]), []);
    assert.deepEqual(await supervisor.listen([at('more'), at('unlucky-1')]), [
      'listener unlucky-1 cannot listen: EADDRINUSE',
    ]);
  });

  it('with inherited sockets, lets no worker accept before all have started', async (t) => {
    const real = new URL('../../data-plane/worker.ts', import.meta.url);
    const { supervisor, port, running } = await make(t, 2, { inherited: [[], []], workerUrl: real });
    assert.deepEqual(supervisor.sockets(), []);
    await supervisor.start();
    assert.equal(running(), 2);
    // It has inherited none in truth, so each worker has opened its own, all at one port.
    const sockets = supervisor.sockets();
    assert.deepEqual([...new Set(sockets.map(({ name, port: at }) => `${name} ${at}`))], [`web ${port}`]);
    assert.ok(sockets.length >= 2 && sockets.length % 2 === 0, `${sockets.length} sockets`);
    assert.equal(new Set(sockets.map(({ fd }) => fd)).size, sockets.length);
    await supervisor.drain(1_000, true);
    assert.deepEqual(supervisor.sockets(), []);
  });

  it('fails a start in which one worker cannot accept from what it has inherited', async (t) => {
    const { supervisor, running } = await make(t, 2, { inherited: [[], []] }, 'unlucky-1');
    await assert.rejects(supervisor.start(), /unlucky-1/);
    assert.equal(running(), 0);
  });

  it('does not wait for the answer of a worker that dies', async (t) => {
    const { supervisor, ask } = await make(t, 1);
    await supervisor.start();
    await ask('/throw');
    assert.deepEqual(await supervisor.listen([]), []);
  });

  it('a worker that throws is replaced; its share in flight goes, that of the others stays', async (t) => {
    const { supervisor, ask, kinds, journal, inFlight, running, changePlan } = await make(t, 2);
    await supervisor.start();
    const held = new Map<number, number>();
    for (let i = 0; held.size < 2 || i < 8; i++) {
      const { worker } = await ask('/hold?slot=3');
      held.set(worker, (held.get(worker) ?? 0) + 1);
    }
    assert.equal(inFlight(3), (held.get(0) ?? 0) + (held.get(1) ?? 0));
    changePlan(2);
    const { worker: victim } = await ask('/throw');
    await eventually('it is replaced', () => kinds().includes('worker-replaced') && running() === 2);
    assert.equal(inFlight(3), held.get(1 - victim));
    assert.match(journal.latest(2)[0]?.text ?? '', /Error: thrown by the stub at .*stub-worker/);
    assert.equal(supervisor.workers()[victim]?.restarts, 1);
    await supervisor.applied();
    assert.equal((await ask('/plan')).plan.revision, 2);
  });

  it('a worker that exits by itself is replaced too', async (t) => {
    const { supervisor, ask, journal, running } = await make(t, 1);
    await supervisor.start();
    await ask('/exit');
    await eventually('it is replaced', () => supervisor.workers()[0]?.restarts === 1 && running() === 1);
    assert.match(journal.latest(2)[0]?.text ?? '', /exit code 7/);
    await ask('/plan');
  });

  it('ends a drain whose worker hangs', async (t) => {
    const { supervisor, ask } = await make(t, 1);
    await supervisor.start();
    await ask('/hang');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await supervisor.drain(10);
    assert.equal(supervisor.workers()[0]?.state, 'dead');
  });

  it('passes on that a backend is failing', async (t) => {
    const { supervisor, ask, failing } = await make(t, 1);
    await supervisor.start();
    await ask('/failing?slot=2');
    await eventually('the report is there', () => failing.length > 0);
    assert.deepEqual(failing, [[2, 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED']]);
  });

  it('tells all workers whom they show requests to, also one that comes later, and passes on what they tell', async (t) => {
    const told: unknown[] = [];
    const onTapped: SupervisorOptions['onTapped'] = (worker, { counts }) => void told.push([worker, counts]);
    const { supervisor, ask, journal } = await make(t, 1, { onTapped });
    await supervisor.start();
    assert.deepEqual((await ask('/plan')).taps, []);
    const taps: WorkerTap[] = [{ id: 7, filter: { status: '5xx' }, perSecond: 20 }];
    supervisor.tap(taps);
    await eventually('the worker to know', async () => (await ask('/plan')).taps.length === 1);
    await ask('/throw');
    await eventually('another worker', () => journal.latest(10).some(({ kind }) => kind === 'worker-replaced'));
    await eventually('it to serve', async () => {
      const answer = await ask('/plan').catch(() => null);
      return answer !== null && answer.taps.length === 1;
    });
    assert.deepEqual((await ask('/plan')).taps, taps);
    await ask('/tapped');
    await eventually('its report', () => told.length > 0);
    assert.deepEqual(told, [[0, [{ tap: 7, matched: 1 }]]]);
    supervisor.tap([]);
    await eventually('the worker to have stopped', async () => (await ask('/plan')).taps.length === 0);
  });

  it('fails to start on a taken port, names it, and leaves no thread', async (t) => {
    const { supervisor, port } = await make(t, 2);
    const other = net.createServer();
    await new Promise<void>((resolve) => other.listen({ port, host: '127.0.0.1', exclusive: true }, resolve));
    t.after(() => other.close());
    await assert.rejects(
      supervisor.start(),
      new RegExp(`listener web cannot listen on 127.0.0.1 port ${port}: .*EADDRINUSE`),
    );
    assert.deepEqual(
      supervisor.workers().map(({ state }) => state),
      ['dead', 'dead'],
    );
  });

  it('fails to start with workers that die at once', async () => {
    const supervisor = new Supervisor({
      state: State.create({ workers: 1, pools: 1, backends: 1, routes: 8 }),
      workers: 1,
      plan: () => buildPlan(makeConfig({ pools: { web: { backends: [] } } }), [], [], 1),
      journal: new Journal(),
      onFailing: () => {},
      workerUrl: new URL('data:text/javascript,throw new Error("no such luck")'),
    });
    await assert.rejects(supervisor.start(), /worker 0 died at start: Error: no such luck/);
  });
});
