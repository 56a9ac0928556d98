import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDiagnostic, loadConfigFile, loadConfigText } from './load.ts';

const SMALLEST = 'version: 1\nlisteners: { web: { address: ":8080" } }\npools: { web: { backends: ["http://a"] } }\n';

test('a file is loaded, and its state file is hidden beside it', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-config-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'ballast.yaml');
  writeFileSync(path, SMALLEST);
  const result = loadConfigFile(path, {});
  assert.ok(result.ok);
  assert.equal(result.config.stateFile, join(directory, '.ballast.yaml.state.json'));
  assert.match(result.sourceHash, /^[0-9a-f]{64}$/);
  assert.ok(result.config.workers >= 1);
});

test('a file that is not there, is a directory or is not UTF-8 is a diagnostic', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-config-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const broken = join(directory, 'broken.yaml');
  writeFileSync(broken, Buffer.from([0x61, 0xff, 0xfe]));
  const outcomes = [join(directory, 'none.yaml'), directory, broken].map((path) => {
    const result = loadConfigFile(path, {});
    return result.ok ? 'ok' : result.diagnostics.map((diagnostic) => diagnostic.code).join();
  });
  assert.deepEqual(outcomes, ['config-unreadable', 'config-unreadable', 'config-not-utf8']);
});

test('a relative state file lies beside the config', () => {
  const result = loadConfigText(`${SMALLEST}stateFile: state/now.json\n`, 'etc/ballast.yaml', {});
  assert.ok(result.ok);
  assert.equal(result.config.stateFile, join('etc', 'state', 'now.json'));
});

test('the config is frozen to its leaves', () => {
  const result = loadConfigText(SMALLEST, 'web.yaml', {});
  assert.ok(result.ok);
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    assert.ok(Object.isFrozen(value));
    Object.values(value).forEach(look);
  };
  look(result.config);
});

test('the token of the environment fills in where the file sets none, and only there', () => {
  const tokenOf = (admin: string): unknown => {
    const result = loadConfigText(`${SMALLEST}admin: ${admin}\n`, 'web.yaml', { BALLAST_ADMIN_TOKEN: 'outer' });
    return result.ok ? result.config.admin?.token : 'refused';
  };
  assert.equal(tokenOf('{}'), 'outer');
  assert.equal(tokenOf('{ token: own }'), 'own');
  assert.equal(tokenOf('{ token: "" }'), null);
});

test('the order of pools is that of the file', () => {
  const names = ['zeta', 'alpha', 'mid'];
  const pools = names.map((name) => `  ${name}: { backends: ["http://a"] }\n`).join('');
  const routes = names.map((name) => `  - { match: { path: /${name} }, pool: ${name} }\n`).join('');
  const result = loadConfigText(
    `version: 1\nlisteners: { web: { address: ":1" } }\npools:\n${pools}routes:\n${routes}`,
    'web.yaml',
    {},
  );
  assert.ok(result.ok);
  assert.deepEqual(
    result.config.pools.map((pool) => pool.name),
    names,
  );
});

test('no text makes the loader throw, and every diagnostic has a place in the text', () => {
  const pieces = fc.constantFrom(
    ...['version: 1', 'pools:', '  web:', 'backends: [', 'http://a', '"', "'", '{', '}', ']', ': ', '- ', '\n', '  '],
    ...[
      '&a ',
      '*a',
      '<<: ',
      '!!str ',
      '${A}',
      '${',
      '|',
      '>',
      '#',
      '\t',
      '---\n',
      'token: x',
      '? ',
      '\r\n',
      '%',
      '__proto__',
    ],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      const text = parts.join('');
      const result = loadConfigText(text, 'any.yaml', {});
      const lines = text.split('\n');
      for (const diagnostic of result.ok ? result.warnings : result.diagnostics) {
        assert.ok(diagnostic.line >= 1 && diagnostic.line <= lines.length, formatDiagnostic(diagnostic));
        assert.ok(diagnostic.column >= 1 && diagnostic.column <= (lines[diagnostic.line - 1]?.length ?? 0) + 1);
      }
      assert.ok(result.ok || result.diagnostics.some((diagnostic) => diagnostic.severity === 'error'));
    }),
    { numRuns: 500 },
  );
});

test('very deep nesting is refused and not a crash', () => {
  const result = loadConfigText('['.repeat(8_000), 'deep.yaml', {});
  assert.ok(!result.ok);
  assert.ok(result.diagnostics.length > 0);
});
