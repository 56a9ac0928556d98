/** The reader of the chaos clients: what it takes for whole is whole, wherever the bytes are cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomFrom, SEGMENTATIONS } from '../harness/segmentations.ts';
import { AnswerReader, isKept } from './answer-reader.ts';
import { bodyOf, sumOf, sumOfBody } from './bodies.ts';
import { drawPlan, WILD } from './request-plans.ts';

const BODY = bodyOf('r1', 'answer', 3_000);
const head = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;
const text = BODY.toString('latin1');
const CHUNKED = `${head('Transfer-Encoding: chunked')}3e8\r\n${text.slice(0, 1_000)}\r\n7d0\r\n${text.slice(1_000)}\r\n0\r\n\r\n`;
const MESSAGES: Readonly<Record<string, string>> = {
  length: `${head('Content-Length: 3000')}${text}`,
  chunked: CHUNKED,
  interim: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${CHUNKED}`,
  trailers: CHUNKED.replace('0\r\n\r\n', '0\r\nX-Sum: 1\r\n\r\n'),
};

function readerOf(pieces: readonly string[], method = 'GET'): AnswerReader {
  const reader = new AnswerReader();
  reader.expect(method);
  for (const piece of pieces) reader.push(Buffer.from(piece, 'latin1'));
  return reader;
}

for (const [name, message] of Object.entries(MESSAGES)) {
  test(`${name}: whole at its last byte and not before, in every segmentation`, () => {
    for (const cut of Object.values(SEGMENTATIONS)) {
      const { answer } = readerOf(cut(message, 'seed'));
      assert.deepEqual(
        [answer?.isWhole, answer?.bodyBytes, answer?.bodySum],
        [true, 3_000, sumOfBody('r1', 'answer', 3_000)],
      );
      assert.notEqual(readerOf(cut(message.slice(0, -1), 'seed')).answer?.isWhole, true);
    }
  });
}

test('answers without a body, and one that ends with its connection', () => {
  assert.equal(readerOf([head('Content-Length: 3000')], 'HEAD').answer?.isWhole, true);
  assert.equal(readerOf([head('Content-Length: 0')]).answer?.isWhole, true);
  assert.equal(readerOf(['HTTP/1.1 204 No Content\r\n\r\n']).answer?.isWhole, true);
  const reader = readerOf([head('X-A: b'), 'abc']);
  assert.equal(reader.answer?.isWhole, false);
  reader.end();
  assert.deepEqual([reader.answer?.isWhole, reader.answer?.text], [true, 'abc']);
  const cut = readerOf([head('Content-Length: 5'), 'abc']);
  cut.end();
  assert.equal(cut.answer?.isWhole, false);
});

test('the end of a connection is announced', () => {
  const kept = (fields: string): boolean => {
    const { answer } = readerOf([head(fields)], 'HEAD');
    return answer !== null && isKept(answer);
  };
  assert.deepEqual([kept('Content-Length: 0'), kept('Connection: close')], [true, false]);
});

test('what is no answer, or an answer too many, is refused', () => {
  const wrong = [
    'HTTP/2.0 200 OK\r\n\r\n',
    head('Content-Length: 1\r\nTransfer-Encoding: chunked'),
    `${head('Transfer-Encoding: chunked')}xyz\r\n`,
    `${head('Transfer-Encoding: chunked')}1\r\nab\r\n`,
    `${head('Content-Length: 0')}more`,
  ];
  for (const bytes of wrong) assert.throws(() => readerOf([bytes]), bytes);
});

test('a body follows from its id and its side, and a seed draws the same requests', () => {
  assert.equal(sumOf(bodyOf('r1', 'answer', 3_000)), sumOf(BODY));
  assert.notEqual(sumOf(bodyOf('r2', 'answer', 3_000)), sumOf(BODY));
  assert.notEqual(sumOf(bodyOf('r1', 'request', 3_000)), sumOf(BODY));
  const draw = (seed: string): string => {
    const random = randomFrom(seed);
    return JSON.stringify(Array.from({ length: 200 }, (_, index) => drawPlan(random, `${index}`, WILD)));
  };
  assert.equal(draw('one'), draw('one'));
  assert.notEqual(draw('one'), draw('two'));
});
