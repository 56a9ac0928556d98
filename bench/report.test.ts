import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BAR } from './peers.ts';
import { reportOf, scenarioTable } from './report.ts';
import { type Round, ratioToBar, type ScenarioResult, type SubjectResult, spreadOf } from './results.ts';

function subject(peer: string, cpuMicros: readonly number[], changes: Partial<SubjectResult> = {}): SubjectResult {
  const rounds = cpuMicros.map(
    (cpuMicrosPerRequest): Round => ({
      cpuMicrosPerRequest,
      cpuShare: 0.9,
      foreignShare: 0.01,
      requestsPerSecond: 50_000,
      p50Micros: 1000,
      p99Micros: 3000,
      residentBytes: 20 * 2 ** 20,
      errors: 0,
    }),
  );
  return { peer, kind: 'C', version: '1.0', config: `config of ${peer}`, fault: null, rounds, ...changes };
}

function resultOf(...subjects: SubjectResult[]): ScenarioResult {
  return {
    scenario: 'small',
    measuredAt: '2026-11-01T12:00:00.000Z',
    commit: 'abc1234',
    machine: {
      cpu: 'X',
      cores: 2,
      memoryGib: 8,
      kernel: 'Linux 6',
      node: '26.0.0',
      load: 'wrk 4',
      backends: 'nginx 1',
    },
    roundSeconds: 3,
    subjects,
  };
}

describe('spreadOf', () => {
  it('takes the middle value, or the middle of the two', () => {
    assert.deepEqual(spreadOf([9, 1, 4]), { median: 4, lowest: 1, highest: 9 });
    assert.deepEqual(spreadOf([9, 1, 4, 6]), { median: 5, lowest: 1, highest: 9 });
    assert.equal(spreadOf([]), null);
  });
});

describe('ratioToBar', () => {
  it('compares round by round with the bar that is better by its median', () => {
    const own = subject('ballast', [10, 20, 30]);
    // The machine halves its speed from round to round; nginx is the cheaper one over all.
    const result = resultOf(own, subject('haproxy', [9, 30, 45]), subject('nginx', [10, 20, 40]));
    assert.deepEqual(ratioToBar(result, own, BAR), { median: 1, lowest: 0.75, highest: 1 });
  });

  it('is null where no bar was measured', () => {
    const own = subject('ballast', [10]);
    assert.equal(ratioToBar(resultOf(own, subject('caddy', [9])), own, BAR), null);
  });
});

describe('the report', () => {
  it('lists subjects by cost, with what could not be measured', () => {
    const table = scenarioTable(
      resultOf(subject('ballast', [12]), subject('nginx', [10]), subject('caddy', [], { fault: 'status 502' })),
    );
    assert.match(table, /\| nginx \| 10\.0 .*\n\| ballast \| 12\.0 \(12\.0 to 12\.0\) \| 1\.20 /);
    assert.match(table, /Not measured: caddy: status 502/);
    assert.doesNotMatch(table, /Not a quiet machine/);
  });

  it('says so when other programs were in the way', () => {
    const noisy = subject('ballast', [12, 13]);
    const rounds = noisy.rounds.map((round) => ({ ...round, foreignShare: 0.2 }));
    assert.match(scenarioTable(resultOf({ ...noisy, rounds })), /\*\*Not a quiet machine\*\*.* 20 %/);
  });

  it('prints the machine, every config once, and the commit', () => {
    const page = reportOf([resultOf(subject('ballast', [12]), subject('nginx', [10]))]);
    assert.match(page, /X, 2 cores, 8 GiB; Linux 6; Node 26\.0\.0; load by wrk 4; backends: nginx 1/);
    assert.equal(page.split('config of nginx').length, 2);
    assert.match(page, /commit abc1234/);
    assert.match(page, /\| \[small\]\(#small\) \| 1\.20 \(1\.20 to 1\.20\) \| 1\.00 \| - \| - \|/);
  });
});
