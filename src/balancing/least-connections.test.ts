import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { leastConnections } from './least-connections.ts';
import type { Loads } from './policy.ts';

interface Fake extends Loads {
  readonly busy: number[];
  turns: number;
}

function fake(busy: number[], weights: readonly number[] = [], ramps: readonly number[] = []): Fake {
  const loads: Fake = {
    busy,
    turns: 0,
    inFlight: (backend) => busy[backend] ?? 0,
    weight: (backend) => weights[backend] ?? 1,
    ramp: (backend) => ramps[backend] ?? 10,
    nextTurn: () => loads.turns++,
  };
  return loads;
}

const candidatesOf = (loads: Fake): number[] => [...loads.busy.keys()];

describe('least-connections', () => {
  it('answers a backend of the lowest in-flight for its weight', () => {
    const rows = fc.array(fc.record({ busy: fc.nat(300), weight: fc.integer({ min: 1, max: 256 }) }), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(rows, fc.nat(1000), (own, turns) => {
        const loads = fake(
          own.map((row) => row.busy),
          own.map((row) => row.weight),
        );
        loads.turns = turns;
        const chosen = own[leastConnections.picker(candidatesOf(loads), loads).pick([])];
        assert.ok(chosen !== undefined);
        for (const other of own) assert.ok(chosen.busy * other.weight <= other.busy * chosen.weight);
      }),
    );
  });

  it('weighs in-flight: 4 at weight 2 is as busy as 2 at weight 1', () => {
    const loads = fake([4, 3, 2], [2, 1, 1]);
    const picker = leastConnections.picker([0, 1, 2], loads);
    const picked = new Set(Array.from({ length: 8 }, () => picker.pick([])));
    assert.deepEqual(picked, new Set([0, 2]));
    loads.busy[0] = 3;
    assert.equal(picker.pick([]), 0);
  });

  it('weighs in-flight by the ramp too: 1 at three tenths is busier than 3 at all of it', () => {
    const loads = fake([3, 1], [], [10, 3]);
    const picker = leastConnections.picker([0, 1], loads);
    assert.deepEqual(new Set([picker.pick([]), picker.pick([])]), new Set([0]));
    loads.busy[0] = 4;
    assert.equal(picker.pick([]), 1);
  });

  it('takes no turn where nothing ties', () => {
    const loads = fake([3, 1, 2]);
    assert.equal(leastConnections.picker([0, 1, 2], loads).pick([]), 1);
    assert.equal(loads.turns, 0);
  });

  it('is fair to those that tie while another is busy', () => {
    const loads = fake([5, 0, 0, 0]);
    const picker = leastConnections.picker([0, 1, 2, 3], loads);
    const served = [0, 0, 0, 0];
    for (let pick = 0; pick < 300; pick++) {
      const backend = picker.pick([]);
      served[backend] = (served[backend] ?? 0) + 1;
    }
    assert.deepEqual(served, [0, 100, 100, 100]);
  });

  it('is fair to two that tie among a hundred busy ones', () => {
    const loads = fake(Array.from({ length: 100 }, (_, backend) => (backend === 3 || backend === 4 ? 0 : 9)));
    const picker = leastConnections.picker(candidatesOf(loads), loads);
    const served = new Map<number, number>();
    for (let pick = 0; pick < 1000; pick++) {
      const backend = picker.pick([]);
      served.set(backend, (served.get(backend) ?? 0) + 1);
    }
    assert.deepEqual(new Set(served.keys()), new Set([3, 4]));
    assert.ok(Math.abs((served.get(3) ?? 0) - 500) <= 50, `one of two got ${served.get(3)} of 1000`);
  });

  it('is fair when requests come in bursts that end together', () => {
    const loads = fake([0, 0, 0]);
    const picker = leastConnections.picker([0, 1, 2], loads);
    const served = [0, 0, 0];
    for (let burst = 0; burst < 300; burst++) {
      const under = [picker.pick([])];
      for (const backend of under) loads.busy[backend] = 1;
      under.push(picker.pick([]));
      for (const backend of under) {
        loads.busy[backend] = 0;
        served[backend] = (served[backend] ?? 0) + 1;
      }
    }
    assert.deepEqual(served, [200, 200, 200]);
  });

  it('splits an idle pool by weight', () => {
    const picker = leastConnections.picker([0, 1, 2], fake([0, 0, 0], [5, 1, 1]));
    assert.deepEqual(
      Array.from({ length: 7 }, () => picker.pick([])),
      [0, 0, 1, 0, 2, 0, 0],
    );
  });

  it('counts an in-flight below zero as none', () => {
    // A dead worker's share is subtracted while others count: the sum may dip for a moment.
    const picker = leastConnections.picker([0, 1], fake([-2, 0]));
    assert.deepEqual(new Set([picker.pick([]), picker.pick([])]), new Set([0, 1]));
  });

  it('finds out in good time that every one of 1,000 backends is full', () => {
    const loads = fake(new Array<number>(1000).fill(7));
    let reads = 0;
    const counted: Loads = {
      inFlight: (backend) => {
        reads++;
        return loads.inFlight(backend);
      },
      weight: () => 1,
      ramp: () => 10,
      nextTurn: () => loads.nextTurn(),
    };
    const picker = leastConnections.picker(candidatesOf(loads), counted);
    const tried: number[] = [];
    for (let backend = picker.pick(tried); backend !== -1; backend = picker.pick(tried)) tried.push(backend);
    assert.equal(tried.length, 1000);
    assert.ok(reads <= (1000 * 1001) / 2, `${reads} reads`);
    assert.ok(loads.turns <= 16 * 1000, `${loads.turns} turns`);
  });
});
