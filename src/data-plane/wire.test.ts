/** Both kinds of wires, by the same tests. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../../test/harness/eventually.ts';
import { HandleWire } from './handle-wire.ts';
import { SocketWire } from './socket-wire.ts';
import { TCP_HANDLES, type TcpHandle, takeHandles } from './tcp-handles.ts';
import { NOBODY, type Wire, type WireOwner } from './wire.ts';

const KINDS = ['handle', 'socket'] as const;
type Kind = (typeof KINDS)[number];

/** What a wire tells its owner, as text. */
class Listening implements WireOwner {
  readonly told: string[] = [];
  text = '';
  onBytes(buffer: Buffer, start: number, end: number): void {
    this.text += buffer.toString('latin1', start, end);
  }
  onEnd(): void {
    this.told.push('end');
  }
  onDrain(): void {
    this.told.push('drain');
  }
  onConnect(): void {
    this.told.push('connect');
  }
  onClose(error: Error | null): void {
    this.told.push(`close ${(error as NodeJS.ErrnoException | null)?.code ?? 'in order'}`);
  }
}

/** A wire that was accepted, and the plain socket at its other end. */
async function accepted(t: TestContext, kind: Kind, owner: WireOwner): Promise<{ wire: Wire; client: Socket }> {
  const { promise, resolve } = Promise.withResolvers<Wire>();
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    resolve(SocketWire.accept(socket, () => owner));
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  if (kind === 'handle') {
    assert.ok(takeHandles(server, (handle: TcpHandle) => resolve(HandleWire.accept(handle, () => owner))));
  }
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined);
  const wire = await promise;
  t.after(() => {
    client.destroy();
    wire.destroy();
  });
  return { wire, client };
}

function opened(t: TestContext, kind: Kind, port: number, owner: WireOwner, host = '127.0.0.1'): Wire {
  assert.ok(TCP_HANDLES);
  const wire =
    kind === 'handle' ? HandleWire.connect(TCP_HANDLES, host, port, owner) : SocketWire.connect(host, port, owner);
  t.after(() => wire.destroy());
  return wire;
}

for (const kind of KINDS) {
  describe(`a wire over a ${kind}`, () => {
    it('gathers the text of a turn, and says when the other side has ended and all is over', async (t) => {
      const owner = new Listening();
      const { wire, client } = await accepted(t, kind, owner);
      client.setEncoding('latin1');
      wire.writeText('a');
      wire.writeText('\xe9');
      assert.equal(wire.writeCount, 0);
      const [text] = (await once(client, 'data')) as [string];
      assert.deepEqual([text, wire.writeCount], ['a\xe9', 1]);
      assert.equal(wire.address, '127.0.0.1');
      client.end('bye');
      await eventually('the end', () => owner.told.includes('end'));
      assert.equal(owner.text, 'bye');
      wire.writeText('and you');
      wire.end();
      assert.deepEqual(await once(client, 'data'), ['and you']);
      await eventually('the close', () => owner.told.includes('close in order'));
      assert.equal(wire.address, 'unknown');
    });

    it('writes bytes after the text before them, as one', async (t) => {
      const { wire, client } = await accepted(t, kind, NOBODY);
      const body = Buffer.alloc(100_000, 'x');
      wire.writeText('head ');
      assert.equal(wire.writeBytes(body, 1, body.length, wire), true);
      wire.writeText(' tail');
      wire.end();
      let text = '';
      for await (const piece of client.setEncoding('latin1')) text += piece;
      assert.equal(text, `head ${'x'.repeat(body.length - 1)} tail`);
    });

    it('keeps what it copied for as long as the kernel does not take it', async (t) => {
      const [one, other] = await Promise.all([accepted(t, kind, NOBODY), accepted(t, kind, NOBODY)]);
      // As a read buffer is: something else lies in it after each write. Its wire is not the source.
      const buffer = Buffer.alloc(20_000);
      const pieces = 600;
      const sent = { one: '', other: '' };
      for (const { client } of [one, other]) client.pause();
      for (let piece = 0; piece < pieces; piece++) {
        for (const [name, { wire }] of [['one', one] as const, ['other', other] as const]) {
          buffer.fill(`${name} ${piece} `);
          wire.writeBytes(buffer, 0, buffer.length, wire);
          sent[name] += buffer.toString('latin1');
        }
      }
      assert.ok(one.wire.pendingBytes > 0, 'more than the kernel holds');
      for (const [name, { wire, client }] of [['one', one] as const, ['other', other] as const]) {
        wire.end();
        let text = '';
        for await (const piece of client.setEncoding('latin1')) text += piece;
        assert.ok(text === sent[name], `${name}: ${text.length} of ${sent[name].length} bytes, or not the same`);
      }
    });

    it('holds little more memory than what it has still to write', async (t) => {
      const { wire, client } = await accepted(t, kind, NOBODY);
      client.pause();
      const piece = Buffer.alloc(10_000);
      await eventually('more than the kernel holds', () => {
        for (let index = 0; index < 50; index++) wire.writeBytes(piece, 0, piece.length, wire);
        return wire.untakenBytes > 1_000_000;
      });
      const before = process.memoryUsage().arrayBuffers;
      const pieces = 500;
      for (let index = 0; index < pieces; index++) wire.writeBytes(piece, 0, piece.length, wire);
      const heldBytes = (process.memoryUsage().arrayBuffers - before) / (pieces * piece.length);
      assert.ok(heldBytes < 1.5, `${heldBytes.toFixed(1)} bytes of memory for a byte to be written`);
    });

    it('shows what the kernel takes of a large write before the write is whole', async (t) => {
      const owner = new Listening();
      const { wire, client } = await accepted(t, kind, owner);
      client.pause();
      const body = Buffer.alloc(64 * 1024 * 1024);
      assert.equal(wire.writeBytes(body, 0, body.length, wire), false, 'more than the kernel takes at once');
      let lastTaken = wire.untakenBytes;
      await eventually('the kernel to have its fill', () => {
        const isStill = wire.untakenBytes === lastTaken;
        lastTaken = wire.untakenBytes;
        return isStill;
      });
      const { pendingBytes } = wire;
      let readBytes = 0;
      let hasPaused = false;
      client.on('data', (piece: Buffer) => {
        readBytes += piece.length;
        if (!hasPaused && readBytes > body.length / 4) {
          hasPaused = true;
          client.pause();
        }
      });
      client.resume();
      await eventually('progress to show', () => hasPaused && wire.untakenBytes < lastTaken);
      assert.equal(wire.pendingBytes, pendingBytes, 'the write as a whole is not done');
      client.resume();
      await eventually('all to be read', () => readBytes === body.length);
      await eventually('it to be told', () => owner.told.includes('drain'));
      assert.deepEqual([wire.pendingBytes, wire.untakenBytes], [0, 0]);
    });

    it('reads nothing while it is paused, and goes on where it stopped', async (t) => {
      const owner = new Listening();
      const { wire, client } = await accepted(t, kind, owner);
      client.write('one');
      await eventually('the first', () => owner.text === 'one');
      wire.pause();
      client.write('two');
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(owner.text, 'one');
      wire.resume();
      await eventually('the second', () => owner.text === 'onetwo');
    });

    it('tells of a reset, and resets', async (t) => {
      const owner = new Listening();
      const { client } = await accepted(t, kind, owner);
      client.resetAndDestroy();
      await eventually('the reset to be told', () => owner.told.includes('close ECONNRESET'));
      const second = await accepted(t, kind, NOBODY);
      const error = once(second.client, 'error');
      second.wire.reset();
      assert.equal(((await error)[0] as NodeJS.ErrnoException).code, 'ECONNRESET');
    });

    it('opens, and says why it cannot', async (t) => {
      const server = createServer((socket) => void socket.end('hello')).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const owner = new Listening();
      const greeted = opened(t, kind, port, owner);
      await eventually('the greeting', () => owner.told.includes('end'));
      assert.deepEqual([owner.told[0], owner.text], ['connect', 'hello']);
      greeted.end();
      server.close();
      await once(server, 'close');
      const refused = new Listening();
      const wire = opened(t, kind, port, refused);
      assert.deepEqual(refused.told, [], 'never before its owner knows it');
      await eventually('the refusal', () => refused.told.length > 0);
      assert.deepEqual([refused.told, wire.isClosed], [['close ECONNREFUSED'], true]);
    });

    it('tells of its end once, whoever ends it, also while it is being opened', async (t) => {
      const server = createServer(() => undefined).listen(0, '127.0.0.1');
      t.after(() => server.close());
      await once(server, 'listening');
      const owner = new Listening();
      const wire = opened(t, kind, (server.address() as AddressInfo).port, owner);
      wire.destroy();
      wire.destroy();
      await eventually('the close', () => owner.told.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.deepEqual(owner.told, ['close in order']);
    });
  });
}
