/** Each fault of the proxy does what its name says, and a seed draws the same ones again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually } from '../harness/eventually.ts';
import { connectRaw, RawClient } from '../harness/raw-client.ts';
import { randomFrom } from '../harness/segmentations.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { drawFault, FAULT_KINDS, type Fault } from './faults.ts';

interface EchoPeer {
  readonly proxy: FaultProxy;
  /** What has come through. */
  readonly received: string[];
  readonly sockets: net.Socket[];
}

/** Sends back what it gets, in upper case. */
async function startEcho(t: TestContext, fault: Fault): Promise<EchoPeer> {
  const received: string[] = [];
  const sockets: net.Socket[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      received.push(bytes.toString());
      socket.write(bytes.toString().toUpperCase());
    });
    socket.on('end', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const proxy = await startFaultProxy(t, (server.address() as net.AddressInfo).port);
  proxy.draw = () => fault;
  return { proxy, received, sockets };
}

const until = (client: RawClient, text: string): Promise<void> =>
  eventually(
    () => `"${text}", received "${client.received}" and ${client.side}`,
    () => client.received === text,
  );

const WHOLE: readonly Fault[] = [
  { kind: 'none' },
  { kind: 'delay', ms: 20 },
  { kind: 'bandwidth', bytesPerSecond: 2_000 },
  { kind: 'slice', bytes: 1 },
  { kind: 'slow-accept', ms: 30 },
  { kind: 'idle-close', ms: 5_000, isReset: false },
  { kind: 'reset', side: 'answer', afterBytes: 100 },
];

for (const fault of WHOLE) {
  test(`all bytes come through ${JSON.stringify(fault)}`, async (t) => {
    const { proxy } = await startEcho(t, fault);
    const client = await connectRaw(t, proxy.port);
    await client.send('one ', 'two ', 'three');
    await until(client, 'ONE TWO THREE');
    client.halfClose();
    assert.equal(await client.closed(), 'ended');
    await eventually('the connection to be forgotten', () => proxy.openCount === 0);
    assert.equal(proxy.counts.get(fault.kind), 1);
  });
}

test('a slice arrives as many pieces', async (t) => {
  const { proxy, received } = await startEcho(t, { kind: 'slice', bytes: 2 });
  const client = await connectRaw(t, proxy.port);
  await client.send('abcdef');
  await until(client, 'ABCDEF');
  assert.ok(received.length > 1, `${received.length} pieces`);
});

for (const kind of ['reset', 'truncate'] as const) {
  test(`${kind} of an answer shows what came before it`, async (t) => {
    const { proxy } = await startEcho(t, { kind, side: 'answer', afterBytes: 3 });
    const client = await connectRaw(t, proxy.port);
    await client.send('abcdef');
    const side = await client.closed();
    // A reset may overtake the bytes before it.
    if (kind === 'truncate') assert.deepEqual([side, client.received], ['ended', 'ABC']);
    else assert.ok(side === 'reset' && 'ABC'.startsWith(client.received), `${side} "${client.received}"`);
  });
}

test('of a request that is cut, the peer sees what came before and the end', async (t) => {
  const { proxy, received, sockets } = await startEcho(t, { kind: 'truncate', side: 'request', afterBytes: 3 });
  const client = await connectRaw(t, proxy.port);
  await client.send('abcdef');
  await eventually('the peer to be told', () => sockets[0]?.readableEnded === true);
  assert.equal(received.join(''), 'abc');
});

test('half-close ends the answer, and requests go on', async (t) => {
  const { proxy, received } = await startEcho(t, { kind: 'half-close', side: 'answer', afterBytes: 3 });
  const client = await connectRaw(t, proxy.port);
  await client.send('abcdef');
  assert.equal(await client.closed(), 'ended');
  assert.equal(client.received, 'ABC');
  await client.send('more');
  await eventually('it to arrive', () => received.join('') === 'abcdefmore');
});

test('silence lets nothing more through, and no end; it goes with the client', async (t) => {
  const { proxy, received } = await startEcho(t, { kind: 'silence', side: 'request', afterBytes: 3 });
  const client = await connectRaw(t, proxy.port);
  await client.send('abcdef');
  await until(client, 'ABC').catch(() => {});
  await client.send('more');
  assert.equal(received.join(''), 'abc');
  assert.equal(client.side, 'open');
  client.halfClose();
  await eventually('it to be gone', () => proxy.openCount === 0);
});

test('nothing gets through where the connection ends at its start', async (t) => {
  for (const kind of ['close-on-accept', 'reset-on-accept'] as const) {
    const { proxy, sockets } = await startEcho(t, { kind });
    // A reset may come while the client still connects.
    const client = new RawClient(net.connect({ port: proxy.port, host: '127.0.0.1' }));
    assert.equal(await client.closed(), kind === 'close-on-accept' ? 'ended' : 'reset');
    assert.deepEqual([sockets.length, client.received], [0, '']);
  }
});

test('an early answer comes in the middle of a request', async (t) => {
  const { proxy, received } = await startEcho(t, { kind: 'early-answer', afterBytes: 4 });
  const client = await connectRaw(t, proxy.port);
  await client.send('abcdefgh');
  await eventually('the answer', () => client.received.includes('HTTP/1.1 413 '));
  assert.ok('abcd'.startsWith(received.join('')));
});

test('an idle connection is closed after its first answer, not before', async (t) => {
  for (const isReset of [false, true]) {
    const { proxy } = await startEcho(t, { kind: 'idle-close', ms: 30, isReset });
    const client = await connectRaw(t, proxy.port);
    await client.send('a');
    await eventually('the answer', () => client.received === 'A');
    assert.equal(await client.closed(), isReset ? 'reset' : 'ended');
  }
});

test('it refuses and accepts again on the same port, and cuts what is there', async (t) => {
  const { proxy } = await startEcho(t, { kind: 'none' });
  const { port } = proxy;
  const client = await connectRaw(t, port);
  await client.send('a');
  await until(client, 'A');
  proxy.refuse();
  await assert.rejects(connectRaw(t, port), /ECONNREFUSED/);
  await client.send('b');
  await until(client, 'AB');
  proxy.cut();
  assert.equal(await client.closed(), 'reset');
  await proxy.accept();
  assert.equal(proxy.port, port);
  const again = await connectRaw(t, port);
  await again.send('c');
  await until(again, 'C');
});

test('a seed draws the same faults again, another seed others, and each kind comes up', () => {
  const draw = (seed: string): Fault[] => {
    const random = randomFrom(seed);
    return Array.from({ length: 500 }, () => drawFault(random, 0.5));
  };
  assert.deepEqual(draw('one'), draw('one'));
  assert.notDeepEqual(draw('one'), draw('two'));
  const kinds = new Set(draw('one').map(({ kind }) => kind));
  assert.deepEqual([...kinds].toSorted(), ['none', ...FAULT_KINDS].toSorted());
});
