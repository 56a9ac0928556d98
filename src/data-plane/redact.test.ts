import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isSecretName, shownText, shownValue } from './redact.ts';

it('knows the names whose values are nobody else’s business', () => {
  for (const name of [
    'Authorization',
    'proxy-authorization',
    'Cookie',
    'Set-Cookie',
    'X-Api-Key',
    'x_api_key',
    'X-Auth',
    'Session-Id',
    'PASSWORD',
    'X-Amz-Security-Token',
    'client_secret',
    'a%63cess_toke%6e',
    'sig',
  ]) {
    assert.equal(isSecretName(name), true, name);
    assert.equal(shownValue(name, 'hunter2', 256), '•••', name);
  }
  for (const name of ['Host', 'Accept', 'User-Agent', 'X-Request-Id', 'Design', 'Content-Type', '%zz']) {
    assert.equal(isSecretName(name), false, name);
    assert.equal(shownValue(name, 'hunter2', 256), 'hunter2', name);
  }
});

it('hides what is assigned to such names in a target, and nothing else of it', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['/a/b?x=1&y=2', '/a/b?x=1&y=2'],
    ['/a?token=abc/d?e;f&x=1', '/a?token=•••&x=1'],
    ['/a?x=1&access_token=abc', '/a?x=1&access_token=•••'],
    ['/a?x=1;token=abc', '/a?x=•••'],
    ['/a?%74oken=abc', '/a?%74oken=•••'],
    ['/a?next=%2Fb%3Ftoken%3Dabc', '/a?next=•••'],
    ['/a?next=/b?password=abc&x=1', '/a?next=•••&x=1'],
    ['/a;jsessionid=abc/b;v=1?x=1', '/a;jsessionid=•••/b;v=1?x=1'],
    ['http://user:hunter2@example.com/a', 'http://•••@example.com/a'],
    ['/a?flag', '/a?flag'],
    ['/jobs/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', '/jobs/•••'],
    ['/100%', '/100%'],
  ];
  for (const [target, shown] of cases) assert.equal(shownText(target, 256), shown);
});

it('leaves ordinary values as they are, and looks into those that are addresses', () => {
  assert.equal(shownValue('Accept', 'text/html;q=0.9, */*;q=0.8', 256), 'text/html;q=0.9, */*;q=0.8');
  assert.equal(shownValue('Referer', 'https://example.com/?token=abc', 256), 'https://example.com/?token=•••');
  assert.equal(shownValue('X-Any', 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', 256), 'Bearer •••');
});

it('cuts what is long, and shows no more of a secret for it', () => {
  assert.equal(shownText('x'.repeat(20), 16), `${'x'.repeat(16)}…`);
  assert.equal(shownText('/?a=1&token=abcdefgh', 14), '/?a=1&token=•••…');
  assert.equal(shownValue('Cookie', 'x'.repeat(2000), 256), '•••');
});

it('takes no longer over what was made to keep it busy', () => {
  const began = performance.now();
  for (const hard of ['key', '-eyJabcdef', ';a', '//', '?key', '=', '%74', '&key=']) {
    shownText(`/?a=${hard.repeat(4_000)}`, 1024);
    shownText(hard.repeat(4_000), 1024);
  }
  assert.ok(performance.now() - began < 1_000);
});
