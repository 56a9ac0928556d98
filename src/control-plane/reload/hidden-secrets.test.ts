import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HiddenSecrets, hasStandIn } from './hidden-secrets.ts';

const TEXTS = {
  'in quotes, beside other settings': 'admin: { token: "hunter2hunter2", address: ":1" }\n',
  plain: 'admin:\n  token: hunter2hunter2 # the old one\n  address: ":1"\n',
  'misspelt, so that it is not a token': 'admin:\n  tokn: hunter2hunter2\n',
  'in a comment': '# token: hunter2hunter2\nversion: 1\n',
  'in a URL': 'pools: { web: { backends: ["http://me:hunter2hunter2@10.0.0.1:80"] } }\n',
  'in a block': 'admin:\n  token: >-\n    hunter2hunter2\n  address: ":1"\n',
  'behind a variable': `admin: { token: "\${T:-hunter2hunter2}" }\n`,
  'in a text that is no YAML': 'admin: {\n token: "hunter2hunter2"\n  - [\n',
  'twice, by an anchor': 'x: &t hunter2hunter2\nadmin: { token: *t }\n',
  'with the line ends of Windows': 'admin:\r\n  token: hunter2hunter2\r\n  address: ":1"\r\n',
};

describe('hidden secrets', () => {
  for (const [what, text] of Object.entries(TEXTS)) {
    it(`hides one ${what}, and finds it again`, () => {
      const secrets = new HiddenSecrets();
      const shown = secrets.hide(text);
      assert.ok(!shown.includes('hunter2'), shown);
      assert.equal(shown.split('\n').length >= text.trimEnd().split('\n').length - 1, true);
      assert.equal(secrets.reveal(shown), text);
    });
  }

  it('leaves a text alone that has none', () => {
    const secrets = new HiddenSecrets();
    for (const text of [`admin: { token: "\${API_TOKEN}" }\n`, 'version: 1\n', 'admin: { token: null }', '']) {
      assert.equal(secrets.hide(text), text);
    }
  });

  it('shows the same secret the same way, and another one in another', () => {
    const secrets = new HiddenSecrets();
    const at = (token: string): string => secrets.hide(`admin: { token: ${token} }`);
    assert.equal(at('aaaaaaaaaa'), at('aaaaaaaaaa'));
    assert.notEqual(at('aaaaaaaaaa'), at('bbbbbbbbbb'));
    assert.ok(hasStandIn(at('aaaaaaaaaa')));
  });

  it('knows no stand-in of another process', () => {
    const shown = new HiddenSecrets().hide('admin: { token: aaaaaaaaaa }');
    assert.equal(new HiddenSecrets().reveal(shown), null);
  });
});
