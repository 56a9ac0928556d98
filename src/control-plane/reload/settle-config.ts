/**
 * The config as it can be in this process: real ports, and one worker where ports cannot be
 * shared. Called by the balancer before anything starts; throws one sentence for all that is in
 * the way.
 *
 * What an old process hands over is taken, and by ourselves: no reason to refuse.
 */
import type { Config } from '../../config/schema.ts';
import type { InheritedSocket } from '../../protocol/handover.ts';
import { exposureProblem } from '../admin/exposure.ts';
import { inheritedAdmin, inheritedListeners } from '../handover/inherited-sockets.ts';
import type { Journal } from '../journal.ts';
import { listenProblem, listenProblems, withPorts } from '../workers/listen-check.ts';

/** Where sockets can share a port (`reusePort`), so that there can be more than one worker. */
const SHARES_PORTS: readonly string[] = ['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'];

export async function settleConfig(
  wanted: Config,
  journal: Journal,
  inherited: readonly InheritedSocket[],
): Promise<Config> {
  const known = inheritedListeners(inherited);
  const listeners = await withPorts(wanted.listeners, known);
  const problems = await listenProblems(listeners, known);
  const adminProblem = wanted.admin === null ? null : await problemOf(wanted.admin, inherited);
  if (adminProblem !== null) problems.push(adminProblem);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const canShare = SHARES_PORTS.includes(process.platform);
  if (!canShare && wanted.workers > 1) {
    const text = `one worker instead of ${wanted.workers}: on ${process.platform} threads cannot share a port`;
    journal.add({ level: 'warning', kind: 'one-worker', subject: '', text, origin: 'supervisor' });
  }
  return Object.freeze({ ...wanted, listeners, workers: canShare ? wanted.workers : 1 });
}

async function problemOf(
  admin: NonNullable<Config['admin']>,
  inherited: readonly InheritedSocket[],
): Promise<string | null> {
  const problem = exposureProblem(admin);
  if (problem !== null || inheritedAdmin(inherited, admin.address) !== null) return problem;
  const listening = await listenProblem(admin.address);
  return listening === null ? null : `admin: ${listening}`;
}
