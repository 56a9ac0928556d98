/** A slow side slows the other one down: nothing piles up in the balancer. */
import assert from 'node:assert/strict';
import type net from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { answerBytes, startRecordingBackend } from '../harness/recording-backend.ts';

const TOTAL_BYTES = 128 * 1024 * 1024;
const PIECE = Buffer.alloc(256 * 1024, 0x61);
/** What the system's own socket buffers may hold on the way, on four sockets. */
const KERNEL_BYTES = 48 * 1024 * 1024;

async function writeAll(socket: net.Socket, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes && !socket.destroyed; sent += PIECE.length) {
    if (!socket.write(PIECE)) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
  }
}

const takenFrom = (socket: net.Socket): number => socket.bytesWritten - socket.writableLength;

/** Waits until a number stands still. */
async function settled(read: () => number): Promise<number> {
  for (let before = -1; ; before = read()) {
    await delay(250);
    if (read() === before) return before;
  }
}

test('a client that does not read stops the backend', async (t) => {
  const backend = await startRecordingBackend(t, {
    async respond(_request, { socket }) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL_BYTES}\r\n\r\n`);
      await writeAll(socket, TOTAL_BYTES);
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  client.socket.removeAllListeners('data');
  let received = 0;
  client.socket.on('data', (bytes: Buffer) => {
    received += bytes.length;
  });
  client.socket.pause();
  const heapBefore = process.memoryUsage().rss;
  await client.send(requestBytes('GET', '/'));
  await eventually('the answer to begin', () => backend.arrivals.length === 1);
  const upstream = backend.connections[0]?.socket;
  assert.ok(upstream);
  const taken = await settled(() => takenFrom(upstream));
  assert.ok(taken < KERNEL_BYTES, `${taken} bytes taken from the backend while the client read nothing`);
  const grown = process.memoryUsage().rss - heapBefore;
  assert.ok(grown < 40 * 1024 * 1024, `memory grew by ${grown} bytes`);
  client.socket.resume();
  await eventually('the whole answer', () => received > TOTAL_BYTES, 60_000);
});

test('a backend that does not read stops the client', async (t) => {
  const backend = await startRecordingBackend(t, {
    onConnection({ socket }) {
      socket.removeAllListeners('data');
      let received = 0;
      let headBytes = 0;
      socket.on('data', (bytes: Buffer) => {
        if (received === 0) headBytes = bytes.indexOf('\r\n\r\n') + 4;
        received += bytes.length;
        if (received === headBytes + TOTAL_BYTES) socket.write(answerBytes(200, String(received - headBytes)));
      });
    },
    isPaused: true,
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('POST', '/', { 'Content-Length': String(TOTAL_BYTES) }));
  const sending = writeAll(client.socket, TOTAL_BYTES);
  await eventually('the request to begin', () => backend.connections.length === 1);
  const taken = await settled(() => takenFrom(client.socket));
  assert.ok(taken < KERNEL_BYTES, `${taken} bytes taken from the client while the backend read nothing`);
  backend.connections[0]?.socket.resume();
  await sending;
  const response = await client.response({ limitMs: 60_000 });
  assert.equal(response.body, String(TOTAL_BYTES));
});
