import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setInText } from './set-in-text.ts';

const BACKEND = ['pools', 'web', 'backends', 0, 'weight'];
const POLICY = ['pools', 'web', 'policy'];

interface Case {
  readonly before: string;
  readonly path?: readonly (string | number)[];
  readonly value?: string | number;
  readonly after: string;
}

const CASES: Readonly<Record<string, Case>> = {
  'a value that is there, with what is beside it': {
    before: 'pools:\n  web:\n    backends:\n      - { url: "http://a:1",   weight: 5 } # the old one\n',
    after: 'pools:\n  web:\n    backends:\n      - { url: "http://a:1",   weight: 20 } # the old one\n',
  },
  'one that is not there, in a flow map': {
    before: 'pools: { web: { backends: [ { url: "http://a:1", name: a } ] } }\n',
    after: 'pools: { web: { backends: [ { url: "http://a:1", name: a, weight: 20 } ] } }\n',
  },
  'one that is not there, in a block': {
    before: 'pools:\n  web:\n    backends:\n      - url: http://a:1 # first\n        name: a\n',
    after: 'pools:\n  web:\n    backends:\n      - url: http://a:1 # first\n        weight: 20\n        name: a\n',
  },
  'a backend in short form': {
    before: 'pools:\n  web:\n    backends:\n      - http://a:1 # first\n      - http://b:1\n',
    after: 'pools:\n  web:\n    backends:\n      - { url: http://a:1, weight: 20 } # first\n      - http://b:1\n',
  },
  'a short form by a variable': {
    before: 'pools: { web: { backends: [ "${A}" ] } }\n',
    after: 'pools: { web: { backends: [ { url: "${A}", weight: 20 } ] } }\n',
  },
  'a short form with brackets': {
    before: 'pools:\n  web:\n    backends:\n      - http://[::1]:80\n',
    after: 'pools:\n  web:\n    backends:\n      - { url: "http://[::1]:80", weight: 20 }\n',
  },
  JSON: {
    before:
      '{\n  "pools": {\n    "web": {\n      "backends": [\n        {\n          "url": "http://a:1"\n        }\n      ]\n    }\n  }\n}',
    after:
      '{\n  "pools": {\n    "web": {\n      "backends": [\n        {\n          "url": "http://a:1",\n          "weight": 20\n        }\n      ]\n    }\n  }\n}',
  },
  'JSON in short form': {
    before: '{"pools":{"web":{"backends":["http://a:1"]}}}',
    after: '{"pools":{"web":{"backends":[{ "url": "http://a:1", "weight": 20 }]}}}',
  },
  'a quoted policy': {
    before: "pools: { web: { policy: 'round-robin' } }",
    path: POLICY,
    value: 'least-connections',
    after: "pools: { web: { policy: 'least-connections' } }",
  },
  'a policy above a list': {
    before: 'pools:\n  # ours\n  web:\n    backends:\n      - http://a:1\n',
    path: POLICY,
    value: 'least-connections',
    after: 'pools:\n  # ours\n  web:\n    policy: least-connections\n    backends:\n      - http://a:1\n',
  },
  'a key without a value': {
    before: 'pools:\n  web:\n    policy:\n    backends: []\n',
    path: POLICY,
    value: 'least-connections',
    after: 'pools:\n  web:\n    policy: least-connections\n    backends: []\n',
  },
  'the line ends of Windows': {
    before: 'pools:\r\n  web:\r\n    backends:\r\n      - url: http://a:1\r\n        name: a\r\n',
    after: 'pools:\r\n  web:\r\n    backends:\r\n      - url: http://a:1\r\n        weight: 20\r\n        name: a\r\n',
  },
  'no line end at the end': {
    before: 'pools:\n  web:\n    backends:\n      - url: http://a:1',
    after: 'pools:\n  web:\n    backends:\n      - url: http://a:1\n        weight: 20',
  },
};

describe('setting in a text', () => {
  for (const [what, { before, path = BACKEND, value = 20, after }] of Object.entries(CASES)) {
    it(`sets ${what}`, () => {
      assert.deepEqual(setInText(before, path, value), { isSet: true, text: after });
    });
  }

  for (const [what, text, problem] of [
    ['no YAML', 'pools: [', /not valid YAML/],
    ['no such pool', 'pools: {}', /does not have the map/],
    ['an alias in its place', 'x: &a { url: "http://a:1" }\npools: { web: { backends: [ *a ] } }', /\*a/],
    ['an alias as its value', 'x: &a 5\npools: { web: { backends: [ { weight: *a } ] } }', /\*a/],
    ['a variable', `pools: { web: { backends: [ { weight: "\${W}" } ] } }`, /a variable there: "\$\{W\}"/],
    ['a map as its value', 'pools: { web: { backends: [ { weight: {} } ] } }', /something else/],
  ] as const) {
    it(`refuses ${what}`, () => {
      const result = setInText(text, BACKEND, 20);
      assert.match(result.isSet ? result.text : result.problem, problem);
      assert.equal(result.isSet, false);
    });
  }
});
