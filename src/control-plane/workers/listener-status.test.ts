import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WorkerStatus } from '../../protocol/admin-api.ts';
import { type ListeningSeat, listenerStatuses } from './listener-status.ts';

const LISTENERS = [
  { name: 'web', address: { host: '0.0.0.0', port: 80 } },
  { name: 'other', address: { host: '::1', port: 81 } },
];

const seat = (state: WorkerStatus['state'], connections: Readonly<Record<number, number>>, failed = {}) =>
  ({
    state,
    open: Object.entries(connections).map(([port, count]) => ({
      host: port === '80' ? '0.0.0.0' : '::1',
      port: Number(port),
      connections: count,
    })),
    failed: Object.entries<string>(failed).map(([listener, error]) => ({ listener, error })),
  }) satisfies ListeningSeat;

const words = (seats: readonly ListeningSeat[], isStopping = false): string[] =>
  listenerStatuses(LISTENERS, seats, isStopping).map(
    ({ name, state, reason, acceptingWorkers, workers, clientConnections }) =>
      `${name} ${state} ${acceptingWorkers}/${workers} ${clientConnections} ${reason}`.trim(),
  );

describe('the status of a listener', () => {
  it('adds up what all workers say', () => {
    const all = listenerStatuses(
      LISTENERS,
      [seat('running', { 80: 3, 81: 0 }), seat('running', { 80: 4, 81: 1 })],
      false,
    );
    assert.deepEqual(all[1], {
      name: 'other',
      address: '[::1]:81',
      state: 'listening',
      reason: '',
      acceptingWorkers: 2,
      workers: 2,
      clientConnections: 1,
    });
    assert.equal(all[0]?.clientConnections, 7);
  });

  it('says who does not accept, and why where that is known', () => {
    assert.deepEqual(words([seat('running', { 80: 1, 81: 1 }), seat('starting', {})]), [
      'web partly 1/2 1 a worker is starting',
      'other partly 1/2 1 a worker is starting',
    ]);
    assert.deepEqual(words([seat('running', { 80: 1 }, { other: 'EADDRINUSE' }), seat('running', { 80: 1 })]), [
      'web listening 2/2 2',
      'other failed 0/2 0 EADDRINUSE',
    ]);
    assert.deepEqual(words([seat('dead', {}), seat('dead', {})])[0], 'web failed 0/2 0 no worker is running');
    assert.deepEqual(words([seat('starting', {}), seat('dead', {})])[0], 'web starting 0/2 0');
  });

  it('is closed while the balancer stops', () => {
    assert.deepEqual(words([seat('draining', {}), seat('draining', { 80: 2 })], true), [
      'web closed 1/2 2 the balancer is stopping',
      'other closed 0/2 0 the balancer is stopping',
    ]);
  });
});
