import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EventQuery, Journal } from './journal.ts';

const entry = (text: string) => ({ level: 'info', kind: 'test', subject: '', text, origin: 'test' }) as const;

describe('journal', () => {
  it('numbers without gaps and keeps the latest, oldest first', () => {
    const journal = new Journal({ capacity: 3, wallMs: () => 42 });
    for (let i = 1; i <= 10; i++) assert.equal(journal.add(entry(`event ${i}`)).id, i);
    assert.deepEqual(
      journal.latest(100).map(({ id, atMs }) => [id, atMs]),
      [
        [8, 42],
        [9, 42],
        [10, 42],
      ],
    );
    assert.deepEqual(
      journal.latest(1).map(({ text }) => text),
      ['event 10'],
    );
    assert.deepEqual(journal.latest(0), []);
  });

  it('finds by number, time, kind, level, subject and words, and says whether there is more', () => {
    let nowMs = 1000;
    const journal = new Journal({ wallMs: () => nowMs });
    const add = (subject: string, kind: string, level: 'bad' | 'good' = 'bad'): void => {
      journal.add({ level, kind, subject, text: `${subject} happened`, origin: 'test' });
      nowMs += 1000;
    };
    add('web', 'policy-changed', 'good');
    add('web/b1', 'backend-down');
    add('webs', 'policy-changed');
    add('', 'reload', 'good');
    add('web/b2', 'backend-down');
    const ids = (query: Partial<EventQuery>): number[] =>
      journal.find({ limit: 100, ...query }).events.map(({ id }) => id);
    assert.deepEqual(ids({}), [1, 2, 3, 4, 5]);
    assert.deepEqual(ids({ subjects: ['web'] }), [1, 2, 5], 'a pool and its backends, and no pool of a longer name');
    assert.deepEqual(ids({ subjects: ['web/b1', ''] }), [2, 4]);
    assert.deepEqual(ids({ kinds: ['backend-down', 'reload'] }), [2, 4, 5]);
    assert.deepEqual(ids({ levels: ['good'] }), [1, 4]);
    assert.deepEqual(ids({ text: 'B2 happened' }), [5]);
    assert.deepEqual(ids({ sinceMs: 2000, untilMs: 4000 }), [2, 3]);
    assert.deepEqual(journal.find({ limit: 2 }), { events: journal.latest(2), isMore: true });
    assert.deepEqual(ids({ before: 4, limit: 2 }), [2, 3], 'the latest before');
    assert.deepEqual(ids({ after: 1, limit: 2 }), [2, 3], 'the oldest after');
    assert.deepEqual(ids({ after: 1, before: 5, limit: 2 }), [3, 4]);
    assert.deepEqual(journal.find({ after: 3, limit: 2 }), { events: journal.latest(2), isMore: false });
  });

  it('finds nothing that it has let go of', () => {
    const journal = new Journal({ capacity: 20 });
    for (let i = 0; i < 22; i++) journal.add(entry('x'));
    assert.deepEqual(
      journal.find({ limit: 100 }).events.map(({ id }) => id),
      journal.latest(100).map(({ id }) => id),
    );
    assert.equal(journal.find({ limit: 100 }).events.length, 20);
  });

  it('tells every listener until it has enough', () => {
    const journal = new Journal();
    const heard: string[] = [];
    const stop = journal.onEvent(({ text }) => heard.push(text));
    journal.add(entry('one'));
    stop();
    journal.add(entry('two'));
    assert.deepEqual(heard, ['one']);
  });
});
