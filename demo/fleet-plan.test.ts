import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvironment } from '../src/cli/environment.ts';
import { configFromFlags } from '../src/config/build.ts';
import { demoFlags, demoMembers, sharedPorts, wantedPorts } from './fleet-plan.ts';

test('without any variable the demo takes the documented ports', () => {
  const env = readEnvironment({});
  const members = demoMembers(env, undefined);
  assert.deepEqual(
    wantedPorts(env, members).map(({ port }) => port),
    [8080, 8090, 8081, 8082, 8083],
  );
  assert.deepEqual(
    members.map(({ url }) => url),
    ['http://127.0.0.1:8081', 'http://127.0.0.1:8082', 'http://127.0.0.1:8083'],
  );
});

test('the variables move every port', () => {
  const env = readEnvironment({ PROXY_PORT: '9000', DASHBOARD_PORT: '9001' });
  const ports = wantedPorts(env, demoMembers(env, '9002'));
  assert.deepEqual(
    ports.map(({ port }) => port),
    [9000, 9001, 9002, 9003, 9004],
  );
  assert.deepEqual(sharedPorts(ports), []);
});

test('a port that is wanted twice is named with both that want it', () => {
  const env = readEnvironment({ PROXY_PORT: '8082' });
  const problems = sharedPorts(wantedPorts(env, demoMembers(env, undefined)));
  assert.equal(problems.length, 1);
  assert.match(String(problems[0]), /^port 8082 is wanted by balancer and by backend steady; set PROXY_PORT/);
});

test('BACKEND_SERVERS replaces the own backends', () => {
  const env = readEnvironment({ BACKEND_SERVERS: 'http://10.0.0.1:80, http://10.0.0.2:80' });
  assert.deepEqual(demoMembers(env, undefined), []);
  assert.equal(wantedPorts(env, []).length, 2);
  const loaded = configFromFlags(demoFlags(env, []));
  assert.ok(loaded.ok);
  assert.deepEqual(
    loaded.config.pools[0]?.backends.map(({ name }) => name),
    ['10.0.0.1:80', '10.0.0.2:80'],
  );
});

test('the config of the demo is valid without a warning, and keeps nothing on disk', () => {
  const env = readEnvironment({});
  const loaded = configFromFlags(demoFlags(env, demoMembers(env, undefined)));
  assert.ok(loaded.ok);
  assert.deepEqual(loaded.warnings, []);
  assert.equal(loaded.config.stateFile, null);
  assert.equal(loaded.config.admin?.address.host, '127.0.0.1');
});

for (const port of ['x', '0', '65534', '-1']) {
  test(`SERVER_PORT=${port} leaves no room for three backends`, () => {
    assert.throws(() => demoMembers(readEnvironment({}), port), /SERVER_PORT=.*: expected the first of 3 ports/);
  });
}
