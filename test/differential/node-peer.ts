/** Node's own HTTP server (llhttp) as a backend. */
import http from 'node:http';
import type { Cleanup } from '../harness/cleanup.ts';
import { startHttpBackend } from '../harness/http-backends.ts';
import { type Peer, type SeenRequest, seenRequest } from './peer.ts';

const HEAD_BYTES = 128 * 1024;

export async function startNodePeer(cleanup: Cleanup): Promise<Peer> {
  const complete: SeenRequest[] = [];
  const refusals: string[] = [];
  const backend = await startHttpBackend(cleanup, 'node', {
    server: { maxHeaderSize: HEAD_BYTES, requireHostHeader: true },
    handle(request, response) {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const { method = '', url = '' } = request;
        complete.push(seenRequest(method, url, Buffer.concat(pieces)));
        response.end(`ok ${url}`, 'latin1');
      });
    },
    prepare: (server) =>
      server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
        refusals.push(error.code ?? error.message);
        if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        else socket.destroy();
      }),
  });
  return {
    name: 'node:http',
    port: backend.port,
    complete: () => complete,
    refusals: () => refusals,
    // It parses the methods that it knows, and no others.
    mayRefuse: ({ method }) => !http.METHODS.includes(method),
  };
}
