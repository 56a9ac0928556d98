import { expect, test } from 'vitest';
import { applyMessage, backendOf, EVENTS_KEPT, keepTopics, type Model, poolOf, topicOf, withMissing } from './store.ts';
import { backend, delta, event, pool, snapshot } from './test-data.ts';
import { backendTopic, EVENTS, poolTopic } from './topics.ts';

function applied(model: Model | null, ...messages: Parameters<typeof applyMessage>[1][]): Model {
  let current = model;
  for (const message of messages) {
    const outcome = applyMessage(current, message);
    if (outcome.kind !== 'applied') throw new Error(`${message.type}: ${outcome.kind}`);
    current = outcome.model;
  }
  if (current === null) throw new Error('nothing was applied');
  return current;
}

const WEB = poolTopic('web');
const API = poolTopic('api', { limit: 2 });
const web = () => pool('web', [backend('b1'), backend('b2')]);
const fresh = () => applied(null, snapshot({ [WEB]: web(), [API]: pool('api', [backend('a1')]) }));
const names = (model: Model): string[] | undefined => topicOf(model, WEB)?.rows?.map((row) => row.name);

test('a snapshot tells some topics whole and leaves the others', () => {
  const before = fresh();
  const model = applied(before, snapshot({ [API]: pool('api', []) }, { seq: 2, isWhole: false, second: 1007 }));
  expect([model.seq, model.second]).toEqual([2, 1007]);
  expect(topicOf(model, API)?.rows).toEqual([]);
  expect(topicOf(model, WEB)).toBe(topicOf(before, WEB));
});

test('a snapshot of another process is all that there is', () => {
  const model = applied(fresh(), snapshot({ [API]: pool('api', []) }, { instance: 'second' }));
  expect([...model.topics.keys()]).toEqual([API]);
});

test('a delta changes the named fields and leaves the identity of the rest', () => {
  const before = fresh();
  const change = { fields: { rps: 7 }, rows: [{ name: 'b2', state: 'down', reason: 'status 503' }] };
  const after = applied(before, delta(2, { [WEB]: change }));
  expect(after.second).toBe(1001);
  expect(topicOf(after, WEB)?.fields).toMatchObject({ rps: 7, policy: 'round-robin' });
  expect(topicOf(after, WEB)?.rows?.[1]).toMatchObject({ state: 'down', reason: 'status 503', weight: 1 });
  expect(topicOf(after, WEB)?.rows?.[0]).toBe(topicOf(before, WEB)?.rows?.[0]);
  expect(topicOf(after, API)).toBe(topicOf(before, API));
  expect(topicOf(before, WEB)?.rows?.[1]?.state).toBe('up');
});

test('an order adds, removes and moves rows', () => {
  const after = applied(fresh(), delta(2, { [WEB]: { rows: [backend('b3')], order: ['b3', 'b2'] } }));
  expect(names(after)).toEqual(['b3', 'b2']);
});

test('a thing that goes is null, and one that comes is told whole', () => {
  const gone = applied(fresh(), delta(2, { [WEB]: null }));
  expect(topicOf(gone, WEB)).toBeNull();
  const { fields, rows } = web();
  const back = applied(gone, delta(3, { [WEB]: { fields, rows: rows ?? [], order: ['b1', 'b2'] } }));
  expect(topicOf(back, WEB)).toEqual(web());
});

test('a change of a topic that nobody wants any more is passed over', () => {
  const kept = keepTopics(fresh(), new Set([API]));
  expect([...applied(kept, delta(2, { [WEB]: { fields: { rps: 1 } } })).topics.keys()]).toEqual([API]);
  expect(keepTopics(kept, new Set([API, WEB]))).toBe(kept);
});

test('a gap in the numbers asks for a snapshot and changes nothing', () => {
  expect(applyMessage(fresh(), delta(3)).kind).toBe('resync');
  expect(applyMessage(fresh(), { type: 'event', seq: 3, event: event(1) }).kind).toBe('resync');
  expect(applyMessage(fresh(), snapshot({}, { seq: 3, isWhole: false })).kind).toBe('resync');
  expect(applyMessage(fresh(), snapshot({}, { seq: 40 })).kind).toBe('applied');
});

test('a repeated or late message is ignored', () => {
  const model = applied(fresh(), delta(2), delta(3));
  expect(applyMessage(model, delta(3)).kind).toBe('ignored');
  expect(applyMessage(model, delta(2)).kind).toBe('ignored');
});

test('a delta before any snapshot asks for one', () => {
  expect(applyMessage(null, delta(1)).kind).toBe('resync');
});

test('events share the numbering, append once each to whoever follows them, and are bounded', () => {
  let model = applied(null, snapshot({ [EVENTS]: { fields: { events: [event(1)] } }, [WEB]: web() }));
  model = applied(model, { type: 'event', seq: 2, event: event(1) });
  const ids = (): number[] | undefined => topicOf(model, EVENTS)?.fields.events.map(({ id }) => id);
  expect(ids()).toEqual([1]);
  for (let id = 2; id < EVENTS_KEPT + 20; id += 1) {
    model = applied(model, { type: 'event', seq: model.seq + 1, event: event(id) });
  }
  expect(ids()).toHaveLength(EVENTS_KEPT);
  expect(ids()?.at(-1)).toBe(EVENTS_KEPT + 19);
});

test('a picture that stands still takes in what it lacks, and nothing else', () => {
  const still = keepTopics(fresh(), new Set([WEB]));
  const live = applied(fresh(), delta(2, { [WEB]: { fields: { rps: 9 } } }));
  const both = withMissing(still, live);
  expect(topicOf(both, WEB)?.fields.rps).toBe(0);
  expect(topicOf(both, API)).toBe(topicOf(live, API));
  expect(withMissing(both, live)).toBe(both);
});

test('a pool and a backend are found in whatever topic tells of them', () => {
  const model = fresh();
  expect(poolOf(model, 'api')?.name).toBe('api');
  expect(poolOf(model, 'nobody')).toBeNull();
  expect(backendOf(model, 'web', 'b2')?.name).toBe('b2');
  expect(backendOf(model, 'api', 'b2')).toBeNull();
  const own = { fields: { ...backend('b9'), pool: 'web', errorsPerSecond: 0 } };
  expect(backendOf(applied(model, snapshot({ [backendTopic('web', 'b9')]: own })), 'web', 'b9')?.name).toBe('b9');
});
