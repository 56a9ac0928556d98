import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { Access, SESSION_MS } from './auth.ts';

const TOKEN = 'correct-horse-battery-staple';

const from = (cookie = ''): IncomingMessage =>
  ({ headers: { cookie }, socket: { remoteAddress: '192.0.2.1' } }) as unknown as IncomingMessage;

/** An `Access` at its own time. */
function make(token: string | null, startMs = 0) {
  const time = { nowMs: startMs };
  return { time, access: new Access(token, () => time.nowMs) };
}

const signIn = (access: Access): string => access.signIn(from(), TOKEN).split(';')[0] ?? '';

describe('sessions of a process that is restarted without loss', () => {
  it('hold in the next one for as long as they have left', () => {
    const old = make(TOKEN);
    const cookie = signIn(old.access);
    old.time.nowMs = 1_000;
    const carried = old.access.carry();
    assert.ok(carried !== null);
    assert.ok(!JSON.stringify(carried).includes(cookie.split('=')[1] ?? ''), 'what opens a session is not passed on');
    const next = make(TOKEN, 77_000);
    next.access.adopt(carried);
    assert.equal(next.access.hasSession(from(cookie)), true);
    next.time.nowMs += SESSION_MS - 1_001;
    assert.equal(next.access.hasSession(from(cookie)), true);
    next.time.nowMs += 1;
    assert.equal(next.access.hasSession(from(cookie)), false);
  });

  it('are void where the token has changed, or is gone', () => {
    const old = make(TOKEN);
    const cookie = signIn(old.access);
    const carried = old.access.carry();
    assert.ok(carried !== null);
    for (const token of ['another', null]) {
      const { access } = make(token);
      access.adopt(carried);
      assert.equal(access.hasSession(from(cookie)), false);
    }
    assert.equal(make(null).access.carry(), null);
  });

  it('are not carried on when they have ended', () => {
    const { access, time } = make(TOKEN);
    signIn(access);
    time.nowMs = SESSION_MS;
    assert.deepEqual(access.carry()?.open, []);
  });
});
