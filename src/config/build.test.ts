import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configFromFlags } from './build.ts';
import { formatDiagnostic, loadConfigText } from './load.ts';

test('flags make the config that a file with the same settings makes', () => {
  const fromFlags = configFromFlags(
    {
      listen: ':8080',
      to: ['http://127.0.0.1:8081', { url: 'http://127.0.0.1:8082', name: 'two' }],
      policy: 'least-connections',
      adminAddress: '127.0.0.1:8090',
      adminToken: 'secret',
      health: { path: '/healthz', interval: '5s' },
    },
    4,
  );
  const fromFile = loadConfigText(
    `version: 1
listeners: { web: { address: ":8080" } }
pools:
  web:
    policy: least-connections
    backends: [http://127.0.0.1:8081, { url: "http://127.0.0.1:8082", name: two }]
    health: { path: /healthz, interval: 5s }
admin: { address: 127.0.0.1:8090, token: secret }
stateFile: false
`,
    'web.yaml',
    {},
    4,
  );
  assert.ok(fromFlags.ok && fromFile.ok);
  assert.deepEqual(fromFlags.config, fromFile.config);
});

test('every wrong flag is reported at once, by its name, and no secret is shown', () => {
  const result = configFromFlags({
    listen: '8080',
    to: ['http://a', 'https://b', 'http://a:80'],
    policy: 'rr',
    adminAddress: '0.0.0.0:1',
    adminToken: 'hunter2 hunter2',
  });
  assert.ok(!result.ok);
  assert.deepEqual(
    result.diagnostics.map(({ code, file, line, path }) => `${code} ${file}:${line} ${path}`),
    [
      'address-invalid command line:1 --listen',
      'url-scheme-unsupported command line:3 --to',
      'backend-duplicate command line:4 --to',
      'policy-unknown command line:5 --policy',
      'token-invalid command line:7 --admin-token',
    ],
  );
  assert.doesNotMatch(result.diagnostics.map(formatDiagnostic).join('\n'), /hunter2/);
});

test('without an admin address there is no admin side', () => {
  const result = configFromFlags({ listen: ':8080', to: ['http://a'] });
  assert.ok(result.ok);
  assert.equal(result.config.admin, null);
  assert.equal(result.config.stateFile, null);
});
