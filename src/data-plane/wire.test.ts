import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../../test/harness/eventually.ts';
import { Wire, type WireOwner } from './wire.ts';

const NOBODY: WireOwner = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onConnect: () => undefined,
  onClose: () => undefined,
};

test('what the kernel takes of a large write shows before the write is whole', async (t) => {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const wire = Wire.accept(accepted, () => NOBODY);
  t.after(() => {
    client.destroy();
    wire.destroy();
  });
  const body = Buffer.alloc(64 * 1024 * 1024);
  assert.equal(wire.writeBytes(body, 0, body.length, wire), false, 'more than the kernel takes at once');
  let lastTaken = wire.untakenBytes;
  await eventually('the kernel to have its fill', () => {
    const isStill = wire.untakenBytes === lastTaken;
    lastTaken = wire.untakenBytes;
    return isStill;
  });
  const pendingBytes = wire.pendingBytes;
  let readBytes = 0;
  client.on('data', (piece: Buffer) => {
    readBytes += piece.length;
    if (readBytes > body.length / 4) client.pause();
  });
  client.resume();
  await eventually('progress to show', () => wire.untakenBytes < lastTaken);
  assert.equal(wire.pendingBytes, pendingBytes, 'the write as a whole is not done');
});
