import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importProblems, importsOf } from './check-imports.ts';

const problemsIn = (files: Record<string, string>): string[] => importProblems(new Map(Object.entries(files)));

test('an import that points down is allowed', () => {
  assert.deepEqual(
    problemsIn({
      'src/cli/run.ts': "import { load } from '../config/load.ts';\nimport { readFileSync } from 'node:fs';",
      'src/control-plane/workers/supervisor.ts': "import { Worker } from 'node:worker_threads';",
      'src/data-plane/exchange.ts': "import { parseHead } from '../http1/parse-head.ts';",
      'dashboard/src/live.ts': "import type { Status } from '../../src/protocol/admin-api.ts';",
      'demo/fleet.ts': "import { startBalancer } from '../src/control-plane/balancer.ts';",
    }),
    [],
  );
});

const violations: readonly [name: string, file: string, text: string, expected: RegExp][] = [
  [
    'upwards',
    'src/config/load.ts',
    "import { x } from '../cli/main.ts';",
    /^src\/config\/load\.ts:1: src\/config imports/,
  ],
  [
    'control plane to data plane',
    'src/control-plane/a.ts',
    "\nimport '../data-plane/worker.ts';",
    /^src\/control-plane\/a\.ts:2: /,
  ],
  ['a type upwards', 'src/state/a.ts', "import type { C } from '../control-plane/c.ts';", /src\/state imports/],
  ['a re-export upwards', 'src/balancing/a.ts', "export { x } from '../config/x.ts';", /src\/balancing imports/],
  ['a literal import()', 'src/cli/a.ts', "const m = await import('../data-plane/worker.ts');", /src\/cli imports/],
  ['several lines', 'src/http1/a.ts', "import {\n  a,\n  b,\n} from '../config/x.ts';", /src\/http1 imports/],
  ['the demo', 'src/cli/demo.ts', "import { f } from '../../demo/fleet.ts';", /src\/cli imports '\.\.\/\.\.\/demo/],
  ['a package on the data plane', 'src/data-plane/a.ts', "import pino from 'pino';", /uses none/],
  ['I/O in a pure library', 'src/http1/a.ts', "import net from 'node:net';", /does no I\/O/],
  [
    'a value for the dashboard',
    'dashboard/src/a.ts',
    "import { FAILURES } from '../../src/protocol/failures.ts';",
    /import type/,
  ],
  [
    'a deep file for the dashboard',
    'dashboard/src/a.ts',
    "import type { R } from '../../src/control-plane/r.ts';",
    /types of src\/protocol only/,
  ],
  ['a second owner of Worker', 'src/cli/a.ts', "import { Worker } from 'node:worker_threads';", /names Worker/],
  ['a folder of no name', 'src/extra/a.ts', "import { x } from '../config/x.ts';", /not in the diagram/],
  ['a barrel', 'src/config/index.ts', '', /says nothing/],
  ['a drawer', 'src/http1/utils.ts', '', /says nothing/],
];
for (const [name, file, text, expected] of violations) {
  test(`a violation is found: ${name}`, () => {
    const problems = problemsIn({ [file]: text });
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(String(problems[0]), expected);
  });
}

test('two folders that import each other are found even where the list allows both', () => {
  const problems = problemsIn({
    'src/config/a.ts': "import { x } from '../http1/x.ts';",
    'src/http1/b.ts': "import { y } from '../config/y.ts';",
  });
  assert.ok(problems.some((problem) => problem.includes('folders config and http1 import each other')));
});

test('tests and comments are exempt', () => {
  assert.deepEqual(problemsIn({ 'src/http1/a.test.ts': "import net from 'node:net';" }), []);
  assert.deepEqual(problemsIn({ 'src/http1/a.ts': "// import net from 'node:net';\n/* import x from 'y'; */" }), []);
});

test('importsOf tells types from values and keeps line numbers', () => {
  const found = importsOf("/* one\n two */\nimport type { A } from './a.ts';\nimport b, { c } from './b.ts';\n");
  assert.deepEqual(
    found.map(({ specifier, isTypeOnly, line }) => [specifier, isTypeOnly, line]),
    [
      ['./a.ts', true, 3],
      ['./b.ts', false, 4],
    ],
  );
});
