import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type AdminSide, type AdminSideOptions, type Ask, startAdminSide } from '../../../test/harness/admin-side.ts';
import type { Diagnostic } from '../../config/diagnostics.ts';
import type { DryRun, Persistence } from '../../protocol/admin-api.ts';
import { BACKEND_SHARED } from '../../state/layout.ts';

const start = (t: TestContext, options?: AdminSideOptions): Promise<AdminSide> =>
  startAdminSide({ after: (undo) => t.after(undo) }, options);

const WEB = '/api/v1/pools/web';
const B1 = `${WEB}/backends/b1`;
const tagOf = async (side: AdminSide, path = '/api/v1/status'): Promise<string> =>
  String((await side.ask(path)).headers.etag);
const patch = (body: Record<string, unknown>, headers: Record<string, string> = {}): Ask => ({
  method: 'PATCH',
  body,
  headers,
});

describe('admin API: changes on condition', () => {
  it('gives the same tag until a setting changes, and another one then', async (t) => {
    const side = await start(t);
    const first = await tagOf(side);
    assert.match(first, /^"[^"]+"$/);
    for (const path of ['/api/v1/pools', WEB, `${WEB}/backends`, B1]) assert.equal(await tagOf(side, path), first);
    const backend = side.roster.backend('web', 'b1');
    assert.ok(backend);
    side.roster.reportCheck(backend, { atMs: 0, isPass: true, detail: '', durationMs: 1 });
    assert.equal(await tagOf(side), first, 'health is no setting');

    const seen = new Set([first]);
    const change = async (path: string, ask: Ask): Promise<void> => {
      const answer = await side.ask(path, ask);
      assert.ok(answer.status < 300, answer.text);
      assert.equal(answer.headers.etag, await tagOf(side));
      assert.ok(!seen.has(String(answer.headers.etag)), `${path} ${JSON.stringify(ask)}`);
      seen.add(String(answer.headers.etag));
    };
    await change(WEB, patch({ policy: 'least-connections' }));
    await change(B1, patch({ weight: 3 }));
    await change(B1, patch({ mode: 'drain' }));
    await change(`${WEB}/backends`, { method: 'POST', body: { url: 'http://127.0.0.1:9999', name: 'b3' } });
    await change(`${WEB}/backends/b3`, { method: 'DELETE' });
    const before = await tagOf(side);
    await side.ask(B1, patch({ mode: 'drain' }));
    assert.equal(await tagOf(side), before, 'what changes nothing');
    side.roster.apply(side.roster.config);
    assert.notEqual(await tagOf(side), before, 'a reload');
  });

  it('makes a change only where nothing has changed since', async (t) => {
    const side = await start(t);
    const seen = await tagOf(side);
    const first = await side.ask(B1, patch({ weight: 3 }, { 'if-match': seen }));
    assert.equal(first.status, 200);
    const stale: [string, Ask][] = [
      [B1, patch({ weight: 4 }, { 'if-match': seen })],
      [WEB, patch({ policy: 'least-connections' }, { 'if-match': seen })],
      [B1, { method: 'DELETE', headers: { 'if-match': seen } }],
      [`${WEB}/backends`, { method: 'POST', body: { url: 'http://127.0.0.1:9' }, headers: { 'if-match': seen } }],
      ['/api/v1/reload', { method: 'POST', headers: { 'if-match': seen } }],
      [`${B1}?dryRun=1`, patch({ weight: 4 }, { 'if-match': seen })],
      [B1, patch({ weight: 4 }, { 'if-match': `W/${first.headers.etag}` })],
      [B1, patch({ weight: 4 }, { 'if-match': 'whatever' })],
    ];
    for (const [path, ask] of stale) {
      const answer = await side.ask(path, ask);
      assert.equal(answer.status, 412, `${ask.method} ${path}: ${answer.text}`);
      assert.equal((JSON.parse(answer.text) as { code: string }).code, 'settings-changed');
      assert.equal(answer.headers.etag, first.headers.etag);
    }
    assert.equal(side.roster.backend('web', 'b1')?.weight, 3);
    assert.equal(side.roster.pool('web')?.policy, 'round-robin');
    assert.deepEqual(side.calls, ['persist']);
    for (const field of [String(first.headers.etag), '*', `"other", ${first.headers.etag}`]) {
      assert.equal((await side.ask(B1, patch({ weight: 3 }, { 'if-match': field }))).status, 200, field);
    }
  });

  it('says whether a change is kept', async (t) => {
    const kept = await start(t);
    const fine = JSON.parse((await kept.ask(B1, patch({ weight: 2 }))).text) as Persistence;
    assert.deepEqual([fine.persisted, fine.warning], [true, undefined]);

    const side = await start(t, { deps: { persist: async () => 'cannot write it: ENOSPC' } });
    const asks: [string, Ask, number][] = [
      [WEB, patch({ policy: 'least-connections' }), 200],
      [B1, patch({ mode: 'drain' }), 200],
      [`${WEB}/backends`, { method: 'POST', body: { url: 'http://127.0.0.1:9999', name: 'b3' } }, 201],
      [`${WEB}/backends/b3`, { method: 'DELETE' }, 202],
    ];
    for (const [path, ask, status] of asks) {
      const answer = await side.ask(path, ask);
      assert.equal(answer.status, status, answer.text);
      const { persisted, warning } = JSON.parse(answer.text) as Persistence;
      assert.deepEqual([persisted, warning], [false, 'cannot write it: ENOSPC']);
    }
    assert.equal(side.roster.pool('web')?.policy, 'least-connections', 'the change holds all the same');
  });
});

describe('admin API: dry runs', () => {
  const dryRun = async (side: AdminSide, path: string, ask: Ask): Promise<DryRun> => {
    const before = [JSON.stringify(side.roster.changes), side.roster.revision, await tagOf(side)];
    const answer = await side.ask(`${path}?dryRun=1`, ask);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers.etag, before[2]);
    assert.deepEqual([JSON.stringify(side.roster.changes), side.roster.revision, await tagOf(side)], before);
    assert.deepEqual([side.calls, side.journal.latest(10)], [[], []]);
    return JSON.parse(answer.text) as DryRun;
  };

  it('tells what a change would come to, and changes nothing', async (t) => {
    const side = await start(t);
    Atomics.store(side.state.shared, side.state.backendShared(0) + BACKEND_SHARED.IN_FLIGHT, 37);
    assert.deepEqual(await dryRun(side, WEB, patch({ policy: 'least-connections' })), {
      dryRun: true,
      changes: ['policy round-robin → least-connections'],
      consequences: [],
      inFlight: 0,
      available: { before: 2, after: 2 },
      former: { policy: 'round-robin', backends: [] },
    });
    assert.deepEqual(await dryRun(side, B1, patch({ weight: 3, mode: 'drain' })), {
      dryRun: true,
      changes: ['backend b1: weight 1 → 3', 'backend b1: mode ready → drain'],
      consequences: [
        '37 requests in flight may be finished within 10m',
        '1 instead of 2 backends share the requests: about +100 % load on each',
      ],
      inFlight: 37,
      available: { before: 2, after: 1 },
      former: {
        policy: null,
        backends: [{ name: 'b1', url: 'http://127.0.0.1:8081', weight: 1, mode: 'ready' }],
      },
    });
    const removed = await dryRun(side, B1, { method: 'DELETE' });
    assert.deepEqual([removed.changes, removed.inFlight], [['backend b1 removed'], 37]);
    assert.deepEqual(removed.former.backends, [{ name: 'b1', url: 'http://127.0.0.1:8081', weight: 1, mode: 'ready' }]);
    const body = { url: 'http://127.0.0.1:9999', name: 'b3' };
    const added = await dryRun(side, `${WEB}/backends`, { method: 'POST', body });
    assert.deepEqual(added.changes, ['backend b3 added, http://127.0.0.1:9999, weight 1']);
    assert.deepEqual(added.consequences, ['3 instead of 2 backends share the requests: about -33 % load on each']);
    assert.deepEqual((await dryRun(side, B1, patch({ mode: 'ready', weight: 1 }))).changes, []);
  });

  it('warns of a pool that would be left without a backend', async (t) => {
    const side = await start(t);
    const b2 = side.roster.backend('web', 'b2');
    assert.ok(b2);
    side.roster.setMode(b2, 'drain', 'test');
    const { available, consequences } = JSON.parse(
      (await side.ask(`${B1}?dryRun=true`, patch({ mode: 'maintenance' }))).text,
    ) as DryRun;
    assert.deepEqual(available, { before: 1, after: 0 });
    assert.deepEqual(consequences, ['no backend is left in web: 503 for all']);
    const back = JSON.parse((await side.ask(`${WEB}/backends/b2?dryRun=1`, patch({ mode: 'ready' }))).text) as DryRun;
    assert.deepEqual(back.available, { before: 1, after: 2 });
  });

  it('knows that backups share nothing, and that a failing backend may be the last', async (t) => {
    const backends = ['b1', 'b2', 'b3'].map((name, place) => ({
      url: `http://127.0.0.1:${8081 + place}`,
      name,
      backup: name === 'b3',
    }));
    const side = await start(t, { pools: { web: { backends, drainTimeout: '0s' } } });
    const drain = async (name: string): Promise<DryRun> =>
      JSON.parse((await side.ask(`${WEB}/backends/${name}?dryRun=1`, patch({ mode: 'drain' }))).text) as DryRun;
    assert.deepEqual((await drain('b3')).available, { before: 2, after: 2 });
    assert.deepEqual((await drain('b1')).available, { before: 2, after: 1 });
    const b2 = side.roster.backend('web', 'b2');
    const b3 = side.roster.backend('web', 'b3');
    assert.ok(b2 && b3);
    for (let check = 0; check < 3; check++) {
      side.roster.reportCheck(b2, { atMs: 0, isPass: false, detail: '', durationMs: 1 });
    }
    assert.deepEqual((await drain('b1')).available, { before: 1, after: 1 }, 'the backup steps in');
    side.roster.setMode(b3, 'maintenance', 'test');
    const { consequences } = await drain('b1');
    assert.deepEqual(consequences, ['only backends that fail are left in web']);
  });

  it('refuses what would be refused, and what is misspelt', async (t) => {
    const side = await start(t, { capacity: { backends: 2 } });
    const post = (url: string): Ask => ({ method: 'POST', body: { url } });
    const wrong: [string, Ask, number, string][] = [
      [`${WEB}?dryRun=1`, patch({ policy: 'nope' }), 422, 'policy-unknown'],
      [`${B1}?dryRun=1`, patch({ weight: 0 }), 422, 'body-invalid'],
      [`${WEB}/backends?dryRun=1`, post('http://127.0.0.1:8081'), 409, 'backend-exists'],
      [`${WEB}/backends?dryRun=1`, post('http://169.254.169.254/'), 422, 'backend-address-refused'],
      [`${WEB}/backends?dryRun=1`, post('http://127.0.0.1:9999'), 507, 'capacity-exceeded'],
      [`${WEB}/backends/b9?dryRun=1`, { method: 'DELETE' }, 404, 'backend-not-found'],
      [`${B1}?dryrun=1`, { method: 'DELETE' }, 400, 'query-invalid'],
      [`${B1}?dryRun=yes`, { method: 'DELETE' }, 400, 'query-invalid'],
    ];
    for (const [path, ask, status, code] of wrong) {
      const answer = await side.ask(path, ask);
      assert.equal(answer.status, status, `${path}: ${answer.text}`);
      assert.equal((JSON.parse(answer.text) as { code: string }).code, code);
    }
    assert.deepEqual([side.calls, side.roster.backend('web', 'b1')?.isRemoved], [[], false]);
    assert.equal((await side.ask(`${B1}?dryRun=0`, patch({ weight: 2 }))).status, 200);
    assert.equal(side.roster.backend('web', 'b1')?.weight, 2);
  });
});

describe('admin API: reload', () => {
  it('answers what has changed, or would', async (t) => {
    const side = await start(t);
    const shown = await side.ask('/api/v1/reload?dryRun=1', { method: 'POST' });
    assert.deepEqual(JSON.parse(shown.text), {
      ok: true,
      dryRun: true,
      revision: side.roster.revision,
      changes: ['routes changed'],
      needsRestart: [],
      overruled: [],
      warnings: [],
    });
    assert.deepEqual(side.calls, []);
    const done = await side.ask('/api/v1/reload', { method: 'POST' });
    assert.equal((JSON.parse(done.text) as { dryRun: boolean }).dryRun, false);
    assert.deepEqual(side.calls, ['reload']);
    assert.equal(done.headers.etag, await tagOf(side));
  });

  it('answers every error with its place', async (t) => {
    const diagnostic: Diagnostic = {
      code: 'policy-unknown',
      severity: 'error',
      file: 'ballast.yaml',
      line: 3,
      column: 5,
      path: 'pools.web.policy',
      message: 'there is no policy "fastest"',
      suggestion: null,
      frame: '',
    };
    const refused = { ok: false, reason: 'invalid', problems: ['one line'], diagnostics: [diagnostic] } as const;
    const side = await start(t, { deps: { reload: async () => refused, previewReload: async () => refused } });
    for (const path of ['/api/v1/reload', '/api/v1/reload?dryRun=1']) {
      const answer = await side.ask(path, { method: 'POST' });
      assert.equal(answer.status, 422);
      const { code, diagnostics } = JSON.parse(answer.text) as { code: string; diagnostics: unknown };
      assert.deepEqual([code, diagnostics], ['config-invalid', [diagnostic]]);
    }
  });

  it('answers 409 where there is no file', async (t) => {
    const refused = { ok: false, reason: 'no-file', problems: ['there is no file'], diagnostics: [] } as const;
    const side = await start(t, { deps: { reload: async () => refused } });
    const answer = await side.ask('/api/v1/reload', { method: 'POST' });
    assert.equal(answer.status, 409);
    assert.equal((JSON.parse(answer.text) as { code: string }).code, 'config-not-from-file');
  });
});
