/** The data plane without Node's inner handles: the same tests, over plain sockets. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const FILES = ['back-pressure', 'bodies', 'keep-alive', 'tunnels'];

test('where Node has no handles to offer, plain sockets do', () => {
  const files = FILES.map((name) => fileURLToPath(new URL(`./${name}.test.ts`, import.meta.url)));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, ['--test', ...files], {
    env: { ...env, BALLAST_SOCKETS: 'plain' },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /pass [1-9]/);
});
