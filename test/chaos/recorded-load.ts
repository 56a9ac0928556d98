/**
 * Open-loop load of which every request is written down: requests begin by the clock, whether or
 * not earlier ones are answered, and the time of each counts from the moment it was due.
 */
import { newRecord, RecordingClient } from './recording-client.ts';
import type { ClientRecord } from './records.ts';
import type { RequestPlan } from './request-plans.ts';

const TICK_MS = 5;
const DEFAULT_PATIENCE_MS = 30_000;

export interface RecordedLoadOptions {
  readonly port: number;
  readonly perSecond: number;
  /** So many at once, and then a pause: the rate is the same. */
  readonly burst?: number;
  /** Most connections at one time; what is due beyond them waits, and its time runs. */
  readonly connections: number;
  /** The next request. */
  readonly plan: () => RequestPlan;
  /** Every request on a connection of its own. */
  readonly isFresh?: boolean;
  readonly isBehindFaults?: boolean;
  /** A request without any end by then hangs. */
  readonly patienceMs?: number;
  /** Stops by itself after so many. */
  readonly requests?: number;
}

export interface RecordedLoad {
  readonly records: ClientRecord[];
  /** Requests that are due and have not ended. */
  readonly underWay: () => number;
  /** Begins no more; resolves with all records when every request has ended. */
  stop(): Promise<ClientRecord[]>;
  /** Resolves when `requests` are sent and have ended. */
  readonly done: Promise<void>;
}

/** Begins at once. */
export function startRecordedLoad(options: RecordedLoadOptions): RecordedLoad {
  const { port, perSecond, connections, patienceMs = DEFAULT_PATIENCE_MS, isBehindFaults = false, burst = 1 } = options;
  const limit = options.requests ?? Number.POSITIVE_INFINITY;
  const records: ClientRecord[] = [];
  const idle: RecordingClient[] = [];
  const waiting: { plan: RequestPlan; record: ClientRecord }[] = [];
  const isDone = Promise.withResolvers<void>();
  const startMs = performance.now();
  let openCount = 0;
  let endedCount = 0;
  let isStopping = false;

  const takeIdle = (): RecordingClient | undefined => {
    for (let client = idle.pop(); client !== undefined; client = idle.pop()) {
      if (client.isOpen) return client;
      openCount--;
    }
    return undefined;
  };

  const begin = (plan: RequestPlan, record: ClientRecord): void => {
    let client = options.isFresh === true ? undefined : takeIdle();
    if (client === undefined) {
      if (openCount >= connections) return void waiting.push({ plan, record });
      client = new RecordingClient(port);
      openCount++;
    }
    void carry(client, plan, record);
  };

  const carry = async (client: RecordingClient, plan: RequestPlan, record: ClientRecord): Promise<void> => {
    await client.send(plan, record, patienceMs);
    endedCount++;
    if (client.isOpen && options.isFresh !== true) idle.push(client);
    else {
      client.close();
      openCount--;
    }
    const next = waiting.shift();
    if (next !== undefined) begin(next.plan, next.record);
    finishIfOver();
  };

  const finishIfOver = (): void => {
    if (endedCount < records.length || !(isStopping || records.length >= limit)) return;
    clearInterval(timer);
    for (const client of idle) client.close();
    isDone.resolve();
  };

  const timer = setInterval(() => {
    const nowMs = performance.now();
    while (!isStopping && records.length < limit) {
      const dueMs = startMs + ((records.length - (records.length % burst)) * 1000) / perSecond;
      if (dueMs > nowMs) break;
      const plan = options.plan();
      const record = newRecord(plan, dueMs, isBehindFaults);
      records.push(record);
      begin(plan, record);
    }
  }, TICK_MS);

  return {
    records,
    underWay: () => records.length - endedCount,
    done: isDone.promise,
    stop() {
      isStopping = true;
      finishIfOver();
      return isDone.promise.then(() => records);
    },
  };
}
