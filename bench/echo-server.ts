/**
 * `node echo-server.ts HOST:PORT…`: switches every request to WebSocket and sends back whatever
 * comes then, byte for byte: the least that a backend can do for a message.
 */
import { createHash } from 'node:crypto';
import net from 'node:net';

/** RFC 6455 section 1.3. */
const ACCEPT_KEY = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

for (const address of process.argv.slice(2)) {
  const server = net.createServer({ noDelay: true }, (socket) => {
    let head = '';
    socket.on('error', () => {});
    socket.on('data', function readHead(piece: Buffer) {
      head += piece.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', readHead);
      const key = /\r\nsec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? '';
      const accept = createHash('sha1').update(`${key}${ACCEPT_KEY}`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Backend: ${address}\r\n` +
          `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.on('data', (bytes: Buffer) => socket.write(bytes));
    });
  });
  const [host = '', port = ''] = address.split(':');
  server.listen(Number(port), host);
}
