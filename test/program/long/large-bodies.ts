/** A response and an upload of 1 GiB each arrive whole, and the balancer's memory stays flat. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { poolOf, runBalancer } from '../../harness/balancer-program.ts';
import { startHttpBackend } from '../../harness/http-backends.ts';
import { report, type Verdict } from './verdict.ts';

const BODY_BYTES = 2 ** 30;
const PIECE_BYTES = 256 * 1024;
const MAX_RISE_MIB = 64;
const SAMPLE_MS = 50;

/** A body that is different in every piece, so that a swapped or repeated one shows. */
function* pieces(): Generator<Buffer> {
  for (let number = 0; number < BODY_BYTES / PIECE_BYTES; number++) {
    const piece = Buffer.alloc(PIECE_BYTES, `${number},`);
    yield piece;
  }
}

async function digestOf(source: AsyncIterable<Buffer>): Promise<{ digest: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of source) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { digest: hash.digest('hex'), bytes };
}

const rssMibOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

await report('large-bodies', async (cleanup) => {
  const { digest: wanted } = await digestOf(Readable.from(pieces()));
  const backend = await startHttpBackend(cleanup, 'a', {
    handle(request, response) {
      if (request.method === 'GET') {
        response.setHeader('Content-Length', request.url === '/small' ? 0 : BODY_BYTES);
        if (request.url === '/small') response.end();
        else pipeline(Readable.from(pieces()), response).catch(() => {});
        return;
      }
      digestOf(request).then(
        (got) => response.end(JSON.stringify(got)),
        () => response.destroy(),
      );
    },
  });
  const balancer = await runBalancer(cleanup, { pools: { web: poolOf([backend]) } });
  const url = `http://127.0.0.1:${balancer.port}`;
  // Warm: what a worker allocates once is no growth.
  for (let count = 0; count < 200; count++) await (await fetch(`${url}/small`)).arrayBuffer();

  const measure = async (
    name: string,
    transfer: () => Promise<{ digest: string; bytes: number }>,
  ): Promise<Verdict> => {
    const firstMib = rssMibOf(balancer.pid);
    let mostMib = firstMib;
    const timer = setInterval(() => {
      mostMib = Math.max(mostMib, rssMibOf(balancer.pid));
    }, SAMPLE_MS);
    const startMs = performance.now();
    const { digest, bytes } = await transfer();
    clearInterval(timer);
    const seconds = (performance.now() - startMs) / 1_000;
    const faults: string[] = [];
    if (bytes !== BODY_BYTES) faults.push(`${bytes} of ${BODY_BYTES} bytes arrived`);
    if (digest !== wanted) faults.push('the checksums differ');
    if (mostMib - firstMib > MAX_RISE_MIB) faults.push(`memory rose by more than ${MAX_RISE_MIB} MiB`);
    const rate = Math.round(bytes / 2 ** 20 / seconds);
    return {
      figures: `${name} of ${bytes} bytes, checksum ${digest === wanted ? 'equal' : 'different'}, memory ${Math.round(firstMib)} MiB, at most ${Math.round(mostMib)} MiB, ${rate} MiB/s`,
      faults,
    };
  };

  return [
    await measure('response', async () => {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
        http.get(`${url}/large`, { agent: false }, resolve).on('error', reject);
      });
      return digestOf(response);
    }),
    await measure('upload', async () => {
      const answer = Promise.withResolvers<http.IncomingMessage>();
      const request = http.request(
        `${url}/upload`,
        { method: 'POST', agent: false, headers: { 'Content-Length': BODY_BYTES } },
        answer.resolve,
      );
      request.on('error', answer.reject);
      await pipeline(Readable.from(pieces()), request);
      const response = await answer.promise;
      let text = '';
      for await (const piece of response.setEncoding('utf8')) text += String(piece);
      return JSON.parse(text) as { digest: string; bytes: number };
    }),
  ];
});
