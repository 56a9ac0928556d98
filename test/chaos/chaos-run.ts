/**
 * One chaos run: load of every kind, faults on every wire, one disturbance after another in a
 * drawn order until the time is up, then rest, then the judge. The same seed draws the same
 * requests, faults and disturbances; only the moments are the machine's.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { randomFrom } from '../harness/segmentations.ts';
import { type Climate, PLAIN_CLIMATE } from './climates.ts';
import { DISTURBANCES, type Disturbance, MEMBERSHIP, roughen, smooth, workerCrash } from './disturbances.ts';
import { isFailed, shownRecord, startDrawnLoad } from './drawn-load.ts';
import { type Judgement, judge } from './judge.ts';
import type { ClientRecord } from './records.ts';
import type { Stand } from './stand.ts';

const CONNECTIONS = 96;
/** Of the load, through the fault proxy between clients and balancer. */
const FRONT_SHARE = 0.2;
const FRONT_PATIENCE_MS = 8_000;
const CALM_MS = 150;
const CALM = { rude: 0, delaysMs: [0, 0, 5], refusedPercents: [0] };
const CALM_PER_SECOND = 60;
const CALM_REQUESTS = 60;
const UP_LIMIT_MS = 60_000;
/** Connections that have a fault have it for as long as the time limits let them. */
const HEAL_MS = 300;

export interface ChaosOptions {
  readonly seed: string;
  readonly seconds: number;
  readonly perSecond: number;
  /** Backends leave the pool and come back. */
  readonly hasMembership: boolean;
  /** Settings of the pool, and what is asked for under them. */
  readonly climate?: Climate;
  /** Makes a worker crash; workers die in this run. */
  readonly crash?: (worker: number) => Promise<void>;
  readonly tell?: (line: string) => void;
}

export interface ChaosReport extends Judgement {
  readonly climate: string;
  /** Disturbances by name. */
  readonly happened: Readonly<Record<string, number>>;
  /** Connections through the proxies by their fault. */
  readonly faultsMade: Readonly<Record<string, number>>;
}

/** Ordinary traffic on healthy wires, once everything is up again. */
async function calmDown({ balancer, backends, proxies }: Stand, options: ChaosOptions): Promise<ClientRecord[]> {
  const { seed, climate = PLAIN_CLIMATE } = options;
  // Connections that were made with a fault still have it.
  for (const proxy of proxies) proxy.cut();
  await balancer.admin.until(
    'up',
    backends.map(({ name }) => name),
    UP_LIMIT_MS,
  );
  const load = startDrawnLoad({
    seed,
    name: 'calm',
    mix: { ...climate.mix, ...CALM },
    port: balancer.port,
    perSecond: CALM_PER_SECOND,
    requests: CALM_REQUESTS,
    connections: CONNECTIONS,
  });
  await load.done;
  return load.records;
}

/** Runs on a stand at rest and leaves it at rest. */
export async function runChaos(stand: Stand, options: ChaosOptions): Promise<ChaosReport> {
  const { seed, seconds, perSecond, climate = PLAIN_CLIMATE, hasMembership, crash, tell = () => {} } = options;
  const streams = (name: string): (() => number) => randomFrom(`${seed} ${name}`);
  stand.climate = climate;
  await stand.balancer.reloadWith(stand.settings());
  await stand.begin();
  const startMs = performance.now();
  const loads = ['direct', 'front'].map((name) => {
    return startDrawnLoad({
      seed,
      name,
      mix: climate.mix,
      port: name === 'front' ? stand.front.port : stand.balancer.port,
      perSecond: perSecond * (name === 'front' ? FRONT_SHARE : 1 - FRONT_SHARE),
      connections: CONNECTIONS,
      isBehindFaults: name === 'front',
      // In front of the balancer there are faults after which nothing ever comes.
      ...(name === 'front' ? { patienceMs: FRONT_PATIENCE_MS } : {}),
    });
  });
  const random = streams('disturbances');
  const all = [
    ...DISTURBANCES,
    ...(hasMembership ? [MEMBERSHIP] : []),
    ...(crash === undefined ? [] : [workerCrash(crash)]),
  ];
  const happened: Record<string, number> = {};
  roughen(stand, streams('wires'), 0.5);
  const endMs = performance.now() + seconds * 1000;
  let bag: Disturbance[] = [];
  while (performance.now() < endMs) {
    // Each once before any comes again.
    if (bag.length === 0)
      bag = all
        .map((one) => ({ one, key: random() }))
        .sort((a, b) => a.key - b.key)
        .map(({ one }) => one);
    const next = bag.shift();
    if (next === undefined) break;
    tell(next.name);
    happened[next.name] = (happened[next.name] ?? 0) + 1;
    await next.run(stand, random);
    await delay(CALM_MS);
  }
  smooth(stand);
  await delay(HEAL_MS);
  const ended = Promise.all(loads.map((load) => load.stop()));
  // Nobody waits for what a fault in front of the balancer keeps for ever.
  stand.front.cut();
  const clients = (await ended).flat();
  const calm = await calmDown(stand, options);
  clients.push(...calm);
  const evidence = await stand.evidence(clients);
  const isRosterWhole = !(MEMBERSHIP.name in happened);
  const judgement = judge(evidence, {
    attempts: climate.attempts,
    isMortal: crash !== undefined,
    isRosterWhole,
    hasQueue: climate.maxConnections > 0,
    budget: climate.budget,
    seconds: (performance.now() - startMs) / 1_000,
  });
  // What was wrong before must not have left anything behind.
  const faults = [...judgement.faults, ...calm.filter(isFailed).map((record) => `calm: ${shownRecord(record)}`)];
  const faultsMade: Record<string, number> = {};
  for (const { counts } of [...stand.proxies, stand.front]) {
    for (const [kind, count] of counts) faultsMade[kind] = (faultsMade[kind] ?? 0) + count;
  }
  return { ...judgement, faults, climate: climate.name, happened, faultsMade };
}
