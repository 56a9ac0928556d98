/** What is taken off a message and what is added to it (RFC 9110 section 7.6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { answerBytes, startRecordingBackend } from '../harness/recording-backend.ts';

test('a request carries where it came from', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port, { localAddress: '127.0.0.3' });
  await client.request(requestBytes('GET', '/p?q=1', { Host: 'shop.example:8080' }));
  const [request] = backend.arrivals;
  assert.ok(request);
  assert.equal(request.target, '/p?q=1');
  assert.equal(request.field('host'), 'shop.example:8080');
  assert.equal(request.field('x-forwarded-for'), '127.0.0.3');
  assert.equal(request.field('x-forwarded-proto'), 'http');
  assert.equal(request.field('x-forwarded-host'), 'shop.example:8080');
  assert.equal(request.field('via'), '1.1 ballast');
});

test('what a client says of itself is not believed, but an earlier Via stays', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
    viaName: 'edge-1',
  });
  const client = await connectRaw(t, plane.port);
  await client.request(
    requestBytes('GET', '/', {
      Via: '1.1 cache',
      Forwarded: 'for=10.0.0.1',
      'X-Forwarded-For': '10.0.0.1',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Port': '443',
      'X-Forwarded-Prefix': '/evil',
      'X-Real-IP': '10.0.0.1',
    }),
  );
  const [request] = backend.arrivals;
  assert.ok(request);
  assert.equal(request.field('x-forwarded-for'), '127.0.0.1');
  assert.equal(request.field('x-forwarded-proto'), 'http');
  assert.equal(request.field('x-forwarded-host'), 'a.example');
  assert.equal(request.field('x-forwarded-port'), null);
  assert.equal(request.field('x-forwarded-prefix'), null);
  assert.equal(request.field('forwarded'), null);
  assert.equal(request.field('x-real-ip'), null);
  assert.equal(request.field('via'), '1.1 cache, 1.1 edge-1');
});

test('a request that was here before is refused', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
    viaName: 'edge-1',
  });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/', { Via: '1.1 cache, 1.1 edge-1' }));
  assert.equal(response.status, 508);
  assert.match(response.body, /REQUEST_LOOP/);
  assert.equal(backend.arrivals.length, 0);
});

test('fields of the connection end here, in both directions', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond(_request, { socket }) {
      socket.write(
        answerBytes(200, 'hi', {
          Connection: 'X-Secret, keep-alive',
          'X-Secret': 'backend',
          'Keep-Alive': 'timeout=60',
          'Proxy-Connection': 'keep-alive',
          'X-Stays': 'yes',
          'Set-Cookie': 'a=1',
        }),
      );
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(
    requestBytes('GET', '/', {
      Connection: 'keep-alive, X-Secret, Content-Length, Host, X-Forwarded-For',
      'X-Secret': 'client',
      'Keep-Alive': 'timeout=60',
      'Proxy-Connection': 'keep-alive',
      TE: 'gzip',
      'X-Stays': 'yes',
    }),
  );
  const [request] = backend.arrivals;
  assert.ok(request);
  for (const name of ['x-secret', 'keep-alive', 'proxy-connection', 'te']) {
    assert.equal(request.field(name), null, `${name} at the backend`);
    assert.equal(response.field(name), null, `${name} at the client`);
  }
  assert.equal(request.field('x-stays'), 'yes');
  assert.equal(request.field('host'), 'a.example');
  assert.equal(request.field('x-forwarded-for'), '127.0.0.1');
  assert.equal(response.field('x-stays'), 'yes');
  assert.equal(response.field('set-cookie'), 'a=1');
});

test('end-to-end fields keep their bytes, their order and their repetition', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.request(
    'GET / HTTP/1.1\r\nHost: a.example\r\nX-A: 1\r\nCookie: b=2\r\nx-a: caf\xe9\r\nX-Empty:\r\n\r\n',
  );
  const names = ['x-a', 'cookie', 'x-empty'];
  const passed = backend.arrivals[0]?.fields.filter(([name]) => names.includes(name.toLowerCase()));
  assert.deepEqual(passed, [
    ['X-A', '1'],
    ['Cookie', 'b=2'],
    ['x-a', 'caf\xe9'],
    ['X-Empty', ''],
  ]);
});

test('a trusted proxy is believed, and added to', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
    trust: ['127.0.0.0/8'],
  });
  const client = await connectRaw(t, plane.port);
  await client.request(
    requestBytes('GET', '/', {
      Forwarded: 'for=10.0.0.1',
      'X-Forwarded-For': '192.0.2.7',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'shop.example',
      'X-Forwarded-Port': '443',
      'X-Real-IP': '10.0.0.1',
    }),
  );
  await client.request(requestBytes('GET', '/', { 'X-Forwarded-For': '192.0.2.8' }));
  const [first, second] = backend.arrivals;
  assert.ok(first && second);
  assert.equal(first.field('x-forwarded-for'), '192.0.2.7, 127.0.0.1');
  assert.equal(first.field('x-forwarded-proto'), 'https');
  assert.equal(first.field('x-forwarded-host'), 'shop.example');
  assert.equal(first.field('x-forwarded-port'), '443');
  assert.equal(first.field('forwarded'), null);
  assert.equal(first.field('x-real-ip'), null);
  assert.equal(second.field('x-forwarded-for'), '192.0.2.8, 127.0.0.1');
  assert.equal(second.field('x-forwarded-proto'), 'http', 'what the proxy leaves out is filled in');
  assert.equal(second.field('x-forwarded-host'), 'a.example');
});
