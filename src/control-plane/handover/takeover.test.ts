import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { HANDOVER_VARIABLE, HANDOVER_VERSION, type ToSuccessor } from '../../protocol/handover.ts';
import { type ChildProcess, takeoverOf } from './takeover.ts';

const SOCKETS = [{ use: 'listener', name: 'web', host: '::', port: 80, fd: 4 }] as const;

/** A process with a parent that the test plays. */
class Child extends EventEmitter implements ChildProcess {
  readonly env: Record<string, string | undefined> = {};
  readonly ppid = 41;
  connected = true;
  readonly said: unknown[] = [];

  constructor(handover: object | null) {
    super();
    if (handover !== null) this.env[HANDOVER_VARIABLE] = JSON.stringify(handover);
  }

  send(message: unknown, sent: () => void): void {
    this.said.push(message);
    sent();
  }

  disconnect(): void {
    this.connected = false;
    this.emit('disconnect');
  }

  hear(message: ToSuccessor): void {
    this.emit('message', message);
  }
}

const orphaned = (): never => assert.fail('it took itself for orphaned');

describe('taking over', () => {
  it('is nothing for a process that was started by itself', () => {
    assert.equal(takeoverOf(new Child(null), orphaned), null);
  });

  it('asks for what is left, is told to go, and lets go of the old process', async () => {
    const child = new Child({ version: HANDOVER_VERSION, sockets: SOCKETS });
    const takeover = takeoverOf(child, orphaned);
    assert.deepEqual(takeover?.sockets, SOCKETS);
    assert.equal(takeover.oldPid, 41);
    assert.equal(child.env[HANDOVER_VARIABLE], undefined, 'those that it starts must not take it for theirs');
    const prepared = takeover.prepared();
    child.hear({ type: 'take', state: 'the state', health: [], sessions: null });
    assert.equal((await prepared).state, 'the state');
    const ready = takeover.ready();
    child.hear({ type: 'go' });
    await ready;
    await takeover.serving();
    assert.deepEqual(child.said, [{ type: 'prepared' }, { type: 'ready' }, { type: 'serving' }]);
    assert.equal(child.connected, false);
  });

  it('ends with the old process until that has let go', () => {
    const child = new Child({ version: HANDOVER_VERSION, sockets: SOCKETS });
    let times = 0;
    takeoverOf(child, () => void times++);
    child.disconnect();
    assert.equal(times, 1);
  });

  for (const [what, handover, isConnected] of [
    ['a handover of another version', { version: HANDOVER_VERSION + 1, sockets: SOCKETS }, true],
    ['a number that would be stdout', { version: HANDOVER_VERSION, sockets: [{ ...SOCKETS[0], fd: 1 }] }, true],
    ['numbers that came without a channel', { version: HANDOVER_VERSION, sockets: SOCKETS }, false],
  ] as const) {
    it(`refuses ${what}`, () => {
      const child = new Child(handover);
      child.connected = isConnected;
      assert.throws(() => takeoverOf(child, orphaned));
    });
  }
});
