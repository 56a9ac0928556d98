import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanLine } from './human-lines.ts';

test('a log entry becomes time, level and text', () => {
  assert.match(
    humanLine('{"level":40,"time":1795394240123,"msg":"b2 is down"}\n'),
    /^\d\d:\d\d:\d\d warning {2}b2 is down$/,
  );
});

test('the cause of an error is part of the line', () => {
  assert.match(humanLine('{"level":50,"time":0,"msg":"failed","err":{"message":"no"}}'), / error {4}failed: no$/);
});

test('what is no entry stays as it is', () => {
  assert.equal(humanLine('plain\n'), 'plain');
});
