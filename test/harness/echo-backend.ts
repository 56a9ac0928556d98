/** A backend that speaks WebSocket and sends every message back. */
import { WebSocketServer } from 'ws';
import type { Cleanup } from './cleanup.ts';
import { type HttpBackend, startHttpBackend } from './http-backends.ts';

/** Starts one on 127.0.0.1; plain requests are answered with its name. */
export function startEchoBackend(cleanup: Cleanup, name: string): Promise<HttpBackend> {
  const echo = new WebSocketServer({ noServer: true });
  echo.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return startHttpBackend(cleanup, name, {
    prepare: (server) =>
      server.on('upgrade', (request, socket, head) =>
        echo.handleUpgrade(request, socket, head, (one) => echo.emit('connection', one, request)),
      ),
  });
}
