/** The page as it goes over the wire: small enough for a slow line, and complete. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { startHttpBackends } from '../harness/http-backends.ts';

const MOST_BYTES = 120_000;
const ICONS = ['up', 'degraded', 'down', 'wait', 'lost'].map((state) => `favicon-${state}.svg`);

test('all that a browser loads of the page is at most 120 kB, compressed', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  const { admin } = await runBalancer(t, { pools: { web: poolOf(backends) } });
  const load = async (path: string): Promise<{ readonly bytes: number; readonly text: string }> => {
    const plain = await admin.ask(path);
    const packed = await admin.ask(path, { headers: { 'accept-encoding': 'gzip' } });
    assert.deepEqual([plain.status, packed.status], [200, 200], path);
    if (/\.(js|css)$/.test(path)) assert.equal(packed.headers['content-encoding'], 'gzip', path);
    return { bytes: packed.bytes.length, text: plain.text };
  };
  const page = await load('/');
  const named = [...page.text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path ?? '');
  const scripts = named.filter((path) => path.endsWith('.js'));
  assert.ok(scripts.length > 0 && named.some((path) => path.endsWith('.css')), named.join());
  let sum = page.bytes;
  for (const path of new Set([...named, ...ICONS])) {
    const { bytes, text } = await load(`/${path}`);
    sum += bytes;
    // What is loaded later counts as well; the build makes one script.
    if (path.endsWith('.js')) assert.doesNotMatch(text, /import\(/, path);
  }
  t.diagnostic(`${sum} bytes`);
  assert.ok(sum <= MOST_BYTES, `${sum} bytes`);
});
