/** Single requests of the running program, on the live channel: their stories, their number, and nothing when nobody looks. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DeltaMessage, SnapshotMessage } from '../../src/protocol/live.ts';
import type { TapFields, TappedRequest } from '../../src/protocol/tap.ts';
import type { AdminClient } from '../harness/admin-client.ts';
import { LivePage } from '../harness/admin-side.ts';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackend, startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { startMortalBalancer } from '../harness/mortal-balancer.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

/** A page that looks through a tap, as it is now by all that it was told. */
class TapPage {
  readonly page: LivePage;
  #topic = '';
  #from = 0;

  private constructor(page: LivePage) {
    this.page = page;
  }

  static async open(t: TestContext, admin: AdminClient, topic: string): Promise<TapPage> {
    const tap = new TapPage(await LivePage.open({ after: (undo) => t.after(undo) }, admin.port));
    tap.page.say({ op: 'hello', version: 2, topics: [topic] });
    await tap.#follows(topic);
    return tap;
  }

  /** Looks at something else. */
  async follow(topic: string): Promise<void> {
    this.#from = this.page.messages.length;
    this.page.say({ op: 'topics', topics: [topic] });
    await this.#follows(topic);
  }

  async #follows(topic: string): Promise<void> {
    this.#topic = topic;
    await eventually(`a snapshot of ${topic}`, () => this.#messages.some(({ type }) => type === 'snapshot'));
  }

  get #messages(): (SnapshotMessage | DeltaMessage)[] {
    return this.page.messages
      .slice(this.#from)
      .filter((message) => message.type === 'snapshot' || message.type === 'delta')
      .filter(({ topics }) => this.#topic in topics);
  }

  get fields(): TapFields {
    const all = this.#messages.map(({ topics }) => topics[this.#topic]?.fields ?? {});
    return Object.assign({}, ...all) as TapFields;
  }

  get rows(): readonly TappedRequest[] {
    const known = new Map<string, object>();
    let order: readonly string[] = [];
    for (const { topics } of this.#messages) {
      const { rows = [], ...rest } = topics[this.#topic] ?? {};
      for (const row of rows) known.set(row.name, { ...known.get(row.name), ...row });
      if ('order' in rest && rest.order !== undefined) order = rest.order;
    }
    return order.map((name) => known.get(name) as TappedRequest);
  }

  async row(target: string): Promise<TappedRequest> {
    let found: TappedRequest | undefined;
    await eventually(
      () => `${target} among ${this.rows.map((row) => row.target).join(', ')}`,
      () => (found = this.rows.find((row) => row.target === target)) !== undefined,
    );
    return found ?? assert.fail();
  }
}

/** How many taps each worker says that it shows requests to. */
async function tapsOfWorkers(admin: AdminClient): Promise<(number | undefined)[]> {
  const metrics = await admin.metrics();
  return [0, 1].map((worker) => metrics.get(`ballast_worker_taps{worker="${worker}"}`));
}

test('the stories of a request that fails over, of one without a route, and of one that waits', async (t) => {
  const held: (() => void)[] = [];
  const [good, spare] = await startHttpBackends(t, ['good', 'spare']);
  const narrow = await startHttpBackend(t, 'narrow', {
    handle: (_, response) => void held.push(() => response.end('ok')),
  });
  assert.ok(good !== undefined && spare !== undefined);
  const oneAtATime = { name: 'narrow', port: narrow.port, maxConnections: 1 };
  const { admin, port } = await runBalancer(t, {
    pools: {
      // So patient that checks never take it out.
      web: poolOf([{ name: 'refusing', port: await freePort() }, good, spare], { health: { path: '/', fall: 100 } }),
      slow: poolOf([oneAtATime], { queue: { timeout: '1m' } }),
    },
    routes: [
      { match: { host: 'slow.example' }, pool: 'slow' },
      { match: { host: 'web.example' }, pool: 'web' },
    ],
  });
  await admin.patchBackend('spare', { mode: 'maintenance' });
  const tap = await TapPage.open(t, admin, 'tap');
  assert.equal(tap.fields.isOn, true);
  await eventually('both workers to show', async () => (await tapsOfWorkers(admin)).every((taps) => taps === 1));

  const ask = async (target: string, fields: Record<string, string>): Promise<number> =>
    (await (await connectRaw(t, port)).request(requestBytes('GET', target, fields))).status;
  const secrets = { Authorization: 'Bearer s3cret', Cookie: 'sid=s3cret', 'X-Api-Key': 's3cret' };
  // They go by turns: one of the two begins with the backend that refuses.
  for (let i = 0; i < 2; i++)
    assert.equal(await ask(`/over${i}?token=s3cret`, { Host: 'web.example', ...secrets }), 200);
  assert.equal(await ask('/lost', { Host: 'nowhere.example', ...secrets }), 404);
  const first = await connectRaw(t, port);
  await first.send(requestBytes('GET', '/first', { Host: 'slow.example' }));
  await eventually('the first to be with the backend', () => held.length === 1);
  const second = await connectRaw(t, port);
  await second.send(requestBytes('GET', '/second', { Host: 'slow.example' }));
  await eventually('the second to wait', async () => (await admin.pool('slow')).queued === 1);
  held.shift()?.();
  await eventually('the second to be with the backend', () => held.length === 1);
  held.shift()?.();
  assert.equal((await second.response()).status, 200);

  const lost = await tap.row('/lost');
  assert.deepEqual([lost.status, lost.code, lost.route, lost.pool], [404, 'ROUTE_NOT_FOUND', null, null]);
  const waited = await tap.row('/second');
  assert.deepEqual([waited.status, waited.route, waited.attempts.length], [200, 1, 1]);
  assert.ok(waited.waitedMs > 0 && waited.waitedMs <= waited.durationMs);
  assert.equal((await tap.row('/first')).waitedFromMs, null);

  const over = [await tap.row('/over0?token=•••'), await tap.row('/over1?token=•••')];
  const story = over.find(({ attempts }) => attempts.length === 2) ?? assert.fail(JSON.stringify(over));
  assert.deepEqual([story.status, story.code, story.route, story.pool], [200, null, 2, 'web']);
  assert.deepEqual(
    story.attempts.map(({ backend, status, code, detail }) => [backend, status, code, detail]),
    [
      ['refusing', 0, 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED'],
      ['good', 200, null, ''],
    ],
  );
  assert.deepEqual(story.candidates, [
    { backend: 'refusing', role: 'candidate', reason: '' },
    { backend: 'good', role: 'candidate', reason: '' },
    { backend: 'spare', role: 'out', reason: 'maintenance: maintenance set by admin API' },
  ]);
  assert.deepEqual(
    story.fields.filter(([name]) => name in secrets).map(([, value]) => value),
    ['•••', '•••', '•••'],
  );
  const opened = await admin.eventsOf('tap-opened');
  assert.deepEqual(
    opened.map(({ level, text, origin }) => [level, text, origin]),
    [['info', 'single requests are looked at: all', 'admin API']],
  );
  const { text } = await admin.ask('/api/v1/snapshot?topic=tap');
  assert.match(text, /over0/);
  for (const said of [text, JSON.stringify(tap.page.messages)]) assert.doesNotMatch(said, /s3cret/);
});

test('counts what clients have sent over both workers, by filter, and stops when the page leaves', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(backends) } });
  const load = async (requests: number): Promise<void> =>
    assert.deepEqual(failedIn(await runLoad({ port, requests, concurrency: 32 })), []);
  await load(200);
  const all = await TapPage.open(t, admin, 'tap?pool=web');
  const failed = await TapPage.open(t, admin, 'tap?status=failed');
  const slow = await TapPage.open(t, admin, 'tap?minMs=600000');
  await eventually('both workers to show', async () => (await tapsOfWorkers(admin)).every((taps) => taps === 3));
  await load(3_000);
  const broken = await connectRaw(t, port);
  assert.equal((await broken.request('GET / HTTP/1.1\r\n\r\n')).status, 400);
  await eventually(
    () => `3,000 to be counted, not ${all.fields.matched}`,
    () => all.fields.matched === 3_000,
  );
  await eventually('the failed one to be counted', () => failed.fields.matched === 1);
  assert.equal(slow.fields.matched, 0);
  const { rows, fields } = all;
  assert.equal(rows.length, Math.min(fields.shown, 200));
  assert.deepEqual(
    [...new Set(rows.map(({ worker }) => worker))].sort((a, b) => a - b),
    [0, 1],
  );
  assert.ok(fields.shown < 3_000, `${fields.shown} shown`);
  assert.deepEqual(
    failed.rows.map(({ code, status }) => [code, status]),
    [['REQUEST_HOST_INVALID', 400]],
  );

  slow.page.socket.terminate();
  failed.page.socket.close();
  await all.follow('totals');
  await eventually('no worker to show anything', async () => (await tapsOfWorkers(admin)).every((taps) => taps === 0));
  await load(500);
  await all.follow('tap?pool=web');
  assert.deepEqual([all.fields.matched, all.fields.shown, all.rows.length], [0, 0, 0]);
  await admin.atRest();
  assert.equal((await admin.pool()).requests, 3_700);
});

test('goes on in a worker that takes the place of a dead one', async (t) => {
  const { balancer, harm, untilReplaced } = await startMortalBalancer(t);
  const { admin, port } = balancer;
  const tap = await TapPage.open(t, admin, 'tap?q=/after');
  await eventually('both workers to show', async () => (await tapsOfWorkers(admin)).every((taps) => taps === 1));
  await harm(1);
  await untilReplaced(1, 1);
  await eventually('the new one to show', async () => (await tapsOfWorkers(admin))[1] === 1);
  const clients = await Promise.all(Array.from({ length: 24 }, () => connectRaw(t, port)));
  for (const [i, client] of clients.entries()) {
    assert.equal((await client.request(requestBytes('GET', `/after/${i}`))).status, 200);
  }
  await eventually(
    () => `24 to be counted, not ${tap.fields.matched}`,
    () => tap.fields.matched === 24,
  );
  assert.deepEqual(
    [...new Set(tap.rows.map(({ worker }) => worker))].sort((a, b) => a - b),
    [0, 1],
  );
  const names = tap.rows.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});
