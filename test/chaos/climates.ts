/**
 * Settings of a pool under which a round of chaos runs, so that everything that can stand in the
 * way of a request has its turn: queues, budgets, ejection, ramps, the limit of a drain.
 */
import type { Settings } from '../harness/balancer-program.ts';
import { type Mix, WILD } from './request-plans.ts';

export interface BudgetTerms {
  readonly percent: number;
  readonly perSecond: number;
}

export interface Climate {
  readonly name: string;
  /** In place of those of the stand. */
  readonly pool: Settings;
  /** Of every backend; 0 is no limit. */
  readonly maxConnections: number;
  readonly attempts: number;
  readonly mix: Mix;
  /** Held against the tries again; null where the usual budget is not reached. */
  readonly budget: BudgetTerms | null;
}

const ATTEMPTS = 3;
const plainClimate = { pool: {}, maxConnections: 0, attempts: ATTEMPTS, mix: WILD, budget: null };
/** Long enough for places to run out, and for a drain to meet its limit. */
const SLOW: Mix = { ...WILD, delaysMs: [0, 0, 10, 50, 200, 1_500] };
const THRIFT: BudgetTerms = { percent: 5, perSecond: 1 };

export const CLIMATES: readonly Climate[] = [
  { ...plainClimate, name: 'plain' },
  {
    ...plainClimate,
    name: 'few places',
    pool: { queue: { size: 16, timeout: '300ms' }, policy: 'least-connections' },
    maxConnections: 4,
    mix: { ...SLOW, delaysMs: [0, 10, 50, 200] },
  },
  {
    ...plainClimate,
    name: 'thrift',
    pool: { retry: { attempts: ATTEMPTS, budget: THRIFT.percent, budgetFloor: THRIFT.perSecond } },
    budget: THRIFT,
  },
  {
    ...plainClimate,
    name: 'suspicion',
    pool: {
      outlier: { gatewayErrors: 2, time: '500ms', maxTime: '2s', maxShare: 50 },
      slowStart: '2s',
      retry: { attempts: ATTEMPTS, statuses: [503] },
    },
    mix: { ...WILD, refusedPercents: [0, 0, 10, 60] },
  },
  {
    ...plainClimate,
    name: 'haste',
    pool: {
      drainTimeout: '1s',
      panic: 50,
      retry: { attempts: 2, timeout: '800ms', attemptTimeout: '500ms' },
    },
    attempts: 2,
    mix: SLOW,
  },
];

export const PLAIN_CLIMATE: Climate = { ...plainClimate, name: 'plain' };
