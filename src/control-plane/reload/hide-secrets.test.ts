import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hideSecrets, secretsOf } from './hide-secrets.ts';

describe('hiding secrets', () => {
  it('knows the token, and the variables whose names sound like one', () => {
    const env = { API_TOKEN: 'abcdef-1', DB_PASSWORD: 'abcdef-123', HOME: '/home/ballast', MY_SECRET: 'short', T: 'x' };
    assert.deepEqual(secretsOf('t0p', env), ['abcdef-123', 'abcdef-1', 't0p']);
    assert.deepEqual(secretsOf(null, {}), []);
  });

  it('takes them out wherever they stand, the longer ones first', () => {
    const value = { text: 'bearer abcdef-123', list: ['abcdef-1', 7, null], deep: { a: ['x abcdef-1 abcdef-123 y'] } };
    assert.deepEqual(hideSecrets(value, ['abcdef-123', 'abcdef-1']), {
      text: 'bearer ***',
      list: ['***', 7, null],
      deep: { a: ['x *** *** y'] },
    });
  });

  it('leaves of a URL no user and no password', () => {
    assert.equal(
      hideSecrets('at http://joe:pw@10.0.0.1:80/a and http://b/@', []),
      'at http://***@10.0.0.1:80/a and http://b/@',
    );
  });

  it('hides a text behind a key that sounds like a secret, and goes on below it', () => {
    const setting = { token: { value: '***', origin: 'file' }, password: 'x', tokens: 3 };
    assert.deepEqual(hideSecrets(setting, []), { token: { value: '***', origin: 'file' }, password: '***', tokens: 3 });
  });
});
