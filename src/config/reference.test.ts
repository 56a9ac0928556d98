import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEM_CODES } from './codes.ts';
import { configJsonSchema, configReference } from './reference.ts';
import { ConfigSchema } from './schema.ts';
import { sectionsOf } from './schema-walk.ts';

const settings = sectionsOf(ConfigSchema).flatMap((section) => section.settings);

test('every setting says what it is, and every default has a value that its own bounds allow', () => {
  assert.ok(settings.length >= 38, String(settings.length));
  for (const { path, setting } of settings) {
    assert.match(setting.summary, /^[A-Z].*\.$/, path);
    if (setting.default !== undefined) assert.ok(setting.reason !== null, `${path} has a default without a reason`);
  }
});

test('every section has its sentence', () => {
  for (const { path, section } of sectionsOf(ConfigSchema)) assert.match(section.summary, /^[A-Z].*\.$/, path);
});

test('the reference has a row for every setting and every code', () => {
  const reference = configReference();
  for (const { path } of settings)
    assert.ok(reference.includes(`| \`${path.slice(path.lastIndexOf('.') + 1)}\` |`), path);
  for (const code of PROBLEM_CODES) assert.ok(reference.includes(`| \`${code}\` |`), code);
});

test('the JSON Schema asks for what has no default and lets nothing unknown in', () => {
  const schema = configJsonSchema();
  assert.deepEqual(schema['required'], ['version', 'listeners', 'pools']);
  assert.equal(schema['additionalProperties'], false);
  const text = JSON.stringify(schema);
  for (const { path } of settings) {
    assert.ok(text.includes(`"${path.slice(path.lastIndexOf('.') + 1).replace('[]', '')}":`), path);
  }
});
