/**
 * Backends that read leniently, each in its own way, see exactly the requests that the access log
 * has, for every conformance case and for mutations of them. Where they see another number, a
 * client has smuggled one in.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CleanupList } from '../harness/cleanup.ts';
import { startDataPlane } from '../harness/data-plane.ts';
import { LENIENT_MODELS, startLenientBackend } from '../harness/lenient-backends.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { caseInputs, mutantInputs } from './inputs.ts';
import { countersByLog, countersOf, judgeClient, judgeLogAgainstPeer } from './judge.ts';
import { startLenientPeer } from './lenient-peer.ts';
import { type Observation, observe, type Seen } from './observed-plane.ts';

const MUTANTS = 300;

const inputs = [...caseInputs(), ...mutantInputs(MUTANTS)];
const cleanup = new CleanupList();
const observations = new Map<string, Observation>();
const failed = new Map<string, unknown>();

before(async () => {
  await Promise.all(
    LENIENT_MODELS.map(async (model) => {
      try {
        observations.set(model.name, await observe(cleanup, await startLenientPeer(cleanup, model), inputs));
      } catch (error) {
        failed.set(model.name, error);
      }
    }),
  );
});
after(() => cleanup.run());

for (const { name, bodyless } of LENIENT_MODELS) {
  /** Whether the model takes the body of a request in it for a request of its own: nobody can help that. */
  const isOverlooked = ({ log }: Seen): boolean =>
    log.some(({ method, bytesIn }) => bytesIn > 0 && bodyless.includes(method));

  test(`${name}: as many requests as the access log has, each client its own answers`, (t) => {
    const observation = observations.get(name);
    if (observation === undefined) throw failed.get(name);
    const { seen, fenceProblems, log } = observation;
    const problems = seen.flatMap((one) =>
      isOverlooked(one)
        ? []
        : [...judgeLogAgainstPeer(one), ...judgeClient(one)].map((problem) => `${one.input.id}: ${problem}`),
    );
    t.diagnostic(`${seen.length} inputs, ${log.length} lines, ${seen.filter(isOverlooked).length} overlooked bodies`);
    if (problems.length > 0) assert.fail(`\n${problems.slice(0, 20).join('\n')}\n(${problems.length} in all)`);
    assert.deepEqual(fenceProblems, []);
    assert.deepEqual(countersOf(observation), countersByLog(log));
    if (bodyless.length === 0) return;
    const isNoticed = seen.some((one) => isOverlooked(one) && judgeLogAgainstPeer(one).length > 0);
    assert.ok(isNoticed, 'what the model does see in a body that it overlooks must be noticed');
  });
}

test('a body that a backend overlooks never becomes the request of another client', async () => {
  const model = LENIENT_MODELS.find(({ bodyless }) => bodyless.includes('GET'));
  assert.ok(model);
  const backend = await startLenientBackend(cleanup, model);
  const plane = await startDataPlane(cleanup, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  for (const method of ['GET', 'DELETE']) {
    const attacker = await connectRaw(cleanup, plane.port);
    await attacker.request(requestBytes(method, '/a', {}, 'GET /smuggled HTTP/1.1\r\nX: '));
    const victim = await connectRaw(cleanup, plane.port);
    assert.equal((await victim.request(requestBytes('GET', '/victim'))).body, 'ok /victim');
  }
});
