import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type AdminSide, startAdminSide } from '../../../test/harness/admin-side.ts';
import { makeConfig } from '../../../test/harness/make-config.ts';
import type { BackendExplanation, Explanation, Problem } from '../../protocol/admin-api.ts';

const PATH = '/api/v1/explain';

async function start(t: TestContext): Promise<AdminSide> {
  const pools = {
    web: { backends: ['http://127.0.0.1:8081'] },
    api: { policy: 'weighted-round-robin', backends: ['http://127.0.0.1:9081', 'http://127.0.0.1:9082'] },
  };
  const side = await startAdminSide({ after: (undo) => t.after(undo) }, { pools });
  const routes = [
    { match: { host: 'api.example.com', path: '/v1' }, pool: 'api' },
    { match: { host: 'www.example.com' }, pool: 'web' },
  ];
  side.roster.apply(makeConfig({ pools, routes, admin: { address: '127.0.0.1:0' } }));
  return side;
}

const ask = (side: AdminSide, body: Readonly<Record<string, unknown>>) => side.ask(PATH, { method: 'POST', body });

async function explained(side: AdminSide, body: Readonly<Record<string, unknown>>): Promise<Explanation> {
  const answer = await ask(side, body);
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse(answer.text) as Explanation;
}

describe('admin API: explain', () => {
  it('says which route, pool and backends a URL would meet', async (t) => {
    const side = await start(t);
    const { outcome, failure, request, route, lost, pool } = await explained(side, {
      url: 'http://www.example.com:8080/a?b#c',
    });
    assert.deepEqual(request, { method: 'GET', host: 'www.example.com:8080', path: '/a?b' });
    assert.deepEqual([outcome, failure, route?.number, route?.reason], ['forwarded', null, 2, 'first match']);
    assert.equal(lost[0]?.reason, 'host www.example.com is not api.example.com');
    assert.deepEqual([pool?.name, pool?.policy], ['web', 'round-robin']);
    assert.deepEqual(
      pool?.backends.map(({ name, isCandidate, share }) => [name, isCandidate, share]),
      [['127.0.0.1:8081', true, 1]],
    );
  });

  it('takes the host from the fields, as curl does, and parts instead of a URL', async (t) => {
    const side = await start(t);
    const headers = { HOST: 'api.example.com' };
    const byField = await explained(side, { url: 'http://127.0.0.1:8080/v1/x', headers });
    assert.equal(byField.pool?.name, 'api');
    const byParts = await explained(side, { method: 'POST', host: 'api.example.com', path: '/v1' });
    assert.deepEqual([byParts.pool?.name, byParts.request.method], ['api', 'POST']);
  });

  it('says what the client would be answered where nobody takes it', async (t) => {
    const side = await start(t);
    const none = await explained(side, { url: 'http://other.example' });
    assert.deepEqual([none.outcome, none.failure?.code, none.failure?.status], ['refused', 'ROUTE_NOT_FOUND', 404]);
    assert.deepEqual([none.request.path, none.lost.length, none.route, none.pool], ['/', 2, null, null]);
    const trace = await explained(side, { method: 'TRACE', url: 'http://www.example.com/' });
    assert.equal(trace.failure?.code, 'REQUEST_METHOD_REFUSED');
    const backend = side.roster.backend('web', '127.0.0.1:8081');
    assert.ok(backend !== undefined);
    side.roster.setMode(backend, 'maintenance', 'test');
    const out = await explained(side, { host: 'www.example.com' });
    assert.deepEqual([out.outcome, out.failure?.code, out.failure?.status], ['refused', 'POOL_UNAVAILABLE', 503]);
    assert.equal(out.pool?.backends[0]?.isCandidate, false);
  });

  it('refuses what no client could send, and repeats no password', async (t) => {
    const side = await start(t);
    for (const [body, pointer] of [
      [{ url: 'www.example.com/a' }, '/url'],
      [{ url: 'http://joe:hunter2@www.example.com/' }, '/url'],
      [{ url: 'http://www.example.com/a b' }, '/url'],
      [{ url: 'http://www.example.com/', path: '/a' }, '/url'],
      [{ host: 'a b' }, '/host'],
      [{ host: 'a:99999' }, '/host'],
      [{ path: 'a' }, '/path'],
      [{ path: '*' }, '/path'],
      [{ method: 'GET /' }, '/method'],
      [{ headers: { host: 'a', Host: 'b' } }, '/headers'],
      [{ headers: { host: 5 } }, '/headers/host'],
    ] as const) {
      const answer = await ask(side, body);
      const problem = JSON.parse(answer.text) as Problem & { errors: { pointer: string }[] };
      assert.deepEqual([answer.status, problem.code, problem.errors[0]?.pointer], [422, 'body-invalid', pointer]);
      assert.doesNotMatch(answer.text, /hunter2/);
    }
    assert.equal((await side.ask(PATH, { method: 'POST', body: '{' })).status, 415);
    const fields = { 'content-type': 'application/json' };
    assert.equal((await side.ask(PATH, { method: 'POST', body: '{', headers: fields })).status, 400);
    assert.equal((await side.ask(PATH)).status, 405);
    assert.equal((await explained(side, { method: 'OPTIONS', path: '*' })).request.path, '*');
  });
});

describe('admin API: explain a backend', () => {
  it('says why it gets what it gets, and what led to that', async (t) => {
    const side = await start(t);
    const path = '/api/v1/pools/api/backends/127.0.0.1:9081/explain';
    const read = async (): Promise<BackendExplanation> => JSON.parse((await side.ask(path)).text) as BackendExplanation;
    const before = await read();
    assert.deepEqual([before.isCandidate, before.share, before.events], [true, 0.5, []]);
    const [pool, backend] = [side.roster.pool('api'), side.roster.backend('api', '127.0.0.1:9081')];
    assert.ok(pool !== undefined && backend !== undefined);
    side.roster.setPolicy(pool, 'round-robin', 'admin API');
    side.roster.setWeight(backend, 7, 'admin API');
    side.roster.setMode(backend, 'maintenance', 'admin API');
    const after = await read();
    assert.deepEqual([after.state, after.isCandidate, after.share], ['maintenance', false, 0]);
    assert.deepEqual(after.why, ['It gets no requests: maintenance set by admin API.']);
    assert.deepEqual(
      after.events.map(({ kind }) => kind),
      ['policy-changed', 'weight-changed', 'mode-changed'],
    );
    assert.equal((await side.ask('/api/v1/pools/api/backends/none/explain')).status, 404);
  });

  it('knows whether a route leads to it', async (t) => {
    const side = await start(t);
    side.roster.apply(
      makeConfig({
        pools: { web: { backends: ['http://127.0.0.1:8081'] }, api: { backends: ['http://127.0.0.1:9081'] } },
        routes: [{ pool: 'web' }],
        admin: { address: '127.0.0.1:0' },
      }),
    );
    const { text } = await side.ask('/api/v1/pools/api/backends/127.0.0.1:9081/explain');
    assert.match((JSON.parse(text) as BackendExplanation).why[0] ?? '', /no route leads to the pool api/);
  });
});
