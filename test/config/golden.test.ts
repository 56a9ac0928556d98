/**
 * Golden tests of the config: a case is a file in `cases/`, with what comes of it beside it.
 *
 * `NAME.expected.txt` holds the diagnostics as `ballast check` prints them, then the config where
 * there is one. A first line `# env: NAME=value …` sets variables. `UPDATE_GOLDEN=1` writes the
 * expectations anew: read the difference before committing it.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { PROBLEM_CODES } from '../../src/config/codes.ts';
import { formatDiagnostic, loadConfigText } from '../../src/config/load.ts';

const CASES = new URL('cases/', import.meta.url);
const CORES = 4;
/** Codes that no text can have; `load.test.ts` covers them. */
const CODES_OF_FILES = ['config-unreadable', 'config-not-utf8'];

const names = readdirSync(CASES)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length));

for (const name of names) {
  test(`config case ${name}`, () => {
    const text = readFileSync(new URL(`${name}.yaml`, CASES), 'utf8');
    const actual = outcomeOf(text, `${name}.yaml`);
    const expectation = new URL(`${name}.expected.txt`, CASES);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(expectation, actual);
    assert.ok(existsSync(expectation), `${name}.expected.txt is missing: run with UPDATE_GOLDEN=1`);
    assert.equal(actual, readFileSync(expectation, 'utf8'));
    if (name.startsWith('good-')) assert.match(actual, /^\{/, 'a good config has neither errors nor warnings');
    else if (name.startsWith('warn-')) assert.match(actual, /^warning\[[\s\S]*^\{/m);
    else assert.match(actual, /^error\[/m);
  });
}

test('every code has a case', () => {
  const seen = names.map((name) => readFileSync(new URL(`${name}.expected.txt`, CASES), 'utf8')).join('\n');
  const unseen = PROBLEM_CODES.filter((code) => !seen.includes(`[${code}]`) && !CODES_OF_FILES.includes(code));
  assert.deepEqual(unseen, []);
});

test('no outcome shows a secret', () => {
  for (const name of names) {
    const text = readFileSync(new URL(`${name}.yaml`, CASES), 'utf8');
    const result = loadConfigText(text, name, environmentOf(text), CORES);
    const shown = (result.ok ? result.warnings : result.diagnostics).map(formatDiagnostic).join('\n');
    assert.doesNotMatch(shown, /hunter2|t0p-s3cret/, name);
  }
});

test('every expectation has its case', () => {
  const expectations = readdirSync(CASES).filter((file) => file.endsWith('.expected.txt'));
  assert.deepEqual(expectations.map((file) => file.slice(0, -'.expected.txt'.length)).sort(), [...names].sort());
});

function outcomeOf(text: string, file: string): string {
  const result = loadConfigText(text, file, environmentOf(text), CORES);
  const diagnostics = result.ok ? result.warnings : result.diagnostics;
  const blocks = diagnostics.map(formatDiagnostic);
  if (result.ok) blocks.push(JSON.stringify(result.config, null, 2));
  return `${blocks.join('\n\n')}\n`;
}

function environmentOf(text: string): Record<string, string> {
  const line = /^# env: (.*)\n/.exec(text)?.[1] ?? '';
  return Object.fromEntries(
    line
      .split(' ')
      .filter((entry) => entry.includes('='))
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}
