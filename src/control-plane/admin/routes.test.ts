import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  type AdminSide,
  type AdminSideOptions,
  type Ask,
  startAdminSide,
  TOKEN,
} from '../../../test/harness/admin-side.ts';
import type { BackendStatus, PoolStatus, Problem, Status } from '../../protocol/admin-api.ts';
import {
  BACKEND_BOARD,
  BACKEND_COUNTERS,
  BACKEND_SHARED,
  MODE,
  POOL_BOARD,
  POOL_COUNTERS,
} from '../../state/layout.ts';

const start = (t: TestContext, options?: AdminSideOptions): Promise<AdminSide> =>
  startAdminSide({ after: (undo) => t.after(undo) }, options);

async function problem(side: AdminSide, path: string, ask: Ask, status: number, code: string): Promise<Problem> {
  const answer = await side.ask(path, ask);
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const document = JSON.parse(answer.text) as Problem;
  assert.equal(document.code, code);
  assert.equal(document.status, status);
  assert.equal(document.type, `urn:ballast:problem:${code}`);
  assert.ok(document.title.length > 0 && document.detail.length > 0);
  return document;
}

const B1 = '/api/v1/pools/web/backends/b1';

describe('admin API: a cut', () => {
  it('ends what a leaving backend has in flight, and says how much', async (t) => {
    const side = await start(t);
    const { roster, state } = side;
    const cuts: string[] = [];
    roster.onCut(({ name }) => cuts.push(name));
    const cut = { method: 'POST' };
    await problem(side, `${B1}/cut`, cut, 409, 'backend-ready');
    await problem(side, `${B1}/cut?dryRun=1`, cut, 409, 'backend-ready');
    await problem(side, '/api/v1/pools/web/backends/none/cut', cut, 404, 'backend-not-found');
    const b1 = roster.backend('web', 'b1');
    assert.ok(b1 !== undefined);
    roster.setMode(b1, 'drain', 'test');
    Atomics.store(state.shared, state.backendShared(b1.slot) + BACKEND_SHARED.IN_FLIGHT, 5);
    const shown = await side.ask(`${B1}/cut?dryRun=1`, cut);
    assert.deepEqual(JSON.parse(shown.text), { cut: 5, dryRun: true });
    assert.deepEqual(cuts, []);
    const answer = await side.ask(`${B1}/cut`, cut);
    assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, { cut: 5 }]);
    assert.deepEqual(cuts, ['b1']);
    assert.equal(side.journal.latest(1)[0]?.text, 'cut by admin API: 5 were still in flight');
  });
});

describe('admin API: reads', () => {
  it('answers the status with what is counted at this moment', async (t) => {
    const side = await start(t);
    const { state } = side;
    state.counters[state.poolCounters(1, 0) + POOL_COUNTERS.REQUESTS] = 3;
    state.counters[state.backendCounters(0, 1) + BACKEND_COUNTERS.REQUESTS] = 2;
    const answer = await side.ask('/api/v1/status');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.headers['cache-control'], 'no-store');
    const status = JSON.parse(answer.text) as Status;
    assert.equal(status.version, '1.2.3');
    assert.equal(status.workers.length, 1);
    assert.equal(status.pools[0]?.requests, 3);
    assert.deepEqual(
      status.pools[0]?.backends.map(({ name, state, requests }) => [name, state, requests]),
      [
        ['b1', 'unknown', 0],
        ['b2', 'unknown', 2],
      ],
    );
    assert.deepEqual(status.pools[0]?.policies, ['round-robin', 'weighted-round-robin', 'least-connections']);
  });

  it('answers one pool, one backend and the latest events', async (t) => {
    const side = await start(t);
    side.journal.add({ level: 'info', kind: 'tested', subject: '', text: 'one', origin: 'test' });
    side.journal.add({ level: 'info', kind: 'tested', subject: '', text: 'two', origin: 'test' });
    const pool = JSON.parse((await side.ask('/api/v1/pools/web')).text) as PoolStatus;
    assert.equal(pool.name, 'web');
    assert.equal((JSON.parse((await side.ask(B1)).text) as BackendStatus).url, 'http://127.0.0.1:8081');
    const { events } = JSON.parse((await side.ask('/api/v1/events?limit=1')).text) as { events: { text: string }[] };
    assert.deepEqual(
      events.map(({ text }) => text),
      ['two'],
    );
    await problem(side, '/api/v1/events?limit=-1', {}, 400, 'query-invalid');
  });

  it('gives events in pages and as lines, and says what it does not understand', async (t) => {
    const side = await start(t);
    for (const [subject, level] of [
      ['web', 'bad'],
      ['web/b1', 'good'],
      ['api', 'bad'],
    ] as const) {
      side.journal.add({ level, kind: 'tested', subject, text: 'x', origin: 'test' });
    }
    const page = JSON.parse((await side.ask('/api/v1/events?subject=web&subject=api&level=bad,good&limit=2')).text);
    assert.deepEqual([page.events.map(({ id }: { id: number }) => id), page.isMore], [[2, 3], true]);
    const lines = await side.ask('/api/v1/events?after=1', { headers: { accept: 'application/x-ndjson' } });
    assert.equal(lines.headers['content-type'], 'application/x-ndjson');
    assert.deepEqual(
      lines.text.split('\n').map((line) => (line === '' ? null : (JSON.parse(line) as { id: number }).id)),
      [2, 3, null],
    );
    for (const query of ['after=x', 'level=worst', 'limit=10001']) {
      await problem(side, `/api/v1/events?${query}`, {}, 400, 'query-invalid');
    }
  });

  it('answers what does not exist with a problem', async (t) => {
    const side = await start(t);
    await problem(side, '/api/v1/pools/nope', {}, 404, 'pool-not-found');
    await problem(side, '/api/v1/pools/web/backends/nope', { method: 'DELETE' }, 404, 'backend-not-found');
    await problem(side, '/api/v1/nope', {}, 404, 'not-found');
    await problem(side, '/nope', {}, 404, 'not-found');
    await problem(side, '/%2e%2e/%2e%2e/package.json', {}, 404, 'not-found');
    for (const [path, method, allow] of [
      ['/api/v1/status', 'DELETE', 'GET, HEAD'],
      ['/api/v1/status', 'OPTIONS', 'GET, HEAD'],
      [B1, 'POST', 'GET, PATCH, DELETE, HEAD'],
      ['/api/v1/reload', 'GET', 'POST'],
      ['/metrics', 'POST', 'GET, HEAD'],
      ['/', 'POST', 'GET, HEAD'],
    ] as const) {
      await problem(side, path, { method }, 405, 'method-not-allowed');
      assert.equal((await side.ask(path, { method })).headers.allow, allow);
    }
  });

  it('answers HEAD like GET, without the body', async (t) => {
    const side = await start(t);
    const answer = await side.ask('/api/v1/status', { method: 'HEAD' });
    assert.deepEqual([answer.status, answer.text], [200, '']);
  });
});

describe('admin API: writes', () => {
  it('changes the policy before it answers, and tells who did', async (t) => {
    const side = await start(t);
    const answer = await side.ask('/api/v1/pools/web', { method: 'PATCH', body: { policy: 'least-connections' } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal((JSON.parse(answer.text) as PoolStatus).policy, 'least-connections');
    assert.equal(Atomics.load(side.state.board, side.state.poolBoard(0) + POOL_BOARD.POLICY), 2);
    assert.deepEqual(side.calls, ['persist']);
    const event = side.journal.latest(1)[0];
    assert.deepEqual([event?.kind, event?.origin, event?.subject], ['policy-changed', 'admin API', 'web']);
    await problem(side, '/api/v1/pools/web', { method: 'PATCH', body: { policy: 'nope' } }, 422, 'policy-unknown');
  });

  it('changes weight and mode, separately and together', async (t) => {
    const side = await start(t);
    const word = (cell: number): number => Atomics.load(side.state.board, side.state.backendBoard(0) + cell);
    await side.ask(B1, { method: 'PATCH', body: { weight: 7 } });
    assert.equal(word(BACKEND_BOARD.WEIGHT), 7);
    const answer = await side.ask(B1, { method: 'PATCH', body: { weight: 9, mode: 'maintenance' } });
    const backend = JSON.parse(answer.text) as BackendStatus;
    assert.deepEqual([backend.weight, backend.mode, backend.state], [9, 'maintenance', 'maintenance']);
    assert.deepEqual([word(BACKEND_BOARD.WEIGHT), word(BACKEND_BOARD.MODE)], [9, MODE.MAINTENANCE]);
    assert.ok(side.journal.latest(3).every(({ origin }) => origin === 'admin API'));
  });

  it('adds a backend and waits for every worker', async (t) => {
    const side = await start(t);
    const body = { url: 'http://127.0.0.1:9999', weight: 3 };
    const added = await side.ask('/api/v1/pools/web/backends', { method: 'POST', body });
    assert.equal(added.status, 201, added.text);
    const backend = JSON.parse(added.text) as BackendStatus;
    assert.deepEqual([backend.name, backend.weight, backend.mode], ['127.0.0.1:9999', 3, 'ready']);
    assert.deepEqual(side.calls, ['persist', `applied ${side.roster.revision}`]);
    const path = new URL(added.headers.location ?? '', 'http://x/api/v1/pools/web/backends').pathname;
    assert.equal((JSON.parse((await side.ask(path)).text) as BackendStatus).name, backend.name);
    assert.equal(side.journal.latest(1)[0]?.origin, 'admin API');
    await problem(side, '/api/v1/pools/web/backends', { method: 'POST', body }, 409, 'backend-exists');
  });

  it('removes a backend: it drains first', async (t) => {
    const side = await start(t);
    const answer = await side.ask(B1, { method: 'DELETE' });
    assert.equal(answer.status, 202);
    const backend = JSON.parse(answer.text) as BackendStatus;
    assert.deepEqual([backend.isRemoved, backend.state], [true, 'draining']);
    assert.deepEqual(side.calls, ['persist', `applied ${side.roster.revision}`]);
    await problem(side, B1, { method: 'PATCH', body: { weight: 2 } }, 409, 'backend-removed');
  });

  it('refuses to send traffic to places that are nobody else’s business', async (t) => {
    const side = await start(t);
    for (const url of ['http://169.254.169.254/', 'http://0.0.0.0:80', 'http://[fe80::1]:80']) {
      await problem(
        side,
        '/api/v1/pools/web/backends',
        { method: 'POST', body: { url } },
        422,
        'backend-address-refused',
      );
    }
    await problem(
      side,
      '/api/v1/pools/web/backends',
      { method: 'POST', body: { url: 'file:///etc/passwd' } },
      422,
      'backend-url-invalid',
    );
  });

  it('reloads, and says what is wrong with the file', async (t) => {
    const good = await start(t);
    assert.equal((await good.ask('/api/v1/reload', { method: 'POST' })).status, 200);
    const bad = await start(t, {
      deps: { reload: async () => ({ ok: false, reason: 'impossible', problems: ['a', 'b'], diagnostics: [] }) },
    });
    const answer = await problem(bad, '/api/v1/reload', { method: 'POST' }, 422, 'config-invalid');
    assert.deepEqual((answer as { errors?: unknown }).errors, [
      { pointer: '', detail: 'a' },
      { pointer: '', detail: 'b' },
    ]);
  });

  it('answers 500 without details when something breaks', async (t) => {
    const side = await start(t, { deps: { persist: () => Promise.reject(new Error('secret path')) } });
    const answer = await problem(side, B1, { method: 'PATCH', body: { weight: 2 } }, 500, 'internal');
    assert.ok(!JSON.stringify(answer).includes('secret'));
  });
});

describe('admin API: bodies', () => {
  const patch = (body: Ask['body'], headers = {}): Ask => ({
    method: 'PATCH',
    ...(body === undefined ? {} : { body }),
    headers,
  });
  const json = { 'content-type': 'application/json' };

  it('takes JSON objects with known keys only', async (t) => {
    const side = await start(t);
    await problem(side, B1, patch('{"weight":2}'), 415, 'content-type-unsupported');
    await problem(side, B1, patch('weight=2', { 'content-type': 'text/plain' }), 415, 'content-type-unsupported');
    await problem(side, B1, patch('{"weight":2', json), 400, 'body-malformed');
    for (const body of [
      { weight: 0 },
      { weight: 257 },
      { weight: 1.5 },
      { weight: '2' },
      { weight: null },
      { mode: 'off' },
      { wieght: 2 },
      { constructor: 1 },
      [],
    ]) {
      await problem(side, B1, patch(body), 422, 'body-invalid');
    }
    await problem(side, B1, patch('{"__proto__":{"weight":9}}', json), 422, 'body-invalid');
    const wrong = await problem(side, B1, patch({ weight: 0 }), 422, 'body-invalid');
    assert.equal((wrong as { errors?: { pointer: string }[] }).errors?.[0]?.pointer, '/weight');
    assert.equal(side.roster.backend('web', 'b1')?.weight, 1);
    assert.deepEqual(side.calls, [], 'nothing was written');
    assert.equal(
      (await side.ask(B1, patch('{"weight":2}', { 'content-type': 'Application/JSON; charset=utf-8' }))).status,
      200,
    );
  });

  it('takes 64 KiB and no more, with a length or without', async (t) => {
    const side = await start(t);
    const of = (bytes: number): string => `{"weight":2}${' '.repeat(bytes - 12)}`;
    assert.equal((await side.ask(B1, patch(of(64 * 1024), json))).status, 200);
    await problem(side, B1, patch(of(64 * 1024 + 1), json), 413, 'body-too-large');
    await problem(
      side,
      B1,
      patch(of(64 * 1024 + 1), { ...json, 'transfer-encoding': 'chunked' }),
      413,
      'body-too-large',
    );
  });
});

describe('admin API: probes, metrics and page', () => {
  it('is live always, and ready while a worker runs and nothing drains', async (t) => {
    const side = await start(t, { admin: { token: TOKEN } });
    assert.equal((await side.ask('/livez')).status, 200);
    assert.equal((await side.ask('/readyz')).status, 200);
    side.live.isDraining = true;
    assert.equal((await side.ask('/readyz')).status, 503);
    assert.equal((await side.ask('/livez')).status, 200);
    side.live.isDraining = false;
    side.workers.length = 0;
    assert.equal((await side.ask('/readyz')).status, 503);
  });

  it('answers a probe with a query, and the head alone where that is asked for', async (t) => {
    const side = await start(t);
    const { status, headers, text } = await side.ask('/readyz?from=kubelet');
    assert.deepEqual([status, headers['content-type'], text], [200, 'text/plain; charset=UTF-8', 'ready\n']);
    assert.equal(headers['cache-control'], 'no-store');
    const head = await side.ask('/readyz', { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '6', '']);
    assert.equal((await side.ask('/readyz/x')).status, 404);
  });

  it('gives the metrics to the holder of the token, packed or not', async (t) => {
    const side = await start(t, { admin: { token: TOKEN } });
    assert.equal((await side.ask('/metrics')).status, 401);
    const authorization = `Bearer ${TOKEN}`;
    const plain = await side.ask('/metrics', { headers: { authorization } });
    assert.equal(plain.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    assert.match(plain.text, /^ballast_build_info\{version="1\.2\.3",node="/m);
    const packed = await side.ask('/metrics', { headers: { authorization, 'accept-encoding': 'gzip' } });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    const { gunzipSync } = await import('node:zlib');
    assert.match(gunzipSync(packed.bytes).toString(), /^ballast_uptime_seconds \d/m);
  });
});
