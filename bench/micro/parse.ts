/** `node bench/micro/parse.ts`: nanoseconds to read a head and to write the one that goes on. */

import { writeRequestHead } from '../../src/http1/forward-fields.ts';
import { HeadReader } from '../../src/http1/head-reader.ts';
import { HEAD } from '../../src/http1/parse-head.ts';
import { newRequest, readRequest } from '../../src/http1/request.ts';

const LIMITS = { headBytes: 32_768, fields: 200, targetBytes: 16_384 };
const ORIGIN = {
  isTrusted: false,
  forLine: 'X-Forwarded-For: 127.0.0.1\r\n',
  protoLine: 'X-Forwarded-Proto: http\r\n',
  viaLine: 'Via: 1.1 ballast\r\n',
};

const HEADS = {
  'small request': [HEAD.REQUEST, 'GET / HTTP/1.1\r\nHost: 127.0.0.1:18080\r\n\r\n'],
  'browser request': [
    HEAD.REQUEST,
    'GET /a/path?with=query HTTP/1.1\r\nHost: shop.example.com\r\nConnection: keep-alive\r\n' +
      `User-Agent: ${'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 '.repeat(2)}\r\nAccept: text/html,application/xhtml+xml\r\n` +
      `Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\nCookie: ${'a=0123456789abcdef; '.repeat(12)}\r\n\r\n`,
  ],
  'small answer': [
    HEAD.RESPONSE,
    'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 03:07:35 GMT\r\nContent-Type: text/plain\r\nContent-Length: 64\r\nConnection: keep-alive\r\n\r\n',
  ],
} as const;

const ROUNDS = 1_000_000;
for (const [name, [kind, text]] of Object.entries(HEADS)) {
  const bytes = Buffer.from(text, 'latin1');
  const reader = new HeadReader(kind, LIMITS, bytes);
  const request = newRequest();
  const time = (what: string, run: () => void): void => {
    for (let round = 0; round < ROUNDS / 4; round++) run();
    const startMs = performance.now();
    for (let round = 0; round < ROUNDS; round++) run();
    const nanos = ((performance.now() - startMs) * 1e6) / ROUNDS;
    console.log(`${name.padEnd(16)} ${what.padEnd(8)} ${nanos.toFixed(0).padStart(6)} ns  ${bytes.length} bytes`);
  };
  time('parse', () => {
    reader.reset(LIMITS);
    reader.read(bytes, 0, bytes.length);
  });
  if (kind !== HEAD.REQUEST) continue;
  time('read', () => void readRequest(reader, 'ballast', request));
  time('write', () => void writeRequestHead(reader, request, ORIGIN, 'b:1'));
}
