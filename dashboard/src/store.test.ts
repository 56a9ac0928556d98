import { expect, test } from 'vitest';
import { applyMessage, applyStatus, EVENTS_KEPT, type Model } from './store.ts';
import { backend, delta, event, pool, snapshot, status } from './test-data.ts';

function applied(model: Model | null, ...messages: Parameters<typeof applyMessage>[1][]): Model {
  let current = model;
  for (const message of messages) {
    const outcome = applyMessage(current, message);
    if (outcome.kind !== 'applied') throw new Error(`${message.type} ${message.seq}: ${outcome.kind}`);
    current = outcome.model;
  }
  if (current === null) throw new Error('nothing was applied');
  return current;
}

const web = () => pool('web', [backend('b1'), backend('b2')]);
const fresh = () => applied(null, snapshot([web()]));

test('a snapshot becomes the model, whatever was there before', () => {
  const model = applied(applied(fresh(), delta(2)), snapshot([pool('api', [])], { seq: 40 }));
  expect(model.seq).toBe(40);
  expect(model.status.pools.map((one) => one.name)).toEqual(['api']);
});

test('a delta changes the named fields and leaves the identity of the rest', () => {
  const before = applied(null, snapshot([web(), pool('api', [backend('a1')])]));
  const change = { name: 'web', rps: 7, backends: [{ name: 'b2', state: 'down' as const, reason: 'status 503' }] };
  const after = applied(before, delta(2, { pools: [change], revision: 5 }));
  expect(after.status.revision).toBe(5);
  expect(after.status.pools[0]).toMatchObject({ name: 'web', rps: 7, policy: 'round-robin' });
  expect(after.status.pools[0]?.backends[1]).toMatchObject({ state: 'down', reason: 'status 503', weight: 1 });
  expect(after.status.pools[0]?.backends[0]).toBe(before.status.pools[0]?.backends[0]);
  expect(after.status.pools[1]).toBe(before.status.pools[1]);
  expect(before.status.pools[0]?.backends[1]?.state).toBe('up');
});

test('an order adds, removes and moves backends', () => {
  const change = { name: 'web', backends: [backend('b3')], order: ['b3', 'b2'] };
  const after = applied(fresh(), delta(2, { pools: [change] }));
  expect(after.status.pools[0]?.backends.map((one) => one.name)).toEqual(['b3', 'b2']);
});

test('an order adds and removes pools', () => {
  const after = applied(fresh(), delta(2, { pools: [pool('api', [backend('a1')])], order: ['api'] }));
  expect(after.status.pools.map((one) => one.name)).toEqual(['api']);
  expect(after.status.pools[0]?.backends[0]?.name).toBe('a1');
});

test('a new backend that came without its fields is left out rather than shown half', () => {
  const change = { name: 'web', backends: [{ name: 'b9', rps: 3 }], order: ['b1', 'b2', 'b9'] };
  const after = applied(fresh(), delta(2, { pools: [change] }));
  expect(after.status.pools[0]?.backends.map((one) => one.name)).toEqual(['b1', 'b2']);
});

test('a gap in the numbers asks for a snapshot and changes nothing', () => {
  expect(applyMessage(fresh(), delta(3)).kind).toBe('resync');
  expect(applyMessage(fresh(), { type: 'event', seq: 3, event: event(1) }).kind).toBe('resync');
});

test('a repeated or late message is ignored', () => {
  const model = applied(fresh(), delta(2), delta(3));
  expect(applyMessage(model, delta(3)).kind).toBe('ignored');
  expect(applyMessage(model, delta(2)).kind).toBe('ignored');
});

test('a delta before any snapshot asks for one', () => {
  expect(applyMessage(null, delta(1)).kind).toBe('resync');
});

test('a process that is younger than before is another one', () => {
  expect(applyMessage(fresh(), delta(2, { uptimeMs: 10 })).kind).toBe('resync');
});

test('events share the numbering, append once each, and are bounded', () => {
  let model = applied(fresh(), { type: 'event', seq: 2, event: event(1) }, { type: 'event', seq: 3, event: event(1) });
  expect(model.events).toHaveLength(1);
  for (let id = 2; id < EVENTS_KEPT + 20; id += 1) {
    model = applied(model, { type: 'event', seq: model.seq + 1, event: event(id) });
  }
  expect(model.events).toHaveLength(EVENTS_KEPT);
  expect(model.events.at(-1)?.id).toBe(EVENTS_KEPT + 19);
});

test('a polled status keeps what only the channel carries, and computes the error rate', () => {
  const before = applied(fresh(), { type: 'event', seq: 2, event: event(1) });
  const failing = pool('web', [backend('b1', { connections: 4 })], { failures: 10, rps: 50 });
  const after = applyStatus(before, status([failing], 20_000), before.atMs + 5000);
  expect(after.events).toHaveLength(1);
  expect(after.totals).toMatchObject({ rps: 50, errorsPerSecond: 2, upstreamConnections: 4 });
});

test('a polled status of a younger process forgets the events of the old one', () => {
  const before = applied(fresh(), { type: 'event', seq: 2, event: event(1) });
  expect(applyStatus(before, status([web()], 5), before.atMs + 5000).events).toEqual([]);
});
