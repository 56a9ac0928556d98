/**
 * What nginx, HAProxy and Node's HTTP server make of what the balancer passes on: for every input
 * the same requests, no more and no fewer, with the same bodies, as the strict reader, the access
 * log, the counters and the client have it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CleanupList } from '../harness/cleanup.ts';
import { startHaproxyPeer } from './haproxy-peer.ts';
import { caseInputs, generatedInputs, mutantInputs } from './inputs.ts';
import {
  blamedLines,
  countersByLog,
  countersOf,
  judgeClient,
  judgeExpected,
  judgeLogAgainstPeer,
  judgePeers,
  judgeRefusals,
} from './judge.ts';
import { startNginxPeer } from './nginx-peer.ts';
import { startNodePeer } from './node-peer.ts';
import { type Observation, observe, type Seen } from './observed-plane.ts';
import type { Peer } from './peer.ts';
import { findProgram } from './peer-process.ts';
import { startStrictPeer } from './strict-peer.ts';

const GENERATED = 150;
const MUTANTS = 250;

const inputs = [...caseInputs(), ...generatedInputs(GENERATED), ...mutantInputs(MUTANTS)];
const cleanup = new CleanupList();
const observations = new Map<string, Observation>();
const failed = new Map<string, unknown>();

interface Candidate {
  readonly name: string;
  /** Where its program is; null where it is not installed. */
  readonly program: string | null;
  readonly start: (program: string) => Promise<Peer>;
}

const STRICT: Candidate = { name: 'strict reader', program: '', start: () => startStrictPeer(cleanup) };
const PEERS: readonly Candidate[] = [
  { name: 'node:http', program: '', start: () => startNodePeer(cleanup) },
  { name: 'nginx', program: findProgram('nginx'), start: (program) => startNginxPeer(cleanup, program) },
  { name: 'HAProxy', program: findProgram('haproxy'), start: (program) => startHaproxyPeer(cleanup, program) },
];

before(async () => {
  await Promise.all(
    [STRICT, ...PEERS].map(async ({ name, program, start }) => {
      if (program === null) return;
      try {
        observations.set(name, await observe(cleanup, await start(program), inputs));
      } catch (error) {
        failed.set(name, error);
      }
    }),
  );
});
after(() => cleanup.run());

function observationOf(name: string): Observation {
  const found = observations.get(name);
  if (found === undefined) throw failed.get(name);
  return found;
}

/** Fails with all that a rule finds wrong, input by input. */
function assertEach(seen: readonly Seen[], rule: (one: Seen, index: number) => string[]): void {
  const problems = seen.flatMap((one, index) => rule(one, index).map((problem) => `${one.input.id}: ${problem}`));
  if (problems.length > 0) assert.fail(`\n${problems.slice(0, 20).join('\n')}\n(${problems.length} in all)`);
}

for (const { name, program } of [STRICT, ...PEERS]) {
  const skip = program === null ? `${name} is not installed` : false;

  test(`${name}: sees exactly the requests that the access log has`, { skip }, (t) => {
    const observation = observationOf(name);
    assertEach(observation.seen, judgeLogAgainstPeer);
    assert.deepEqual(judgeRefusals(observation), []);
    assert.deepEqual(blamedLines(observation.log), []);
    const taken = observation.seen.reduce((sum, { requests }) => sum + requests.length, 0);
    t.diagnostic(`${inputs.length} inputs, ${taken} requests seen, ${observation.peer.refusals().length} refused`);
    assert.ok(taken > inputs.length / 3, `only ${taken} requests of ${inputs.length} inputs were passed on`);
  });

  test(`${name}: each client gets the answers to its own requests`, { skip }, () => {
    const { seen, fenceProblems } = observationOf(name);
    assertEach(seen, judgeClient);
    assert.deepEqual(fenceProblems, []);
  });

  test(`${name}: the counters say what the access log says`, { skip }, () => {
    const observation = observationOf(name);
    assert.deepEqual(countersOf(observation), countersByLog(observation.log));
  });
}

test('strict reader: generated requests arrive as they were meant, and no byte is malformed', () => {
  const { seen, peer } = observationOf(STRICT.name);
  assertEach(seen, judgeExpected);
  assert.deepEqual(peer.refusals(), []);
});

for (const { name, program } of PEERS) {
  const skip = program === null ? `${name} is not installed` : false;
  test(`${name}: reads every request as the strict reader does`, { skip }, () => {
    const reference = observationOf(STRICT.name).seen;
    const { seen, peer } = observationOf(name);
    assertEach(seen, (one, index) => {
      const same = reference[index];
      assert.ok(same);
      return judgePeers(same, one, peer);
    });
  });
}
