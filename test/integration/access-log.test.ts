/** One line an exchange, whatever became of it, and never a secret. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';

async function world(t: TestContext, format: 'json' | 'combined', trust: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'access.log');
  const backend = await startRecordingBackend(t);
  const spec = {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
    routes: [{ host: 'a.example', pool: 'web' }],
    accessLog: { path, format },
    trust,
  };
  const plane = await startDataPlane(t, spec, 2);
  const lines = (): string[] => readFileSync(path, 'latin1').split('\n').slice(0, -1);
  const logged = async (count: number): Promise<string[]> => {
    await eventually(`${count} lines`, () => lines().length >= count);
    return lines();
  };
  return { plane, backend, logged, spec };
}

test('an exchange is one JSON line with what the client and the backend saw', async (t) => {
  const { plane, logged } = await world(t, 'json');
  const client = await connectRaw(t, plane.port);
  const fields = {
    'User-Agent': 'test "1"',
    Authorization: 'Bearer s3cret',
    Cookie: 'session=s3cret',
    'X-Request-Id': 'r-1',
  };
  const response = await client.request(requestBytes('POST', '/x?q=1', fields, 'hello'));
  const [line = ''] = await logged(1);
  const entry = JSON.parse(line) as Record<string, unknown>;
  assert.equal(response.status, 200);
  assert.deepEqual(
    { ...entry, time: '', durationMs: 0 },
    {
      time: '',
      client: '127.0.0.1',
      method: 'POST',
      target: '/x?q=1',
      host: 'a.example',
      status: 200,
      code: '',
      bytesIn: 5,
      bytesOut: response.body.length,
      pool: 'web',
      backend: 'a',
      attempts: 1,
      referer: '',
      userAgent: 'test "1"',
      requestId: 'r-1',
      version: '1.1',
      durationMs: 0,
    },
  );
  assert.ok(Math.abs(Date.parse(String(entry.time)) - Date.now()) < 60_000);
  assert.ok(Number(entry.durationMs) > 0);
  assert.ok(!line.includes('s3cret'));
});

test('what is refused is logged with its code, its bytes escaped', async (t) => {
  const { plane, logged } = await world(t, 'combined');
  for (const bytes of [
    'GET /\x01" HTTP/1.1\r\n\r\n',
    requestBytes('GET', '/"x', { Host: 'a.example', 'User-Agent': 'a"\x80' }),
  ]) {
    const client = await connectRaw(t, plane.port);
    await client.request(bytes);
  }
  const lines = await logged(2);
  const refused = lines.find((line) => line.includes('REQUEST_TARGET_INVALID')) ?? '';
  const served = lines.find((line) => line.includes(' 200 ')) ?? '';
  assert.match(
    refused,
    /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z][a-z]\/\d{4}:\d\d:\d\d:\d\d \+0000\] "-" 400 0 "-" "-" REQUEST_TARGET_INVALID$/,
  );
  assert.match(served, /"GET \/\\x22x HTTP\/1\.1" 200 \d+ "-" "a\\x22\\x80" -$/);
});

test('a refused request has nothing of the one before it', async (t) => {
  const { plane, logged } = await world(t, 'json');
  const client = await connectRaw(t, plane.port);
  await client.request(requestBytes('GET', '/', { 'User-Agent': 'first' }));
  await client.request('nonsense\r\n\r\n');
  const [, line = ''] = await logged(2);
  const { method, target, host, userAgent, code } = JSON.parse(line) as Record<string, string>;
  assert.deepEqual([method, target, host, userAgent, code], ['', '', '', '', 'REQUEST_LINE_INVALID']);
});

test('as many lines as exchanges, from all workers, and none is torn', async (t) => {
  const { plane, logged } = await world(t, 'json');
  const clients = await Promise.all(Array.from({ length: 20 }, () => connectRaw(t, plane.port)));
  await Promise.all(
    clients.map(async (client, number) => {
      for (let round = 0; round < 20; round++) {
        await client.request(
          requestBytes('GET', `/${number}/${round}`, { Host: round % 5 === 0 ? 'no.route' : 'a.example' }),
        );
      }
    }),
  );
  const entries = (await logged(400)).map((line) => JSON.parse(line) as { target: string; code: string });
  assert.equal(entries.length, 400);
  assert.equal(new Set(entries.map(({ target }) => target)).size, 400);
  assert.equal(entries.filter(({ code }) => code === 'ROUTE_NOT_FOUND').length, 80);
  assert.equal(plane.pool().requests + plane.totals.requestsWithoutPool, 400);
});

test('behind a trusted proxy the client is the last one that is not a proxy', async (t) => {
  const { plane, logged } = await world(t, 'json', ['127.0.0.0/8', '10.0.0.0/8']);
  const client = await connectRaw(t, plane.port);
  await client.request(requestBytes('GET', '/', { 'X-Forwarded-For': '6.6.6.6, 192.0.2.7, 10.1.2.3' }));
  const [line = ''] = await logged(1);
  assert.equal((JSON.parse(line) as { client: string }).client, '192.0.2.7');
});

test('a file that cannot be opened is told, and traffic goes on', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
    accessLog: { path: '/nonexistent/folder/access.log', format: 'json' },
  });
  const client = await connectRaw(t, plane.port);
  assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
  await eventually('the failure to be told', () => plane.messages('log-failed').length === 1);
  assert.match(plane.messages('log-failed')[0]?.error ?? '', /ENOENT/);
});
