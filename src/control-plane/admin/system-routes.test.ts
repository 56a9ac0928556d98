import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startAdminSide, TOKEN } from '../../../test/harness/admin-side.ts';
import type { ProcessFields } from '../../protocol/process.ts';
import { LogTail } from '../log-tail.ts';

const bearer = { authorization: `Bearer ${TOKEN}` };

describe('system', () => {
  it('tells of the process the same by topic and by request', async (t) => {
    const { ask, look } = await startAdminSide(t);
    const { snapshot } = await look('process', 'system');
    const topic = snapshot.topics['process']?.fields as ProcessFields;
    const answer = JSON.parse((await ask('/api/v1/process')).text) as ProcessFields;
    assert.equal(topic.pid, process.pid);
    assert.equal(topic.instance, snapshot.instance);
    assert.deepEqual({ ...answer, memory: null, descriptors: null }, { ...topic, memory: null, descriptors: null });
    const system = snapshot.topics['system']?.fields as { node: string; environment: unknown };
    assert.equal(system.node, topic.node);
    assert.equal(system.environment, null);
  });

  it('answers the workers with the main thread beside them', async (t) => {
    const { ask } = await startAdminSide(t);
    const { workers, controlPlane } = JSON.parse((await ask('/api/v1/workers')).text) as {
      workers: { worker: number }[];
      controlPlane: { heapBytes: number };
    };
    assert.deepEqual(
      workers.map(({ worker }) => worker),
      [0],
    );
    assert.ok(controlPlane.heapBytes > 1e6);
  });
});

describe('support bundle', () => {
  it('is a file that has everything, packed for those who take it packed', async (t) => {
    const side = await startAdminSide(t);
    await side.pass(3);
    side.journal.add({ level: 'info', kind: 'told', subject: 'web', text: 'something', origin: 'test' });
    const { status, headers, text } = await side.ask('/api/v1/support-bundle');
    assert.equal(status, 200);
    assert.match(
      headers['content-disposition'] ?? '',
      /^attachment; filename="ballast-[\w.-]+-\d{4}-\d\d-\d\dT[\d-]+Z\.json"$/,
    );
    const bundle = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual(Object.keys(bundle), [
      'about',
      'process',
      'environment',
      'config',
      'status',
      'routes',
      'events',
      'log',
      'history',
      'metrics',
    ]);
    assert.match(text, /"kind": "told"/);
    assert.match(text, /"ballast_ready 1"/);
    assert.equal((bundle['history'] as { minutes: { at: number[] } }).minutes.at.length, 3);
    const packed = await side.ask('/api/v1/support-bundle', { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.ok(packed.bytes.length < text.length / 3);
    assert.equal((JSON.parse(gunzipSync(packed.bytes).toString()) as { about: { format: number } }).about.format, 1);
  });

  it('asks for the token, and has no secret in it', async (t) => {
    const logTail = new LogTail();
    const side = await startAdminSide(t, {
      admin: { token: TOKEN },
      deps: {
        logTail,
        env: { BALLAST_ADMIN_TOKEN: TOKEN, BACKEND_PASSWORD: 'hunter2-hunter2', NODE_ENV: 'production' },
      },
    });
    assert.equal((await side.ask('/api/v1/support-bundle')).status, 401);
    logTail.write(`{"level":40,"msg":"refused Bearer ${TOKEN}"}\n`);
    const text = 'cannot reach http://joe:pa55word@10.0.0.1:80 with hunter2-hunter2';
    side.journal.add({ level: 'bad', kind: 'told', subject: '', text, origin: 'test' });
    const answer = await side.ask('/api/v1/support-bundle', { headers: bearer });
    assert.equal(answer.status, 200);
    for (const secret of [TOKEN, 'hunter2', 'pa55word', 'joe:']) {
      assert.ok(!answer.text.includes(secret), `${secret} is in the bundle`);
    }
    assert.match(answer.text, /refused Bearer \*\*\*/);
    assert.match(answer.text, /cannot reach http:\/\/\*\*\*@10\.0\.0\.1:80 with \*\*\*/);
    // Which variables are set is told, what they are set to is not.
    assert.match(answer.text, /"NODE_ENV"/);
    assert.ok(!answer.text.includes('production'));
  });
});
