/** `node backend-server.ts HOST:PORT…`: the backends of `backends.ts` for machines without nginx. */
import http from 'node:http';
import { BODIES, bodyOf, CHUNKED_ANSWER } from './backends.ts';

const bodies = new Map(Object.entries(BODIES).map(([path, bytes]) => [path, bodyOf(bytes)]));

for (const address of process.argv.slice(2)) {
  const server = http.createServer({ keepAliveTimeout: 3_600_000 }, (request, response) => {
    response.setHeader('X-Backend', address);
    const body = bodies.get(request.url ?? '');
    if (body !== undefined) {
      request.resume();
      response.setHeader('Content-Length', body.length);
      response.end(body);
      return;
    }
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    request.on('end', () => {
      const answer = request.url === '/post-chunked' ? CHUNKED_ANSWER : String(bytes);
      const isKnown = request.url === '/post' || request.url === '/post-chunked';
      response.writeHead(isKnown ? 200 : 404, { 'Content-Length': answer.length }).end(answer);
    });
  });
  server.maxRequestsPerSocket = 0;
  const [host = '', port = ''] = address.split(':');
  server.listen(Number(port), host);
}
