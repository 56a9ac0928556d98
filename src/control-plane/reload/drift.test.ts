import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { makeRoster } from '../../../test/harness/make-roster.ts';
import { loadConfigText } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { driftOf } from './drift.ts';
import { effectiveConfig } from './effective-config.ts';

const FILE = `version: 1
workers: 1
listeners: { web: { address: "127.0.0.1:0" } }
pools:
  web:
    backends:
      - http://127.0.0.1:8081
      - { url: "\${B2}", name: b2, weight: 5, maxConnections: 9 }
      - { url: "http://127.0.0.1:8083", name: b3 }
`;

function load(text: string): Config {
  const loaded = loadConfigText(text, 'ballast.yaml', { B2: 'http://127.0.0.1:8082' });
  if (!loaded.ok) assert.fail(JSON.stringify(loaded.diagnostics));
  return loaded.config;
}

function make() {
  const config = load(FILE);
  const made = makeRoster(config);
  const loaded = { path: 'ballast.yaml', hash: 'x', config };
  const drift = () => driftOf(loaded, made.roster.changes);
  const change = (setting: string, backend: string | null) => {
    const found = drift().find((each) => each.setting === setting && each.backend === backend);
    assert.ok(found !== undefined, `${setting} of ${backend}`);
    return found;
  };
  return { ...made, drift, change };
}

describe('drift', () => {
  it('is nothing while nothing was changed, and again when it is taken back', () => {
    const { drift, roster, backend } = make();
    assert.deepEqual(drift(), []);
    roster.setWeight(backend('b2'), 7, 'test');
    assert.equal(drift().length, 1);
    roster.setWeight(backend('b2'), 5, 'test');
    assert.deepEqual(drift(), []);
  });

  it('says what the file has, where, and what holds', () => {
    const { drift, roster, backend, pool } = make();
    roster.setPolicy(pool(), 'least-connections', 'test');
    roster.setWeight(backend('b2'), 7, 'test');
    roster.setMode(backend('b2'), 'drain', 'test');
    roster.addBackend(pool(), { url: 'http://127.0.0.1:9000', name: 'new', weight: 2 }, 'test');
    roster.removeBackend(backend('b3'), 'test');
    assert.deepEqual(
      drift().map(({ backend: name, setting, file, now, line }) => [name, setting, file, now, line]),
      [
        [null, 'policy', 'round-robin', 'least-connections', null],
        ['b2', 'weight', 5, 7, 8],
        ['b2', 'mode', 'ready', 'drain', 8],
        ['new', 'added', null, { url: 'http://127.0.0.1:9000', weight: 2 }, null],
        ['b3', 'removed', { url: 'http://127.0.0.1:8083' }, null, 9],
      ],
    );
  });

  it('has a patch that makes the file say so', () => {
    const { roster, backend, pool, change } = make();
    roster.setPolicy(pool(), 'least-connections', 'test');
    assert.equal(change('policy', null).patch, 'pools:\n  web:\n    policy: least-connections\n');

    roster.setWeight(backend('b2'), 7, 'test');
    const weight = change('weight', 'b2').patch ?? '';
    assert.match(weight, /^# in place of the entry, line 8\n/);
    // The variable stays a variable, and the settings beside it stay.
    const [entry] = (parse(weight) as { pools: { web: { backends: unknown[] } } }).pools.web.backends;
    assert.deepEqual(entry, { url: `\${B2}`, name: 'b2', weight: 7, maxConnections: 9 });
    const patched = load(FILE.replace(/- \{ url: "\$.*/, `- ${JSON.stringify(entry)}`));
    const [was] = load(FILE).pools;
    assert.deepEqual(patched.pools[0]?.backends[1], { ...was?.backends[1], weight: 7 });

    roster.setWeight(backend('127.0.0.1:8081'), 3, 'test');
    assert.match(change('weight', '127.0.0.1:8081').patch ?? '', /- url: http:\/\/127\.0\.0\.1:8081\n +weight: 3/);
    roster.setMode(backend('b2'), 'maintenance', 'test');
    assert.equal(change('mode', 'b2').patch, null, 'a file cannot say it');
    roster.removeBackend(backend('b3'), 'test');
    const removed = change('removed', 'b3').patch ?? '';
    assert.ok(
      removed.split('\n').every((line) => line === '' || line.startsWith('#')),
      removed,
    );
    assert.match(removed, /^# to be taken out, line 9\n/);
  });
});

describe('the effective config', () => {
  it('has the changes made at run time in it, and says so', () => {
    const { roster, backend, pool } = make();
    roster.setPolicy(pool(), 'least-connections', 'test');
    roster.removeBackend(backend('127.0.0.1:8081'), 'test');
    roster.setWeight(backend('b2'), 7, 'test');
    roster.addBackend(pool(), { url: 'http://127.0.0.1:9000', weight: 2 }, 'test');
    const tree = effectiveConfig(roster.config, roster.changes) as unknown as {
      pools: {
        web: { policy: unknown; backends: Record<'url' | 'name' | 'weight', { value: unknown; line?: number }>[] };
      };
    };
    const { policy, backends } = tree.pools.web;
    assert.deepEqual(policy, { value: 'least-connections', origin: 'runtime' });
    assert.deepEqual(
      backends.map(({ name }) => name.value),
      ['b2', 'b3', '127.0.0.1:9000'],
    );
    const [b2, b3, added] = backends;
    assert.deepEqual(b2?.weight, { value: 7, origin: 'runtime' });
    assert.equal(b2?.url.line, 8);
    assert.equal(b3?.url.line, 9, 'what follows a removed one keeps its line');
    assert.deepEqual(b3?.weight, { value: 1, origin: 'default' });
    assert.deepEqual(added?.url, { value: 'http://127.0.0.1:9000', origin: 'runtime' });
  });

  it('keeps a weight of a backend in short form, and is the file without changes', () => {
    const { roster, backend } = make();
    const before = JSON.stringify(effectiveConfig(roster.config, roster.changes));
    roster.setWeight(backend('127.0.0.1:8081'), 9, 'test');
    const text = JSON.stringify(effectiveConfig(roster.config, roster.changes));
    assert.match(text, /"url":\{"value":"http:\/\/127\.0\.0\.1:8081","origin":"file","line":7,/);
    assert.equal(
      text,
      before.replace('"weight":{"value":1,"origin":"default"}', '"weight":{"value":9,"origin":"runtime"}'),
    );
  });
});
