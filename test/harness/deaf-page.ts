/**
 * A page on the live channel that reads nothing until it is told to: a raw socket, so that the test
 * and not a library decides when bytes are taken.
 */
import net from 'node:net';
import { LIVE_VERSION, type ServerMessage } from '../../src/protocol/live.ts';
import type { Cleanup } from './cleanup.ts';
import { within } from './eventually.ts';

/** Masked with zeros. */
const EMPTY_PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

export interface DeafPage {
  readonly socket: net.Socket;
  /** The text messages that it has got whole so far. */
  readonly messages: readonly ServerMessage[];
  readonly closed: Promise<void>;
}

/** A page that opens the channel, says what it wants and then reads nothing until its socket is resumed. */
export async function openDeaf(cleanup: Cleanup, port: number, answersPings = false): Promise<DeafPage> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  cleanup.after(() => void socket.destroy());
  const messages: ServerMessage[] = [];
  let rest: Buffer = Buffer.alloc(0);
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  socket.once('data', (first: Buffer) => {
    socket.pause();
    rest = first.subarray(first.indexOf('\r\n\r\n') + 4);
    socket.on('data', (data: Buffer) => {
      rest = takeMessages(Buffer.concat([rest, data]), messages, () => answersPings && socket.write(EMPTY_PONG));
    });
    opened.resolve();
  });
  socket.on('error', opened.reject).on('close', () => closed.resolve());
  const lines = [
    'GET /api/v1/live HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  await within('the channel to open', 30_000, opened.promise);
  socket.write(frameOf(JSON.stringify({ op: 'hello', version: LIVE_VERSION, topics: ['totals', 'events'] })));
  return { socket, closed: closed.promise, messages };
}

/** One short text of a client, masked with zeros. */
function frameOf(text: string): Buffer {
  if (text.length > 125) throw new Error('the hello is too long for this frame');
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

/** Moves the text messages at the front of what a server has sent to `messages`; answers what is left. */
function takeMessages(bytes: Buffer, messages: ServerMessage[], onPing: () => void): Buffer {
  let end = 0;
  for (;;) {
    // Frames of a server are not masked, and ours are never split.
    let at = end + 2;
    if (at + 8 > bytes.length) break;
    const opcode = (bytes[end] ?? 0) & 15;
    let length = bytes[end + 1] ?? 0;
    if (length === 126) {
      length = bytes.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at));
      at += 8;
    }
    if (at + length > bytes.length) break;
    if (opcode === 1) messages.push(JSON.parse(bytes.toString('utf8', at, at + length)) as ServerMessage);
    if (opcode === 9) onPing();
    end = at + length;
  }
  return Buffer.from(bytes.subarray(end));
}
