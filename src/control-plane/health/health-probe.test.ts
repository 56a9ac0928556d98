import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../../../test/harness/free-port.ts';
import { excerptOf, type ProbeTarget, probe } from './health-probe.ts';

const HEALTH: NonNullable<ProbeTarget['health']> = { path: '/healthz', host: null, statuses: [[200, 399]] };
const NEVER = new AbortController().signal;

/** A backend on a free port that answers with raw bytes or by `answer`. */
async function serve(t: TestContext, answer: http.RequestListener | ((socket: net.Socket) => void), isRaw = false) {
  const server = isRaw
    ? net.createServer(answer as (socket: net.Socket) => void)
    : http.createServer(answer as http.RequestListener);
  const sockets = new Set<net.Socket>();
  let accepted = 0;
  server.on('connection', (socket: net.Socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as net.AddressInfo).port, sockets, connections: () => accepted };
}

const targetOf = (port: number, more: Partial<ProbeTarget> = {}): ProbeTarget => ({
  address: '127.0.0.1',
  port,
  authority: `app.test:${port}`,
  health: HEALTH,
  timeoutMs: 5_000,
  isKnownGood: false,
  ...more,
});

const resultOf = async (target: ProbeTarget) => {
  const result = await probe(target, NEVER);
  assert.notEqual(result, null);
  return { isPass: result?.isPass, detail: result?.detail };
};

describe('health probe by GET', () => {
  it('passes by status, on a fresh connection, with the name of the backend as Host', async (t) => {
    const seen: (string | undefined)[][] = [];
    const { port, connections } = await serve(t, (request, response) => {
      seen.push([request.method, request.url, request.headers.host, request.headers.connection]);
      response.end('fine');
    });
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(await resultOf(targetOf(port)), { isPass: true, detail: 'status 200' });
    }
    assert.deepEqual(seen, Array(2).fill(['GET', '/healthz', `app.test:${port}`, 'close']));
    assert.equal(connections(), 2);
    await resultOf(targetOf(port, { health: { ...HEALTH, host: 'other.test', path: '/up?full=1' } }));
    assert.deepEqual(seen[2]?.slice(1, 3), ['/up?full=1', 'other.test']);
  });

  it('fails by status', async (t) => {
    const { port } = await serve(t, (_, response) => response.writeHead(503).end());
    assert.deepEqual(await resultOf(targetOf(port)), { isPass: false, detail: 'status 503' });
    const only503 = { ...HEALTH, statuses: [[500, 599] as const] };
    assert.equal((await resultOf(targetOf(port, { health: only503 }))).isPass, true);
  });

  it('follows no redirect', async (t) => {
    let requests = 0;
    const { port } = await serve(t, (_, response) => {
      requests++;
      response.writeHead(302, { Location: '/elsewhere' }).end();
    });
    assert.deepEqual(await resultOf(targetOf(port)), { isPass: true, detail: 'status 302' });
    assert.equal(requests, 1);
  });

  it('names a refused connection', async () => {
    const port = await freePort();
    assert.deepEqual(await resultOf(targetOf(port)), { isPass: false, detail: `ECONNREFUSED 127.0.0.1:${port}` });
  });

  it('names a timeout, whether no answer came or its body never ended', async (t) => {
    const { port, sockets } = await serve(t, (request, response) => {
      if (request.url === '/half') response.write('half');
    });
    assert.deepEqual(await resultOf(targetOf(port, { timeoutMs: 60 })), { isPass: false, detail: 'timeout 60ms' });
    const half = targetOf(port, { timeoutMs: 60, health: { ...HEALTH, path: '/half' } });
    assert.deepEqual(await resultOf(half), { isPass: false, detail: 'timeout 60ms' });
    while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  it('names a connection that closes without an answer', async (t) => {
    const { port } = await serve(t, (socket: net.Socket) => socket.end(), true);
    const { isPass, detail } = await resultOf(targetOf(port));
    assert.equal(isPass, false);
    assert.equal(detail, `ECONNRESET 127.0.0.1:${port}`);
  });

  it('fails when the body is cut short', async (t) => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf';
    const { port } = await serve(t, (socket: net.Socket) => socket.end(answer), true);
    assert.equal((await resultOf(targetOf(port))).isPass, false);
  });

  it('fails when it is not HTTP', async (t) => {
    const { port } = await serve(t, (socket: net.Socket) => socket.end('SSH-2.0-x\r\n'), true);
    const { isPass, detail } = await resultOf(targetOf(port));
    assert.equal(isPass, false);
    assert.match(detail ?? '', /^HPE_/);
  });

  it('fails when the backend leaves HTTP', async (t) => {
    const answer = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
    const { port, sockets } = await serve(t, (socket: net.Socket) => socket.write(answer), true);
    assert.deepEqual(await resultOf(targetOf(port)), { isPass: false, detail: 'status 101' });
    // The reset must not come up as an error that nobody listens for.
    for (const socket of sockets) socket.resetAndDestroy();
    while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  it('stops reading an endless body', async (t) => {
    let sentBytes = 0;
    const { port, sockets } = await serve(t, (_, response) => {
      const piece = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (!response.destroyed && response.write(piece)) sentBytes += piece.length;
      };
      response.on('drain', more);
      more();
    });
    assert.deepEqual(await resultOf(targetOf(port)), { isPass: true, detail: 'status 200' });
    while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    // What the kernel's buffers took is beyond our reading.
    assert.ok(sentBytes < 64 * 1024 * 1024, `${sentBytes} bytes`);
  });

  it('can be called off', async (t) => {
    const { port, sockets } = await serve(t, () => {});
    const signal = new AbortController();
    const result = probe(targetOf(port), signal.signal);
    while (sockets.size === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    signal.abort();
    assert.equal(await result, null);
    assert.equal(await probe(targetOf(port), signal.signal), null);
    while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });
});

describe('what a health probe tells beside its result', () => {
  it('how long each part took', async (t) => {
    const { port } = await serve(t, (_, response) => setTimeout(() => response.end('fine'), 30));
    const result = await probe(targetOf(port), NEVER);
    const { durationMs = 0, connectMs = null, firstByteMs = null, body } = result ?? {};
    assert.ok(connectMs !== null && connectMs > 0, `connected after ${connectMs} ms`);
    // A timer may fire a little before its time.
    assert.ok(firstByteMs !== null && firstByteMs >= 25, `answered after ${firstByteMs} ms`);
    assert.ok(connectMs + firstByteMs <= durationMs, `${durationMs} ms in all`);
    assert.equal(body, null, 'what passes needs no explanation');
  });

  it('nothing of what it did not come to', async (t) => {
    const refused = await probe(targetOf(await freePort()), NEVER);
    assert.deepEqual([refused?.connectMs, refused?.firstByteMs, refused?.body], [null, null, null]);
    const { port } = await serve(t, () => {});
    const silent = await probe(targetOf(port, { timeoutMs: 500 }), NEVER);
    assert.notEqual(silent?.connectMs, null);
    assert.deepEqual([silent?.firstByteMs, silent?.body], [null, null]);
  });

  it('the beginning of the body that a failure came with', async (t) => {
    const { port } = await serve(t, (request, response) => {
      response.writeHead(503);
      if (request.url === '/half') response.write('the first half');
      else response.end(`{"status":\r\n\t"DOWN"}${'é'.repeat(300)}`);
    });
    const whole = await probe(targetOf(port), NEVER);
    assert.equal(whole?.body, `{"status": "DOWN"}${'é'.repeat(182)}`);
    const half = await probe(targetOf(port, { timeoutMs: 500, health: { ...HEALTH, path: '/half' } }), NEVER);
    assert.deepEqual([half?.detail, half?.body], ['timeout 500ms', 'the first half']);
  });

  it('of anything, what can be printed', () => {
    assert.equal(excerptOf(Buffer.from([0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x00, 0xff, 0x41])), '[31m A');
    assert.equal(excerptOf(Buffer.from('\u202Egnp.\u{1F600}')), 'gnp.\u{1F600}');
    assert.equal(excerptOf(Buffer.alloc(0)), '');
  });
});

describe('health probe by TCP connect', () => {
  it('passes when the connection is made, and says no word', async (t) => {
    let received = 0;
    const { port } = await serve(
      t,
      (socket: net.Socket) => socket.on('data', ({ length }) => (received += length)),
      true,
    );
    assert.deepEqual(await resultOf(targetOf(port, { health: null })), { isPass: true, detail: 'connected' });
    assert.equal(received, 0);
  });

  it('fails when it is refused', async () => {
    const port = await freePort();
    const result = await resultOf(targetOf(port, { health: null }));
    assert.deepEqual(result, { isPass: false, detail: `ECONNREFUSED 127.0.0.1:${port}` });
  });
});

describe('health probe on a machine that falls short', () => {
  it('has no result where no file descriptor is left', async (t) => {
    const { port } = await serve(t, (_, response) => response.end('fine'));
    const target = JSON.stringify(targetOf(port));
    // A process of its own, whose descriptors can be used up.
    const script = `
      import { openSync } from 'node:fs';
      import { probe } from ${JSON.stringify(new URL('./health-probe.ts', import.meta.url).href)};
      const target = ${target};
      const ask = async (health) => JSON.stringify((await probe({ ...target, health }, new AbortController().signal)));
      await ask(target.health);
      try { for (;;) openSync('/dev/null'); } catch {}
      process.stdout.write(await ask(target.health) + ' ' + await ask(null));`;
    const node = `exec '${process.execPath}' --input-type=module -e "$0"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', `ulimit -n 64; ${node}`, script]);
    assert.equal(stdout, 'null null');
  });
});
