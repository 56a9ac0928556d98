import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Journal } from './journal.ts';

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
