/** `node backend-server.ts PORT…`: the backends of `backends.ts` for machines without nginx. */
import http from 'node:http';
import { BODIES, bodyOf } from './backends.ts';

const bodies = new Map(Object.entries(BODIES).map(([path, bytes]) => [path, bodyOf(bytes)]));

for (const port of process.argv.slice(2)) {
  const server = http.createServer({ keepAliveTimeout: 3_600_000 }, (request, response) => {
    response.setHeader('X-Backend', port);
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
      const answer = String(bytes);
      response.writeHead(request.url === '/post' ? 200 : 404, { 'Content-Length': answer.length }).end(answer);
    });
  });
  server.maxRequestsPerSocket = 0;
  server.listen(Number(port), '127.0.0.1');
}
