import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { interpolate, shieldVariables, unshieldVariables } from './interpolate.ts';

const ENVIRONMENT = { NAME: 'value', EMPTY: '' };

test('a variable stands in its place', () => {
  assert.equal(interpolate('a ${NAME} b ${NAME}', ENVIRONMENT).text, 'a value b value');
});

test('the default counts where the variable is not set or empty', () => {
  assert.equal(interpolate('${NAME:-x} ${EMPTY:-y} ${NONE:-z} ${NONE:-}', ENVIRONMENT).text, 'value y z ');
});

test('a variable that is set to nothing is nothing', () => {
  assert.deepEqual(interpolate('[${EMPTY}]', ENVIRONMENT), { text: '[]', faults: [] });
});

test('a variable that is not set is a fault at its place, and the others are still read', () => {
  const { text, faults } = interpolate('${NAME} ${NONE} ${ALSO_NONE}', ENVIRONMENT);
  assert.equal(text, 'value ${NONE} ${ALSO_NONE}');
  assert.deepEqual(
    faults.map(({ reading, occurrence }) => [reading.code, occurrence]),
    [
      ['variable-missing', 1],
      ['variable-missing', 2],
    ],
  );
});

test('two dollars stand for one', () => {
  assert.deepEqual(interpolate('$${NAME} $NAME $$', ENVIRONMENT), { text: '${NAME} $NAME $$', faults: [] });
});

test('a value is never read for variables again', () => {
  assert.equal(interpolate('${A}', { A: '${B}', B: 'no' }).text, '${B}');
});

test('names of Object.prototype are no variables', () => {
  assert.equal(interpolate('${constructor}', {}).faults.length, 1);
});

test('the shield keeps the length and comes off again', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('${', '}', '{', '$', 'A', ':-', '\n', ' ')), (parts) => {
      const text = parts.join('');
      assert.equal(shieldVariables(text).length, text.length);
      assert.equal(unshieldVariables(shieldVariables(text)), text);
    }),
  );
});
