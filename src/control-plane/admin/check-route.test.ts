import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startAdminSide } from '../../../test/harness/admin-side.ts';
import type { CheckAnswer } from '../../protocol/admin-api.ts';

const CHECK = '/api/v1/pools/web/backends/b1/check';
const POST = { method: 'POST' } as const;

describe('checking a backend by the admin API', () => {
  it('answers what came of the check', async (t) => {
    const side = await startAdminSide(t);
    const { status, text } = await side.ask(CHECK, POST);
    assert.equal(status, 200);
    const { check } = JSON.parse(text) as CheckAnswer;
    const details = { connectMs: 0.5, firstByteMs: 0.4, body: null };
    assert.deepEqual(check, {
      atMs: side.clock.wallMs(),
      isPass: true,
      detail: 'status 200',
      durationMs: 1,
      ...details,
    });
    assert.deepEqual(side.calls, ['check b1'], 'nothing is written to disk, no plan waited for');
  });

  it('says null where the check could not be made', async (t) => {
    const side = await startAdminSide(t, { deps: { check: async () => null } });
    const { status, text } = await side.ask(CHECK, POST);
    assert.deepEqual([status, JSON.parse(text)], [200, { check: null }]);
  });

  it('answers 202 when the check takes long', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const asked = Promise.withResolvers<void>();
    const check = (): Promise<never> => {
      setImmediate(() => asked.resolve());
      return new Promise(() => {});
    };
    const side = await startAdminSide(t, { deps: { check } });
    const answer = side.ask(CHECK, POST);
    await asked.promise;
    t.mock.timers.tick(5_000);
    const { status, text } = await answer;
    assert.deepEqual([status, JSON.parse(text)], [202, { check: null }]);
  });

  it('only shows, and only on the terms of the sender', async (t) => {
    const side = await startAdminSide(t);
    const shown = await side.ask(`${CHECK}?dryRun=1`, POST);
    assert.deepEqual(JSON.parse(shown.text), { check: null, dryRun: true });
    assert.equal((await side.ask(CHECK, { ...POST, headers: { 'if-match': '"old"' } })).status, 412);
    assert.equal((await side.ask(`${CHECK}?dry=1`, POST)).status, 400);
    assert.deepEqual(side.calls, []);
  });

  it('refuses a backend that is not checked, and one that is not there', async (t) => {
    const side = await startAdminSide(t, {
      pools: {
        web: {
          backends: [
            { url: 'http://127.0.0.1:8081', name: 'b1' },
            { url: 'http://app.test:8082', name: 'b2' },
          ],
        },
      },
    });
    const codeOf = async (backend: string): Promise<string> => {
      const { status, text } = await side.ask(`/api/v1/pools/web/backends/${backend}/check`, POST);
      return `${status} ${(JSON.parse(text) as { code: string }).code}`;
    };
    assert.equal(await codeOf('b2'), '409 backend-not-checked');
    assert.equal(await codeOf('b9'), '404 backend-not-found');
    const removed = side.roster.backend('web', 'b1');
    assert.ok(removed);
    side.roster.removeBackend(removed, 'test');
    assert.equal(await codeOf('b1'), '409 backend-not-checked');
    assert.equal((await side.ask(CHECK)).headers.allow, 'POST');
    assert.deepEqual(side.calls, []);
  });
});
