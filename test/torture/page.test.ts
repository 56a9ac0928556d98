/** The page of promises follows from the table and the results, and says what was not run. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { reliabilityPage } from './page.ts';
import { CHECKS, PROMISES } from './promises.ts';
import { readResults } from './results.ts';
import { outcomeOf, readVerdicts } from './verdict-lines.ts';

const [D1, D2] = PROMISES;
assert.ok(D1 && D2);

test('docs/reliability.md is what the results say, to the letter', () => {
  const page = readFileSync(new URL('../../docs/reliability.md', import.meta.url), 'utf8');
  assert.equal(page, reliabilityPage(readResults()), 'run npm run torture');
});

test('every promise has a check that is there, and every check a promise', () => {
  for (const { check } of PROMISES)
    assert.ok(
      CHECKS.some(({ name }) => name === check),
      check,
    );
  for (const { name } of CHECKS) {
    assert.ok(
      PROMISES.some(({ check }) => check === name),
      name,
    );
    assert.ok(existsSync(new URL(`../program/long/${name}.ts`, import.meta.url)), name);
  }
  assert.equal(new Set(PROMISES.map(({ id }) => id)).size, PROMISES.length);
});

test('a row that was not run says so, one that failed as well, and bars do not break the table', () => {
  const row = { faults: [], seed: 's', commit: 'c', seconds: 1 };
  const page = reliabilityPage({
    machine: 'M',
    rows: { D1: { ...row, isPassed: true, measured: '0 | 1' }, D2: { ...row, isPassed: false, measured: 'much' } },
  });
  assert.match(page, /^\| D1 \|.*\| 0 \\\| 1 \| kept \|$/m);
  assert.match(page, /^\| D2 \|.*\| much \| \*\*broken\*\* \|$/m);
  assert.match(page, /^\| D3 \|.*\| not run \| – \|$/m);
  for (const { id } of PROMISES) assert.match(page, new RegExp(`^\\| ${id} \\|`, 'm'));
});

test('verdicts are read by promise, with what was wrong', () => {
  const verdicts = readVerdicts('noise\nPASS kills [D1]: 3 kills\nFAIL kills [D2]: 4 kills\n  one\n  and 3 more\n');
  assert.deepEqual(verdicts, [
    { isPassed: true, promise: 'D1', figures: '3 kills', faults: [] },
    { isPassed: false, promise: 'D2', figures: '4 kills', faults: ['one', 'and 3 more'] },
  ]);
  assert.deepEqual(outcomeOf(D1, verdicts, 1), { isPassed: true, measured: '3 kills', faults: [] });
  assert.equal(outcomeOf(D2, verdicts, 1).isPassed, false);
});

test('a verdict without a promise is about all of the check, and none at all is a failure', () => {
  const one = readVerdicts('PASS kills: 3 kills\n');
  assert.deepEqual([outcomeOf(D1, one, 0).isPassed, outcomeOf(D2, one, 0).isPassed], [true, true]);
  assert.equal(outcomeOf(D1, one, 1).isPassed, false);
  assert.equal(outcomeOf(D1, readVerdicts('PASS kills [D1]: 3\nFAIL kills: broke off\n'), 1).isPassed, false);
  assert.equal(outcomeOf(D1, [], null).isPassed, false);
});
