import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { configFromFlags } from './build.ts';
import { type EffectiveSetting, type EffectiveTree, effectiveTree } from './effective.ts';
import { formatDiagnostic, type LoadResult, loadConfigText } from './load.ts';
import { type Config, ConfigSchema } from './schema.ts';
import { sectionsOf } from './schema-walk.ts';
import { writtenOf } from './written.ts';

const SECRET = 'correct-horse-battery-staple-0123456789';

function configIn(result: LoadResult): Config {
  if (!result.ok) assert.fail(result.diagnostics.map(formatDiagnostic).join('\n'));
  return result.config;
}

const load = (text: string, env: Readonly<Record<string, string>> = {}): Config =>
  configIn(loadConfigText(text, 'ballast.yaml', env, 4));

function treeOf(config: Config): EffectiveTree {
  const written = writtenOf(config);
  assert.ok(written !== null);
  return effectiveTree(written, config);
}

const isLeaf = (tree: EffectiveTree): tree is EffectiveSetting =>
  !Array.isArray(tree) && 'origin' in tree && typeof tree.origin === 'string';

function leaves(tree: EffectiveTree, path = ''): (readonly [path: string, setting: EffectiveSetting])[] {
  if (isLeaf(tree)) return [[path, tree]];
  if (Array.isArray(tree)) {
    return (tree as readonly EffectiveTree[]).flatMap((each, index) => leaves(each, `${path}[${index}]`));
  }
  return Object.entries(tree).flatMap(([key, each]) => leaves(each, path === '' ? key : `${path}.${key}`));
}

function at(tree: EffectiveTree, path: string): EffectiveSetting {
  const found = leaves(tree).find(([place]) => place === path);
  assert.ok(found !== undefined, `${path} is in the tree`);
  return found[1];
}

/** The tree as a file that leaves nothing open. */
function values(tree: EffectiveTree): unknown {
  if (isLeaf(tree)) return tree.inForce ?? tree.value;
  if (Array.isArray(tree)) return (tree as readonly EffectiveTree[]).map(values);
  return Object.fromEntries(Object.entries(tree).map(([key, each]) => [key, values(each)]));
}

const FILE = `version: 1
listeners:
  web: { address: ":8080" }
pools:
  web:
    policy: \${POLICY:-round-robin}
    backends:
      - http://127.0.0.1:8081
      - { url: "http://\${HOST}:8082", name: b2, weight: 5 }
    health: { path: /healthz, interval: 1s }
admin: { address: "127.0.0.1:8090", token: "\${ADMIN_TOKEN:-${SECRET}}" }
`;

describe('the effective config', () => {
  it('says of each value where it comes from', () => {
    const tree = treeOf(load(FILE, { HOST: '127.0.0.2' }));
    assert.deepEqual(at(tree, 'pools.web.backends[1].weight'), { value: 5, origin: 'file', line: 9, column: 57 });
    assert.deepEqual(at(tree, 'pools.web.backends[0].url'), {
      value: 'http://127.0.0.1:8081',
      origin: 'file',
      line: 8,
      column: 9,
    });
    assert.deepEqual(at(tree, 'pools.web.backends[0].name'), {
      value: null,
      origin: 'default',
      inForce: '127.0.0.1:8081',
    });
    assert.deepEqual(at(tree, 'pools.web.policy'), {
      value: 'round-robin',
      origin: 'environment',
      line: 6,
      column: 13,
      by: `\${POLICY:-round-robin}`,
    });
    assert.deepEqual(at(tree, 'pools.web.backends[1].url'), {
      value: 'http://127.0.0.2:8082',
      origin: 'environment',
      line: 9,
      column: 16,
      by: `http://\${HOST}:8082`,
    });
    assert.deepEqual(at(tree, 'workers'), { value: 'auto', origin: 'default', inForce: 4 });
    assert.deepEqual(at(tree, 'pools.web.health.fastInterval'), { value: '2s', origin: 'default', inForce: '1s' });
    assert.deepEqual(at(tree, 'routes[0].pool'), { value: 'web', origin: 'default' });
    assert.deepEqual(at(tree, 'accessLog'), { value: null, origin: 'default' });
    assert.equal(at(tree, 'client.bodyIdleTimeout').value, '30s');
  });

  it('never shows a token, wherever it comes from', () => {
    const inFile = treeOf(load(FILE, { HOST: 'b' }));
    assert.deepEqual(at(inFile, 'admin.token'), { value: '***', origin: 'environment', line: 11, column: 44 });
    const bare = FILE.replace(/, token: .*/, ' }');
    const inEnvironment = treeOf(load(bare, { HOST: 'b', BALLAST_ADMIN_TOKEN: SECRET }));
    assert.deepEqual(at(inEnvironment, 'admin.token'), {
      value: '***',
      origin: 'environment',
      by: 'BALLAST_ADMIN_TOKEN',
    });
    const inFlag = treeOf(
      configIn(
        configFromFlags({
          listen: ':8080',
          to: ['http://127.0.0.1:1'],
          adminAddress: '127.0.0.1:8090',
          adminToken: SECRET,
        }),
      ),
    );
    assert.deepEqual(at(inFlag, 'admin.token'), { value: '***', origin: 'flag', by: '--admin-token' });
    for (const tree of [inFile, inEnvironment, inFlag]) assert.doesNotMatch(JSON.stringify(tree), /correct-horse/);
    const none = treeOf(load(bare, { HOST: 'b' }));
    assert.deepEqual(at(none, 'admin.token'), { value: null, origin: 'default' });
  });

  it('names the flag', () => {
    const tree = treeOf(configIn(configFromFlags({ listen: ':8080', to: ['http://127.0.0.1:1'], workers: 2 }, 4)));
    assert.deepEqual(at(tree, 'listeners.web.address'), { value: ':8080', origin: 'flag', by: '--listen' });
    assert.deepEqual(at(tree, 'pools.web.backends[0].url'), {
      value: 'http://127.0.0.1:1',
      origin: 'flag',
      by: '--to',
    });
    assert.deepEqual(at(tree, 'workers'), { value: 2, origin: 'flag', by: '--workers' });
    assert.equal(at(tree, 'pools.web.policy').origin, 'default');
  });

  it('has every setting of the schema once', () => {
    const config = load(
      JSON.stringify({
        version: 1,
        listeners: { web: { address: ':8080' } },
        pools: { web: { backends: ['http://127.0.0.1:8081'], health: { path: '/' } } },
        admin: { hosts: ['a.example'] },
        forwarded: { trust: ['10.0.0.0/8'] },
        dns: { servers: ['127.0.0.1:53'] },
        accessLog: { path: '-' },
      }),
    );
    const places = leaves(treeOf(config)).map(([path]) =>
      path.replace(/\[\d+\]/g, '[]').replace(/^(pools|listeners)\.web/, '$1.NAME'),
    );
    const declared = sectionsOf(ConfigSchema).flatMap(({ settings }) => settings.map(({ path }) => path));
    assert.deepEqual([...places].sort(), [...declared].sort());
  });

  it('is a file with the same meaning', () => {
    const backend = fc.record(
      {
        weight: fc.integer({ min: 1, max: 256 }),
        maxConnections: fc.integer({ min: 0, max: 1000 }),
        backup: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const backends = fc
      .array(fc.oneof(backend, fc.constant(null)), { minLength: 1, maxLength: 4 })
      .map((list) =>
        list.map((one, index) => (one === null ? `http://b${index}:80` : { url: `http://b${index}`, ...one })),
      );
    const duration = fc.constantFrom('250ms', '2s', '5m');
    const pool = fc.record(
      {
        backends,
        policy: fc.constantFrom('round-robin', 'least-connections'),
        health: fc.option(
          fc.record(
            { path: fc.constant('/h'), interval: duration, rise: fc.integer({ min: 1, max: 9 }) },
            { requiredKeys: ['path'] },
          ),
        ),
        retry: fc.option(fc.record({ attempts: fc.integer({ min: 1, max: 5 }) })),
        panic: fc.integer({ min: 0, max: 100 }),
        slowStart: fc.constantFrom('0s', '3s'),
      },
      { requiredKeys: ['backends'] },
    );
    const name = fc.constantFrom('web', 'api', 'constructor', 'toString', 'origin', 'value');
    const file = fc.record(
      {
        pools: fc.dictionary(name, pool, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
        workers: fc.constantFrom('auto', 3),
        shutdownTimeout: duration,
        stateFile: fc.constantFrom(null, false, '/tmp/state.json'),
        client: fc.option(fc.record({ bodyRate: fc.constantFrom(0, '1KiB') })),
        admin: fc.option(fc.record({ address: fc.constant('127.0.0.1:8090'), token: fc.constant(null) })),
        accessLog: fc.option(fc.record({ path: fc.constantFrom('-', '/tmp/log') })),
        forwarded: fc.option(fc.record({ trust: fc.option(fc.constant(['10.0.0.0/8'])) })),
      },
      { requiredKeys: ['pools'] },
    );
    let loaded = 0;
    fc.assert(
      fc.property(file, (settings) => {
        const routes = Object.keys(settings.pools).map((each) => ({ match: { path: `/${each}` }, pool: each }));
        const whole = {
          version: 1,
          listeners: { web: { address: ':8080' } },
          ...settings,
          ...(routes.length > 1 ? { routes } : {}),
        };
        const first = loadConfigText(JSON.stringify(whole), 'ballast.yaml', {}, 4);
        if (!first.ok) return;
        loaded++;
        const again = load(JSON.stringify(values(treeOf(first.config))));
        assert.deepEqual(again, first.config);
      }),
      { numRuns: 60 },
    );
    assert.ok(loaded > 20, `${loaded} files were valid`);
  });
});
