import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { watchThread } from './thread-vitals.ts';

/** Keeps the thread at work and makes garbage. */
function toil(ms: number): void {
  let kept: unknown[] = [];
  for (const endMs = performance.now() + ms; performance.now() < endMs; ) {
    for (let i = 0; i < 1_000; i++) kept.push({ i, more: [i] });
    if (kept.length > 200_000) kept = [];
  }
}

describe('thread vitals', () => {
  it('tells a busy thread by its processor time, its delays and its garbage', async () => {
    const look = watchThread();
    await delay(30);
    toil(300);
    // The observer of collections, and the timer that measures the delay, have their turn.
    await delay(50);
    const busy = look();
    assert.ok(busy.cpuSeconds > 0.05, `${busy.cpuSeconds} s`);
    assert.ok(busy.cpuShare > 0.1 && busy.cpuShare <= 1, `${busy.cpuShare}`);
    assert.ok(busy.loopDelayMs >= 250, `${busy.loopDelayMs} ms`);
    assert.ok(busy.loopDelayP99Ms <= busy.loopDelayMs);
    assert.ok(busy.loopBusy > 0.3, `${busy.loopBusy}`);
    assert.ok(busy.gcSeconds > 0 && busy.gcShare > 0 && busy.gcShare < 1, `${busy.gcSeconds} s`);
    assert.ok(busy.heapBytes > 1e6);
  });

  it('begins anew at every look', async () => {
    const look = watchThread();
    await delay(30);
    toil(600);
    await delay(30);
    const busy = look();
    await delay(200);
    const idle = look();
    assert.ok(idle.cpuSeconds < busy.cpuSeconds, `${idle.cpuSeconds} s after ${busy.cpuSeconds} s`);
    assert.ok(idle.loopDelayMs < busy.loopDelayMs, `${idle.loopDelayMs} ms after ${busy.loopDelayMs} ms`);
  });
});
