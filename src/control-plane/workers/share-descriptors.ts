/**
 * Gives out the file descriptors of this process at start, and says where they are few.
 *
 * Called by the balancer before it opens anything. Throws one sentence where there are too few to
 * serve at all.
 */
import type { Config } from '../../config/schema.ts';
import type { Journal } from '../journal.ts';
import {
  type DescriptorBudget,
  descriptorLimit,
  divideDescriptors,
  leastDescriptors,
  openDescriptors,
} from './descriptor-budget.ts';

/** Fewer clients than this in a worker are few for any balancer, whatever its config says. */
const FEW_CLIENTS = 1_000;

export function shareDescriptors(config: Config, journal: Journal): DescriptorBudget {
  const needs = {
    limit: descriptorLimit(),
    open: openDescriptors(),
    workers: config.workers,
    listeners: config.listeners.length,
    backends: config.pools.reduce((sum, { backends }) => sum + backends.length, 0),
  };
  const budget = divideDescriptors(needs);
  if (budget === null) {
    const least = leastDescriptors(needs);
    throw new Error(
      `this process may have ${needs.limit} files open, and ${least} are the least for ${needs.workers} workers: ` +
        'raise the limit (ulimit -n, or LimitNOFILE in systemd) or set fewer workers',
    );
  }
  const { connections } = config.limits;
  const wanted = connections > 0 ? connections : Number.POSITIVE_INFINITY;
  const given = budget.connectionsPerWorker;
  if (given < wanted) {
    const text =
      `the limit of ${needs.limit} open files allows each worker ${given} client connections, ` +
      `fewer than limits.connections (${connections > 0 ? connections : 'no limit'})`;
    const level = given < FEW_CLIENTS ? 'warning' : 'info';
    journal.add({ level, kind: 'descriptors-few', subject: '', text, origin: 'supervisor' });
  }
  return budget;
}
