import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startAdminSide, TOKEN } from '../../../test/harness/admin-side.ts';
import { acceptsGzip } from './assets.ts';

const PAGE = `<!doctype html><title>Ballast</title>${'<p>x</p>'.repeat(200)}`;

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ballast-assets-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function build(dir: string): void {
  mkdirSync(join(dir, 'assets'), { recursive: true });
  writeFileSync(join(dir, 'index.html'), PAGE);
  writeFileSync(join(dir, 'assets', 'main-abc123.js'), 'export {};\n'.repeat(100));
  writeFileSync(join(dir, 'assets', 'main-abc123.js.map'), '{}');
  writeFileSync(join(dir, 'favicon-up.svg'), '<svg/>');
}

describe('dashboard files', () => {
  it('serves the page without a token, packed where the browser wants it', async (t) => {
    const dir = folder(t);
    build(dir);
    const side = await startAdminSide(t, { admin: { token: TOKEN }, deps: { dashboardDir: dir } });
    for (const path of ['/', '/index.html', '/?pool=web']) {
      const answer = await side.ask(path);
      assert.equal(answer.status, 200);
      assert.equal(answer.text, PAGE);
      assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
      assert.equal(answer.headers['cache-control'], 'no-cache');
      assert.equal(answer.headers['content-length'], String(PAGE.length));
    }
    const packed = await side.ask('/', { headers: { 'accept-encoding': 'br, gzip' } });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.equal(gunzipSync(packed.bytes).toString(), PAGE);
    const etag = packed.headers.etag ?? '';
    const known = await side.ask('/', { headers: { 'if-none-match': `"x", W/${etag}` } });
    assert.deepEqual([known.status, known.text, known.headers.etag], [304, '', etag]);
    const head = await side.ask('/', { method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [200, '']);
  });

  it('lets a browser keep what has its hash in its name', async (t) => {
    const dir = folder(t);
    build(dir);
    const side = await startAdminSide(t, { deps: { dashboardDir: dir } });
    const script = await side.ask('/assets/main-abc123.js');
    assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8');
    const icon = await side.ask('/favicon-up.svg');
    assert.deepEqual([icon.headers['content-type'], icon.headers['cache-control']], ['image/svg+xml', 'no-cache']);
  });

  it('has nothing that is not in the build', async (t) => {
    const dir = folder(t);
    build(join(dir, 'dist'));
    writeFileSync(join(dir, 'secret.txt'), 'secret');
    const side = await startAdminSide(t, { deps: { dashboardDir: join(dir, 'dist') } });
    const paths = [
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/assets/',
      '/assets',
      '//',
      '/constructor',
    ];
    for (const path of [...paths, '/assets/main-abc123.js.map']) assert.equal((await side.ask(path)).status, 404, path);
  });

  it('says how to build the page where it was not, and takes it up when it was', async (t) => {
    const dir = folder(t);
    const side = await startAdminSide(t, { deps: { dashboardDir: join(dir, 'dist') } });
    const missing = await side.ask('/');
    assert.equal(missing.status, 503);
    assert.match(missing.text, /npm run build/);
    assert.equal((await side.ask('/api/v1/status')).status, 200);
    build(join(dir, 'dist'));
    assert.equal((await side.ask('/')).status, 200);
  });

  it('reads Accept-Encoding', () => {
    for (const yes of ['gzip', 'br, GZIP;q=0.5', 'x-gzip', 'deflate,gzip ; q=1']) assert.ok(acceptsGzip(yes), yes);
    for (const no of [null, '', 'br', 'gzip;q=0', 'gzip; q=0.0', 'gzippy', '*'])
      assert.ok(!acceptsGzip(no), String(no));
  });
});
