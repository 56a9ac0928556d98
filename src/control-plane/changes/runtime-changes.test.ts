import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeConfig } from '../../../test/harness/make-config.ts';
import type { Config } from '../../config/schema.ts';
import { mergeChanges, type PoolChanges, type RuntimeChanges } from './runtime-changes.ts';

interface FilePool {
  readonly policy: string;
  readonly backends: readonly { readonly name: string; readonly port: number; readonly weight: number }[];
}

function configOf({ policy, backends }: FilePool): Config {
  return makeConfig({
    pools: {
      web: {
        policy,
        backends: backends.map(({ name, port, weight }) => ({ url: `http://127.0.0.1:${port}`, name, weight })),
      },
    },
  });
}

const noChanges: PoolChanges = { name: 'web', policy: null, backends: [], added: [], removed: [] };
const changesWith = (changes: Partial<PoolChanges>): RuntimeChanges => ({ pools: [{ ...noChanges, ...changes }] });

const policies = fc.constantFrom('round-robin', 'least-connections', 'weighted-round-robin');
const names = fc.constantFrom('a', 'b', 'c', 'constructor');
const ports = fc.constantFrom(8081, 8082, 8083);
const weights = fc.integer({ min: 1, max: 4 });
const filePools: fc.Arbitrary<FilePool> = fc.record({
  policy: policies,
  backends: fc.uniqueArray(fc.record({ name: names, port: ports, weight: weights }), {
    comparator: (a, b) => a.name === b.name || a.port === b.port,
    minLength: 1,
    maxLength: 3,
  }),
});
const urlOf = (port: number): string => `http://127.0.0.1:${port}`;
const poolChanges: fc.Arbitrary<RuntimeChanges> = fc
  .record({
    policy: fc.option(fc.record({ value: policies, fileValue: policies })),
    backends: fc.uniqueArray(
      fc.record({
        name: names,
        weight: fc.option(fc.record({ value: weights, fileValue: weights })),
        mode: fc.constantFrom('ready' as const, 'drain' as const, 'maintenance' as const),
      }),
      { selector: ({ name }) => name },
    ),
    added: fc.uniqueArray(
      fc
        .record({ name: names, port: ports, weight: weights })
        .map(({ name, port, weight }) => ({ name, url: urlOf(port), host: '127.0.0.1', port, weight })),
      { comparator: (a, b) => a.name === b.name || a.url === b.url },
    ),
    removed: fc.uniqueArray(
      fc.record({ name: names, port: ports }).map(({ name, port }) => ({ name, url: urlOf(port) })),
      { selector: ({ name }) => name },
    ),
  })
  .map(changesWith);

// A config is made through the whole schema: fewer runs keep the test short.
const RUNS = { numRuns: 60 };

describe('run-time changes over the config file', () => {
  it('a change survives while the file says what it said', () => {
    const file: FilePool = { policy: 'round-robin', backends: [{ name: 'a', port: 8081, weight: 1 }] };
    const changes = changesWith({
      policy: { value: 'least-connections', fileValue: 'round-robin' },
      backends: [{ name: 'a', weight: { value: 5, fileValue: 1 }, mode: 'drain' }],
    });
    // Another setting of the same backend changes in the file: its port.
    const merged = mergeChanges(configOf({ ...file, backends: [{ name: 'a', port: 8083, weight: 1 }] }), changes);
    assert.equal(merged.pools[0]?.policy, 'least-connections');
    assert.equal(merged.pools[0]?.backends[0]?.weight, 5);
    assert.equal(merged.pools[0]?.backends[0]?.mode, 'drain');
    assert.deepEqual(merged.overruled, []);
    assert.deepEqual(merged.changes, changes);
  });

  it('the file wins where it has changed that very setting, and says so', () => {
    const changes = changesWith({
      policy: { value: 'least-connections', fileValue: 'round-robin' },
      backends: [{ name: 'a', weight: { value: 5, fileValue: 1 }, mode: 'ready' }],
    });
    const merged = mergeChanges(
      configOf({ policy: 'weighted-round-robin', backends: [{ name: 'a', port: 8081, weight: 2 }] }),
      changes,
    );
    assert.equal(merged.pools[0]?.policy, 'weighted-round-robin');
    assert.equal(merged.pools[0]?.backends[0]?.weight, 2);
    assert.deepEqual(
      merged.overruled.map(({ subject }) => subject),
      ['web', 'web/a'],
    );
    assert.match(merged.overruled[1]?.text ?? '', /set to 5 .* from 1 to 2/);
    assert.deepEqual(merged.changes, { pools: [] });
  });

  it('a removed backend stays away until the file gives its name to another server', () => {
    const changes = changesWith({ removed: [{ name: 'a', url: urlOf(8081) }] });
    const same: FilePool = {
      policy: 'round-robin',
      backends: [
        { name: 'a', port: 8081, weight: 1 },
        { name: 'b', port: 8082, weight: 1 },
      ],
    };
    const kept = mergeChanges(configOf(same), changes);
    assert.deepEqual(
      kept.pools[0]?.backends.map(({ name }) => name),
      ['b'],
    );
    const moved = mergeChanges(configOf({ ...same, backends: [{ name: 'a', port: 8083, weight: 1 }] }), changes);
    assert.deepEqual(
      moved.pools[0]?.backends.map(({ name }) => name),
      ['a'],
    );
    assert.equal(moved.overruled.length, 1);
  });

  it('an added backend follows those of the file, until the file has it', () => {
    const changes = changesWith({ added: [{ name: 'b', url: urlOf(8082), host: '127.0.0.1', port: 8082, weight: 3 }] });
    const file: FilePool = { policy: 'round-robin', backends: [{ name: 'a', port: 8081, weight: 1 }] };
    const added = mergeChanges(configOf(file), changes).pools[0]?.backends[1];
    assert.equal(added?.origin, 'runtime');
    assert.equal(added?.weight, 3);
    const inFile = mergeChanges(
      configOf({ ...file, backends: [...file.backends, { name: 'b', port: 8082, weight: 1 }] }),
      changes,
    );
    assert.equal(inFile.pools[0]?.backends[1]?.origin, 'file');
    assert.deepEqual(inFile.changes, { pools: [] });
    assert.match(
      inFile.overruled[0]?.text ?? '',
      /weight: it was added at run time with 3; .* with 1, and the file wins/,
    );
    const asItWas = mergeChanges(
      configOf({ ...file, backends: [...file.backends, { name: 'b', port: 8082, weight: 3 }] }),
      changes,
    );
    assert.deepEqual([asItWas.changes, asItWas.overruled], [{ pools: [] }, []]);
  });

  it('changes to a pool go with it, and are told', () => {
    const changes: RuntimeChanges = {
      pools: [{ ...noChanges, name: 'gone', removed: [{ name: 'x', url: urlOf(1) }] }],
    };
    const merged = mergeChanges(configOf({ policy: 'round-robin', backends: [] }), changes);
    assert.deepEqual(merged.changes, { pools: [] });
    assert.deepEqual(
      merged.overruled.map(({ subject }) => subject),
      ['gone'],
    );
  });

  it('a policy that is not in the register is dropped and told', () => {
    const changes = changesWith({ policy: { value: 'best-of-all', fileValue: 'round-robin' } });
    const merged = mergeChanges(configOf({ policy: 'round-robin', backends: [] }), changes);
    assert.equal(merged.pools[0]?.policy, 'round-robin');
    assert.equal(merged.overruled.length, 1);
    assert.deepEqual(merged.changes, { pools: [] });
  });

  it('merging once more changes nothing, and overrules nothing', () => {
    fc.assert(
      fc.property(filePools, poolChanges, (file, changes) => {
        const config = configOf(file);
        const once = mergeChanges(config, changes);
        const twice = mergeChanges(config, once.changes);
        assert.deepEqual(twice.pools, once.pools);
        assert.deepEqual(twice.changes, once.changes);
        assert.deepEqual(twice.overruled, []);
      }),
      RUNS,
    );
  });

  it('names stay unique, and every backend of the file is there or removed for a reason', () => {
    fc.assert(
      fc.property(filePools, poolChanges, (file, changes) => {
        const wanted = mergeChanges(configOf(file), changes).pools[0]?.backends ?? [];
        const present = wanted.map(({ name }) => name);
        const urls = wanted.map(({ url }) => url);
        assert.equal(new Set(present).size, present.length);
        assert.equal(new Set(urls).size, urls.length);
        for (const { name, port } of file.backends) {
          const isRemoved = changes.pools[0]?.removed.some((gone) => gone.name === name && gone.url === urlOf(port));
          if (!isRemoved) assert.equal(present.includes(name), true);
        }
      }),
      RUNS,
    );
  });

  it('every setting is either what the file says or an override that the file has not changed since', () => {
    fc.assert(
      fc.property(filePools, poolChanges, (file, changes) => {
        const [merged] = mergeChanges(configOf(file), changes).pools;
        const override = changes.pools[0]?.policy;
        const isOverridden = override?.fileValue === file.policy;
        assert.equal(merged?.policy, isOverridden ? override?.value : file.policy);
      }),
      RUNS,
    );
  });
});
