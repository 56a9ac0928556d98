import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IdleConnections } from './idle-connections.ts';

class Waiting {
  readonly idleSinceMs: number;
  closed = 0;
  readonly #idle: IdleConnections<Waiting>;

  constructor(idle: IdleConnections<Waiting>, idleSinceMs: number, max = 10) {
    this.idleSinceMs = idleSinceMs;
    this.#idle = idle;
    idle.put(this, max);
  }

  /** As a connection does: it takes itself out. */
  close(): void {
    this.closed++;
    this.#idle.remove(this);
  }
}

describe('idle connections', () => {
  it('give the one that was used last, and none twice', () => {
    const idle = new IdleConnections<Waiting>();
    const [first, second] = [new Waiting(idle, 1), new Waiting(idle, 2)];
    assert.equal(idle.size, 2);
    assert.equal(idle.take(0), second);
    assert.equal(idle.take(0), first);
    assert.equal(idle.take(0), undefined);
    assert.equal(idle.size, 0);
  });

  it('keep what has waited too long for this request for another one', () => {
    const idle = new IdleConnections<Waiting>();
    const old = new Waiting(idle, 1_000);
    assert.equal(idle.take(1_001), undefined);
    assert.equal(idle.size, 1);
    assert.equal(idle.take(1_000), old);
  });

  it('close the one that has waited longest when there are too many', () => {
    const idle = new IdleConnections<Waiting>();
    const all = [1, 2, 3].map((sinceMs) => new Waiting(idle, sinceMs, 2));
    assert.deepEqual(
      all.map(({ closed }) => closed),
      [1, 0, 0],
    );
    assert.equal(idle.size, 2);
    assert.equal(idle.take(0), all[2]);
    assert.equal(idle.take(0), all[1]);
  });

  it('keep none where none may be kept', () => {
    const idle = new IdleConnections<Waiting>();
    const only = new Waiting(idle, 1, 0);
    assert.equal(only.closed, 1);
    assert.equal(idle.take(0), undefined);
  });

  it('never give one that was taken out', () => {
    const idle = new IdleConnections<Waiting>();
    const [first, second, third] = [new Waiting(idle, 1), new Waiting(idle, 2), new Waiting(idle, 3)];
    idle.remove(second);
    idle.remove(second);
    assert.equal(idle.take(0), third);
    assert.equal(idle.take(0), first);
    assert.equal(idle.size, 0);
  });

  it('are all closed at once, each once', () => {
    const idle = new IdleConnections<Waiting>();
    const all = [1, 2, 3].map((sinceMs) => new Waiting(idle, sinceMs));
    idle.closeAll();
    assert.deepEqual(
      all.map(({ closed }) => closed),
      [1, 1, 1],
    );
    assert.equal(idle.size, 0);
  });

  it('may wait again after those that waited were closed: their backend has come back', () => {
    const idle = new IdleConnections<Waiting>();
    const before = new Waiting(idle, 1);
    idle.closeWaiting();
    assert.deepEqual([before.closed, idle.size], [1, 0]);
    const after = new Waiting(idle, 2);
    assert.equal(after.closed, 0);
    assert.equal(idle.take(0), after);
  });

  it('name the one that has waited longest', () => {
    const idle = new IdleConnections<Waiting>();
    const all = [1, 2, 3].map((sinceMs) => new Waiting(idle, sinceMs));
    assert.equal(idle.oldest, all[0]);
    idle.oldest?.close();
    assert.equal(idle.oldest, all[1]);
    idle.closeWaiting();
    assert.deepEqual(
      all.map(({ closed }) => closed),
      [1, 1, 1],
    );
    assert.equal(idle.oldest, undefined);
    const next = new Waiting(idle, 4);
    assert.equal(idle.take(0), next);
    assert.equal(next.closed, 0);
  });

  it('close what comes back after all were closed: its backend is gone', () => {
    const idle = new IdleConnections<Waiting>();
    idle.closeAll();
    const late = new Waiting(idle, 5);
    assert.equal(late.closed, 1);
    assert.equal(idle.size, 0);
  });
});
