import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../test/harness/fake-clock.ts';
import type { ThreadVitals } from '../../state/thread-vitals.ts';
import { ProcessFacts, type ProcessParts } from './process-facts.ts';

const VITALS: ThreadVitals = {
  cpuShare: 0.123456,
  cpuSeconds: 0.1,
  loopBusy: 0.2,
  loopDelayP99Ms: 1.23456,
  loopDelayMs: 2,
  heapBytes: 1_000,
  gcShare: 0.01,
  gcSeconds: 0.25,
};

function make(more: Partial<ProcessParts> = {}) {
  const clock = new FakeClock();
  const facts = new ProcessFacts({
    version: '1.2.3',
    configFile: { path: '/etc/ballast.yaml', isWatched: false },
    stateFile: () => ({ path: null, problem: 'memory only' }),
    sharedBytes: 4_096,
    descriptors: { connectionsPerWorker: Number.POSITIVE_INFINITY, adminConnections: 64 },
    shortages: () => [],
    handover: () => 'none',
    tookOverFrom: null,
    dnsServers: () => [],
    clock,
    look: () => VITALS,
    ...more,
  });
  return { facts, clock };
}

describe('process facts', () => {
  it('tells what this process is and holds', () => {
    const status = make().facts.status();
    assert.equal(status.pid, process.pid);
    assert.equal(status.build.node, process.versions.node);
    assert.ok(Math.abs(status.startedAtMs - performance.timeOrigin) < 1);
    assert.ok(
      (status.memory.residentBytes ?? 0) > 1e6 && status.memory.limitBytes > (status.memory.residentBytes ?? 0),
    );
    assert.ok(status.cores >= 1);
    assert.ok((status.descriptors.open ?? 0) > 2);
    assert.equal(status.descriptors.connectionsPerWorker, null, 'no limit');
    assert.equal(JSON.stringify(status).includes('null,"limit'), false);
  });

  it('rounds the figures of the main thread, and adds up its garbage', () => {
    const { facts } = make();
    facts.tick();
    facts.tick();
    assert.equal(facts.gcSeconds, 0.5);
    const { cpuShare, loopDelayP99Ms, heapLimitBytes } = facts.controlPlane();
    assert.deepEqual([cpuShare, loopDelayP99Ms], [0.1235, 1.235]);
    assert.ok(heapLimitBytes > 1e7);
  });

  it('looks up every five seconds what is dear, and asks the settings first', async () => {
    const asked: string[][] = [['10.0.0.53'], ['10.0.0.54:5353']];
    const { facts, clock } = make({ dnsServers: () => asked.shift() ?? [] });
    assert.deepEqual(facts.status().dnsServers, ['10.0.0.53']);
    await clock.advance(4_900);
    assert.deepEqual(facts.status().dnsServers, ['10.0.0.53']);
    await clock.advance(100);
    assert.deepEqual(facts.status().dnsServers, ['10.0.0.54:5353']);
  });
});
