/** A few thousand mutated messages, the same ones every time. `npm run fuzz` sends others, for as long as one likes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CleanupList } from '../harness/cleanup.ts';
import { randomFrom } from '../harness/segmentations.ts';
import { eachByte } from '../http1-cases/feed.ts';
import { readCorpus } from './corpus.ts';
import { checkStream, FuzzFailure, fuzzCodec } from './fuzz-codec.ts';
import { startProgramUnderTest } from './fuzz-program.ts';
import { LENIENT_READERS, readLeniently } from './lenient-readers.ts';
import { cut, mutate } from './mutate.ts';

describe('the mutator', () => {
  it('makes the same messages of the same seed, and cuts lose no byte', () => {
    const corpus = readCorpus('requests');
    const make = (seed: string): string[] => {
      const random = randomFrom(seed);
      return Array.from({ length: 50 }, () => mutate(corpus, random));
    };
    assert.deepEqual(make('a'), make('a'));
    assert.notDeepEqual(make('a'), make('b'));
    const random = randomFrom('c');
    for (const message of make('a')) assert.equal(cut(message, random).join(''), message);
  });
});

describe('the lenient readers', () => {
  it('see a smuggled request, each in its own way', () => {
    const smuggled = 'GET /2 HTTP/1.1\r\nHost: a\r\n\r\n';
    const chunks = `0\r\n\r\n${smuggled}`;
    const both = `POST /1 HTTP/1.1\r\nContent-Length: ${chunks.length}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`;
    const hidden = `POST /1 HTTP/1.1\r\nContent_Length: 6\r\nContent-Length: ${chunks.length}\r\nX: y\r\n\r\n${chunks}`;
    const seen = (bytes: string): string[][] => LENIENT_READERS.map((reader) => readLeniently(bytes, reader));
    assert.deepEqual(seen(both), [['POST /1'], ['POST /1', 'GET /2'], ['POST /1']]);
    assert.deepEqual(seen(hidden.replace('X: y', 'Content_Length: 5'))[2], ['POST /1', 'GET /2']);
    assert.deepEqual(seen(`GET /1 HTTP/1.1\nHost: a\n\n${smuggled}`)[1], ['GET /1', 'GET /2']);
    assert.deepEqual(seen(`POST /1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n${chunks}`)[0], [
      'POST /1',
      'GET /2',
    ]);
  });
});

describe('mutated messages', () => {
  it('break no rule of the codec', () => {
    try {
      const figures = fuzzCodec(randomFrom('short'), ({ streams }) => streams >= 4_000);
      assert.ok(figures.messages > 800 && figures.refused > 800, 'enough of them are accepted, and refused');
    } catch (error) {
      if (!(error instanceof FuzzFailure)) throw error;
      throw new Error(`${error.direction} ${JSON.stringify(error.bytes)}`, { cause: error.cause });
    }
  });

  it('that broke a rule once break none any more', () => {
    // Found by fuzzing or by reading; a host with its target only, and a fault just behind the limit.
    for (const bytes of ['GET http://a.example/ HTTP/1.0\r\n\r\n', `GET / HTTP/1.1\r\nX: ${'a'.repeat(32_749)}\0`]) {
      checkStream('requests', bytes, eachByte(bytes), []);
    }
  });

  it('break no rule of the running program', async () => {
    const cleanup = new CleanupList();
    const random = randomFrom('short');
    try {
      const program = await startProgramUnderTest(cleanup);
      for (const direction of ['requests', 'answers', 'requests'] as const) {
        const corpus = readCorpus(direction);
        const inputs = Array.from({ length: 200 }, () => mutate(corpus, random));
        await program.run(direction, inputs, random);
      }
    } finally {
      await cleanup.run();
    }
  });
});
