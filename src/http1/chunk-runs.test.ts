import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChunkRuns } from './chunk-runs.ts';
import { CHUNK } from './parse-chunked.ts';

const LIMITS = { chunkExtensionBytes: 16_384, trailerBytes: 16_384 };

interface Passed {
  /** All that goes on, the end of the body included. */
  text: string;
  /** Pieces in which it does. */
  pieces: string[];
  bodyBytes: number;
  result: number;
  isEndIncluded: boolean;
  trailers: boolean;
}

/** Passes `reads` on as a relay does, each from a buffer that is used for something else right after. */
function pass(reads: readonly string[], isUnwrapped = false): Passed {
  const runs = new ChunkRuns(LIMITS);
  runs.reset(LIMITS, isUnwrapped);
  const passed: Passed = {
    text: '',
    pieces: [],
    bodyBytes: 0,
    result: CHUNK.MORE,
    isEndIncluded: false,
    trailers: false,
  };
  for (const read of reads) {
    const buffer = Buffer.from(`<${read}>`, 'latin1');
    const end = buffer.length - 1;
    for (let at = 1; passed.result === CHUNK.MORE || passed.result === CHUNK.DATA; at = runs.at) {
      passed.result = runs.next(buffer, at, end);
      assert.ok(runs.start <= runs.end && runs.end <= end, `run ${runs.start} to ${runs.end} of ${end}`);
      const piece = runs.line + buffer.toString('latin1', runs.start, runs.end);
      if (piece !== '') passed.pieces.push(piece);
      passed.bodyBytes += runs.bodyBytes;
      if (passed.result === CHUNK.MORE) break;
    }
    buffer.fill(0x21);
  }
  passed.isEndIncluded = runs.isEndIncluded;
  passed.trailers = runs.trailers !== null;
  passed.text = passed.pieces.join('');
  if (passed.result === CHUNK.END && !isUnwrapped && !runs.isEndIncluded) passed.text += '0\r\n\r\n';
  return passed;
}

/** Cuts `text` at these places. */
function cut(text: string, places: readonly number[]): string[] {
  const sorted = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((start, index) => text.slice(start, sorted[index]));
}

/** Takes apart what may go on: plain sizes, no extension. Throws at anything else. */
function bodyOfPlain(coded: string): string {
  let body = '';
  for (let at = 0; ; ) {
    const [line, digits = ''] = /^(0|[1-9a-f][0-9a-f]*)\r\n/i.exec(coded.slice(at, at + 20)) ?? assert.fail(coded);
    const start = at + line.length;
    const stop = start + Number.parseInt(digits, 16);
    assert.equal(coded.slice(stop, stop + 2), '\r\n', coded);
    if (stop === start) {
      assert.equal(coded.length, stop + 2, 'nothing behind the end');
      return body;
    }
    body += coded.slice(start, stop);
    at = stop + 2;
  }
}

const SIZE_LINES: readonly ((hex: string) => string)[] = [
  (hex) => hex,
  (hex) => hex.toUpperCase(),
  (hex) => `00${hex}`,
  (hex) => `${hex};a`,
  (hex) => `${hex} ; a="b;\\""`,
];

const chunks = fc.array(fc.tuple(fc.stringMatching(/^[a-z0-9;\r\n]{1,40}$/), fc.constantFrom(...SIZE_LINES)), {
  maxLength: 8,
});
const ends = fc.constantFrom('0\r\n\r\n', '00\r\n\r\n', '0;x\r\n\r\n', '0\r\nETag: "1"\r\n\r\n');

function coded(parts: readonly (readonly [string, (hex: string) => string])[], end: string): string {
  return parts.map(([data, line]) => `${line(data.length.toString(16))}\r\n${data}\r\n`).join('') + end;
}

describe('chunks', () => {
  it('that are plain go on as they lie, in one piece with their end', () => {
    const body = '5\r\nhello\r\n1F\r\n' + `${'x'.repeat(31)}\r\n0\r\n\r\n`;
    const passed = pass([body]);
    assert.deepEqual(passed.pieces, [body]);
    assert.deepEqual([passed.result, passed.bodyBytes, passed.isEndIncluded], [CHUNK.END, 36, true]);
  });

  it('cut anywhere in their data go on as they come', () => {
    const passed = pass(['5\r\nhe', 'll', 'o\r', '\n0\r\n\r\n']);
    assert.deepEqual(passed.pieces, ['5\r\nhe', 'll', 'o\r', '\n0\r\n\r\n']);
  });

  it('get a new size line where the old one has more than digits, or lies in two reads', () => {
    assert.deepEqual(pass(['5;a=b\r\nhello\r\n005\r\nworld\r\n1', '0\r\n', `${'x'.repeat(16)}\r\n0\r\n\r\n`]).pieces, [
      '5\r\nhello\r\n',
      '5\r\nworld\r\n',
      '10\r\n',
      `${'x'.repeat(16)}\r\n0\r\n\r\n`,
    ]);
  });

  it('keep back an end that has trailers or comes in pieces', () => {
    for (const end of ['0\r\nETag: "1"\r\n\r\n', '00\r\n\r\n', '0;a\r\n\r\n']) {
      const passed = pass([`1\r\na\r\n${end}`]);
      assert.deepEqual([passed.pieces, passed.isEndIncluded], [['1\r\na\r\n'], false], end);
      assert.equal(passed.trailers, end.includes('ETag'));
    }
    const passed = pass(['1\r\na\r\n0\r', '\n\r', '\n']);
    assert.deepEqual([passed.pieces, passed.isEndIncluded], [['1\r\na\r\n'], false]);
  });

  it('that break off go on up to there, and nothing behind it', () => {
    const passed = pass(['1\r\na\r\n5\r\nhelloX\r\n0\r\n\r\n']);
    assert.deepEqual([passed.pieces, passed.result], [['1\r\na\r\n5\r\nhello'], CHUNK.BROKEN]);
    assert.deepEqual(pass(['1\r\na\r\n-1\r\n']).pieces, ['1\r\na']);
  });

  it('carry the same body however they were written and cut, and say how long it is', () => {
    fc.assert(
      fc.property(chunks, ends, fc.array(fc.nat(400), { maxLength: 12 }), (parts, end, places) => {
        const body = parts.map(([data]) => data).join('');
        const passed = pass(cut(coded(parts, end), places));
        assert.equal(passed.result, CHUNK.END);
        assert.equal(bodyOfPlain(passed.text), body);
        assert.equal(passed.bodyBytes, body.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('without their coding are the body alone', () => {
    fc.assert(
      fc.property(chunks, ends, fc.array(fc.nat(400), { maxLength: 12 }), (parts, end, places) => {
        const body = parts.map(([data]) => data).join('');
        const passed = pass(cut(coded(parts, end), places), true);
        assert.deepEqual([passed.result, passed.text, passed.bodyBytes], [CHUNK.END, body, body.length]);
      }),
      { numRuns: 1000 },
    );
  });

  it('with a byte changed are refused, or what goes on is well-formed all the same', () => {
    fc.assert(
      fc.property(chunks, ends, fc.nat(), fc.nat(255), fc.array(fc.nat(400), { maxLength: 4 }), (...given) => {
        const [parts, end, place, byte, places] = given;
        const whole = coded(parts, end);
        const at = place % whole.length;
        const passed = pass(cut(whole.slice(0, at) + String.fromCharCode(byte) + whole.slice(at + 1), places));
        if (passed.result === CHUNK.END) assert.equal(bodyOfPlain(passed.text).length, passed.bodyBytes);
      }),
      { numRuns: 2000 },
    );
  });
});
