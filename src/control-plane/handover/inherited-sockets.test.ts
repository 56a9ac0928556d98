import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config } from '../../config/schema.ts';
import type { InheritedSocket } from '../../protocol/handover.ts';
import { inheritedAdmin, inheritedListeners, shareOut } from './inherited-sockets.ts';

const HOST = '127.0.0.1';

/** Sockets for ports, numbered from 4. */
const socketsOn = (...ports: number[]): InheritedSocket[] =>
  ports.map((port, index) => ({ use: 'listener', name: `at ${port}`, host: HOST, port, fd: 4 + index }));

const listenersOn = (...ports: number[]): Config['listeners'] =>
  ports.map((port) => ({ name: `l${port}`, address: { host: HOST, port } }));

const numbers = (sockets: readonly InheritedSocket[], listeners: Config['listeners'], workers: number): number[][] =>
  shareOut(sockets, listeners, workers).map((share) => share.map(({ fd }) => fd));

describe('inherited sockets', () => {
  it('go to one worker each where there are as many', () => {
    assert.deepEqual(numbers(socketsOn(80, 80), listenersOn(80), 2), [[4], [5]]);
  });

  it('are all taken by fewer workers, and leave nothing to some of more', () => {
    assert.deepEqual(numbers(socketsOn(80, 80, 80), listenersOn(80), 2), [[4, 6], [5]]);
    assert.deepEqual(numbers(socketsOn(80), listenersOn(80), 3), [[4], [], []]);
  });

  it('give the odd one of each listener to another worker', () => {
    assert.deepEqual(numbers(socketsOn(80, 80, 80, 81, 81, 81), listenersOn(80, 81), 2), [
      [4, 6, 8],
      [5, 7, 9],
    ]);
  });

  it('are left where no listener wants them, whatever its name', () => {
    assert.deepEqual(numbers(socketsOn(80, 81), listenersOn(81, 82), 1), [[5]]);
  });

  it('tell the listeners of the old process, each once', () => {
    const admin: InheritedSocket = { use: 'admin', name: 'admin', host: HOST, port: 90, fd: 9 };
    assert.deepEqual(inheritedListeners([...socketsOn(80, 80, 81), admin]), [
      { name: 'at 80', address: { host: HOST, port: 80 } },
      { name: 'at 81', address: { host: HOST, port: 81 } },
    ]);
  });

  it('hold the one of the admin API, for the same address or any port', () => {
    const admin: InheritedSocket = { use: 'admin', name: 'admin', host: HOST, port: 90, fd: 9 };
    const sockets = [...socketsOn(80), admin];
    assert.equal(inheritedAdmin(sockets, { host: HOST, port: 90 }), admin);
    assert.equal(inheritedAdmin(sockets, { host: HOST, port: 0 }), admin);
    assert.equal(inheritedAdmin(sockets, { host: HOST, port: 80 }), null);
    assert.equal(inheritedAdmin(sockets, { host: '::', port: 90 }), null);
  });
});
