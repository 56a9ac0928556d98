import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { App } from './app.ts';
import { LateApp } from './late-app.ts';

/** An app that only says what it was told. */
function fakeApp(calls: string[]): App {
  return {
    respond: () => {},
    isFull: false,
    upgrade: () => {},
    close: () => calls.push('close'),
    terminate: () => calls.push('terminate'),
  };
}

describe('the late app', () => {
  it('is made with the first call, once for all', async () => {
    let made = 0;
    const app = fakeApp([]);
    const late = new LateApp(async () => {
      made++;
      return app;
    });
    assert.equal(made, 0);
    assert.deepEqual(await Promise.all([late.load(), late.load()]), [app, app]);
    assert.equal(await late.load(), app);
    assert.equal(made, 1);
  });

  it('is tried again where it could not be made', async () => {
    const app = fakeApp([]);
    let isThere = false;
    const late = new LateApp(async () => (isThere ? app : assert.fail('gone')));
    await assert.rejects(late.load(), /gone/);
    isThere = true;
    assert.equal(await late.load(), app);
  });

  it('is closed as soon as it is there, where it was to close before', async () => {
    const calls: string[] = [];
    const { promise, resolve } = Promise.withResolvers<App>();
    const late = new LateApp(() => promise);
    const loading = late.load();
    late.close();
    late.terminate();
    resolve(fakeApp(calls));
    await loading;
    assert.deepEqual(calls, ['close']);
    late.terminate();
    assert.deepEqual(calls, ['close', 'terminate']);
  });

  it('that nobody has asked for has nothing to close', () => {
    const late = new LateApp(() => assert.fail());
    late.close();
    late.terminate();
  });
});
