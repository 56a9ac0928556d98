/** Bodies arrive byte for byte, in both directions and every framing. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { startHttpBackend } from '../harness/http-backends.ts';

const SIZES = [0, 1, 65_535, 65_536, 65_537, 5 * 1024 * 1024];
const LARGEST = randomBytes(5 * 1024 * 1024);

const digest = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

function send(port: number, options: http.RequestOptions, pieces: readonly Buffer[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }));
    });
    request.on('error', reject);
    for (const piece of pieces) request.write(piece);
    request.end();
  });
}

/** Cuts a body so that the pieces are of odd sizes. */
function cut(body: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, size = 1; at < body.length; at += size, size = (size * 7) % 70_001) {
    pieces.push(body.subarray(at, at + size));
  }
  return pieces;
}

for (const framing of ['length', 'chunked'] as const) {
  test(`request bodies, ${framing}`, async (t) => {
    const backend = await startHttpBackend(t, 'a', {
      handle(request, response) {
        const hash = createHash('sha1');
        request.on('data', (bytes: Buffer) => hash.update(bytes));
        request.on('end', () => response.end(hash.digest('hex')));
      },
    });
    const plane = await startDataPlane(t, { pools: [{ backends: [backend] }] });
    for (const size of SIZES) {
      const body = LARGEST.subarray(0, size);
      const headers = framing === 'length' ? { 'Content-Length': size } : { 'Transfer-Encoding': 'chunked' };
      const answer = await send(plane.port, { method: 'POST', headers }, cut(body));
      assert.equal(answer.status, 200);
      assert.equal(answer.body.toString(), digest(body), `${size} bytes`);
    }
    assert.equal(
      plane.pool().bytesIn,
      SIZES.reduce((sum, size) => sum + size),
    );
  });
}

for (const framing of ['length', 'chunked', 'close'] as const) {
  test(`answer bodies, ${framing}`, async (t) => {
    const backend = await startHttpBackend(t, 'a', {
      handle(request, response) {
        const body = LARGEST.subarray(0, Number(request.headers['x-size']));
        if (framing === 'length') response.setHeader('Content-Length', body.length);
        else if (framing === 'chunked') response.setHeader('Transfer-Encoding', 'chunked');
        else {
          response.removeHeader('Transfer-Encoding');
          response.setHeader('Connection', 'close');
          response.useChunkedEncodingByDefault = false;
        }
        for (const piece of cut(body)) response.write(piece);
        response.end();
      },
    });
    const plane = await startDataPlane(t, { pools: [{ backends: [backend] }] });
    for (const size of SIZES) {
      const body = LARGEST.subarray(0, size);
      const answer = await send(plane.port, { headers: { 'X-Size': size } }, []);
      assert.equal(answer.status, 200);
      assert.equal(answer.body.length, size);
      assert.equal(digest(answer.body), digest(body), `${size} bytes`);
    }
    assert.equal(
      plane.pool().bytesOut,
      SIZES.reduce((sum, size) => sum + size),
    );
  });
}

test('both directions at once, on many connections', async (t) => {
  const backend = await startHttpBackend(t, 'a', {
    handle(request, response) {
      request.pipe(response);
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [backend] }] }, 2);
  const sizes = Array.from({ length: 16 }, (_, index) => 300_000 + index * 4_099);
  await Promise.all(
    sizes.map(async (size) => {
      const body = LARGEST.subarray(size % 1_000, size);
      const answer = await send(plane.port, { method: 'POST' }, cut(body));
      assert.equal(digest(answer.body), digest(body));
    }),
  );
});
