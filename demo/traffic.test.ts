import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../test/harness/eventually.ts';
import { drawShape, rateAt, startTraffic } from './traffic.ts';

test('the rate swings gently around 120 a second', () => {
  const rates = Array.from({ length: 90 }, (_, second) => rateAt(second * 1000));
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  assert.ok(Math.abs(mean - 120) < 1, `mean ${mean}`);
  assert.ok(Math.min(...rates) > 70 && Math.max(...rates) < 170);
});

test('every draw gives a shape, and each shape is drawn', () => {
  const shapes = new Set(Array.from({ length: 1000 }, (_, index) => drawShape(index / 1000)));
  assert.equal(shapes.size, 5);
  assert.throws(() => drawShape(1), RangeError);
});

test('traffic uses several methods over kept-alive connections, outlives failures and stops', async (t) => {
  const methods = new Set<string>();
  const sockets = new Set<object>();
  let requests = 0;
  const server = http.createServer((request, response) => {
    requests++;
    methods.add(String(request.method));
    sockets.add(request.socket);
    if (requests === 3) request.socket.destroy();
    else request.resume().on('end', () => response.end('ok'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const stop = startTraffic(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  t.after(stop);
  await eventually('60 requests of three methods', () => requests >= 60 && methods.size >= 3, 20_000);
  assert.ok(sockets.size < requests / 2, `${sockets.size} connections for ${requests} requests`);
  stop();
  server.closeAllConnections();
  await once(server.close(), 'close');
});
