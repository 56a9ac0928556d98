/** A worker takes no more connections of either side than its share of the file descriptors allows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

test('one client more than the ceiling is closed at once, whatever the limit, and those before it are served', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  for (const connections of [0, 20_000]) {
    const plane = await startDataPlane(t, { pools: [{ backends }], limits: { connections } }, 1, {
      connectionCeiling: 3,
    });
    const clients = await Promise.all(Array.from({ length: 3 }, () => connectRaw(t, plane.port)));
    for (const client of clients) assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
    const excess = await connectRaw(t, plane.port);
    await excess.closed();
    assert.equal(excess.received, '');
    assert.equal(plane.totals.byCode.CONNECTIONS_FULL, 1);
    for (const client of clients) assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
    clients[0]?.destroy();
    await eventually('a place to be free', () => plane.totals.clientConnections === 2);
    assert.equal((await (await connectRaw(t, plane.port)).request(requestBytes('GET', '/'))).status, 200);
  }
});

test('the connections to backends that lie idle longest are given back for those that are needed', async (t) => {
  const held: (() => void)[] = [];
  const names = ['a', 'b', 'c'];
  const backends = await startHttpBackends(t, names, {
    handle: (_, response, { name }) => held.push(() => response.end(name)),
  });
  const plane = await startDataPlane(t, { pools: [{ backends }] }, 1, { connectionCeiling: 4 });
  const clients = await Promise.all(Array.from({ length: 4 }, () => connectRaw(t, plane.port)));
  for (const name of [...names, 'a']) {
    for (const other of names) plane.setMode(other, other === name ? 'READY' : 'DRAIN');
    // Four at once take four connections to the one backend; those to the one before lie idle.
    const before = plane.backend(name).requests;
    for (const client of clients) await client.send(requestBytes('GET', '/'));
    await eventually('all to be held', () => held.length === clients.length);
    for (const answer of held.splice(0)) answer();
    for (const client of clients) assert.equal((await client.response()).body, name);
    assert.equal(plane.backend(name).requests, before + clients.length);
    const open = (): number => names.reduce((sum, each) => sum + plane.backend(each).connections, 0);
    await eventually(
      () => `no more than four to be open: ${open()}`,
      () => open() <= 4,
    );
    assert.equal(plane.backend(name).idle, 4);
  }
  assert.equal(plane.pool().failures, 0);
});
