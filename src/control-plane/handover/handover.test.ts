import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { FakeClock } from '../../../test/harness/fake-clock.ts';
import type { Carried, FromSuccessor, InheritedSocket } from '../../protocol/handover.ts';
import { type HandoverOutcome, handOver, READY_LIMIT_MS, type SuccessorEvents } from './handover.ts';

const CARRIED: Carried = { state: 'the state', health: [], sessions: null };
const socket = (fd: number): InheritedSocket => ({ use: 'listener', name: 'web', host: '::', port: 80, fd });

/** A new process that says what the test lets it say. */
function make(options: { readonly launchError?: string } = {}) {
  const clock = new FakeClock();
  const log: string[] = [];
  const controller = new AbortController();
  let events: SuccessorEvents | null = null;
  let sockets: readonly InheritedSocket[] = [socket(7), socket(8)];
  const outcome = handOver({
    clock,
    sockets: () => sockets,
    signal: controller.signal,
    freeze: () => {
      log.push('freeze');
      return Promise.resolve(CARRIED);
    },
    thaw: () => void log.push('thaw'),
    launch: (given, its) => {
      if (options.launchError !== undefined) throw new Error(options.launchError);
      events = its;
      log.push(`launch ${given.map(({ fd }) => fd).join()}`);
      return {
        pid: 42,
        send: ({ type }) => void log.push(type),
        kill: () => void log.push('kill'),
        release: () => void log.push('release'),
      };
    },
  });
  let ended: HandoverOutcome | null = null;
  void outcome.then((value) => {
    ended = value;
  });
  return {
    clock,
    log,
    abort: (reason: string) => controller.abort(reason),
    say: async (...types: readonly ('prepared' | 'ready' | 'serving')[]) => {
      for (const type of types) {
        events?.onMessage({ type } as FromSuccessor);
        await turn();
      }
    },
    fail: (problem: string) => events?.onMessage({ type: 'failed', problem }),
    end: (cause: string) => events?.onEnd(cause),
    setSockets: (others: readonly InheritedSocket[]) => {
      sockets = others;
    },
    ended: async () => {
      await turn();
      return ended;
    },
  };
}

const failed = (problem: string): HandoverOutcome => ({ isHandedOver: false, problem });

describe('handing over', () => {
  it('stops writing before it tells what it leaves, and lets go when the new process serves', async () => {
    const side = make();
    await side.say('prepared');
    assert.deepEqual(side.log, ['launch 7,8', 'freeze', 'take']);
    await side.say('ready');
    assert.deepEqual(side.log.slice(3), ['go']);
    assert.equal(await side.ended(), null);
    await side.say('serving');
    assert.deepEqual(await side.ended(), { isHandedOver: true, pid: 42 });
    assert.deepEqual(side.log.slice(4), ['release']);
    assert.equal(side.clock.pending, 0);
  });

  it('answers why there can be no new process', async () => {
    assert.deepEqual(await make({ launchError: 'not here' }).ended(), failed('not here'));
  });

  it('goes on only when the new process is gone for certain', async () => {
    const side = make();
    await side.say('prepared');
    side.fail('the port is taken');
    assert.equal(await side.ended(), null);
    assert.deepEqual(side.log.slice(3), ['kill']);
    side.end('it ended with exit code 1');
    assert.deepEqual(await side.ended(), failed('the port is taken'));
    assert.deepEqual(side.log.slice(4), ['thaw']);
  });

  for (const [when, says] of [
    ['before it is prepared', []],
    ['before it is ready', ['prepared']],
    ['before it serves', ['prepared', 'ready']],
  ] as const) {
    it(`ends a new process that stands still ${when}`, async () => {
      const side = make();
      await side.say(...says);
      await side.clock.advance(READY_LIMIT_MS);
      await turn();
      assert.equal(side.log.at(-1), 'kill');
      side.end('it ended with SIGKILL');
      const outcome = await side.ended();
      assert.ok(outcome?.isHandedOver === false && outcome.problem.endsWith('in time; it is ended'));
      assert.equal(side.log.includes('thaw'), says.length > 0);
    });

    it(`goes on where the new process dies ${when}`, async () => {
      const side = make();
      await side.say(...says);
      side.end('it ended with exit code 3');
      assert.deepEqual(await side.ended(), failed('it ended with exit code 3'));
      assert.equal(side.log.includes('thaw'), says.length > 0);
    });

    it(`can be broken off ${when}`, async () => {
      const side = make();
      await side.say(...says);
      side.abort('enough');
      await turn();
      side.end('it ended with SIGKILL');
      assert.deepEqual(await side.ended(), failed('enough'));
    });
  }

  it('breaks off where a socket has come that the new process does not have', async () => {
    const side = make();
    side.setSockets([socket(7), socket(9)]);
    await side.say('prepared');
    side.end('it ended with SIGKILL');
    assert.deepEqual(await side.ended(), failed('a worker was replaced in the middle of it'));
    assert.deepEqual(side.log, ['launch 7,8', 'kill']);
  });

  it('does not end a process for that which may accept already', async () => {
    const side = make();
    await side.say('prepared');
    side.setSockets([socket(7), socket(9)]);
    await side.say('ready', 'serving');
    assert.deepEqual(await side.ended(), { isHandedOver: true, pid: 42 });
  });
});
