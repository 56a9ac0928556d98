/**
 * What happens to a balancer under load beside the faults on its wires: each is one short episode
 * that leaves everything as it was, and is drawn from a seeded generator.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../harness/eventually.ts';
import { drawFault, FAULT_KINDS, NO_FAULT } from './faults.ts';
import type { Stand } from './stand.ts';

export interface Disturbance {
  readonly name: string;
  readonly run: (stand: Stand, random: () => number) => Promise<void>;
}

const POLICIES = ['round-robin', 'weighted-round-robin', 'least-connections'];
const LOAD_MS = 400;

function pick<T>(random: () => number, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

const some = (random: () => number, fromMs: number, toMs: number): Promise<void> =>
  delay(fromMs + random() * (toMs - fromMs));

/** Gives every proxy a share of faulty connections and kinds of its own, until it is told otherwise. */
export function roughen(stand: Stand, random: () => number, mostShare: number): void {
  for (const proxy of [...stand.proxies, stand.front]) {
    const share = random() * mostShare;
    const kinds = FAULT_KINDS.filter(() => random() < 0.6);
    proxy.draw = () => drawFault(random, share, kinds.length === 0 ? FAULT_KINDS : kinds);
  }
}

/** Takes all faults from the wires; connections that have one keep it. */
export function smooth(stand: Stand): void {
  for (const proxy of [...stand.proxies, stand.front]) proxy.draw = () => NO_FAULT;
}

export const DISTURBANCES: readonly Disturbance[] = [
  {
    name: 'faults on the wires',
    async run(stand, random) {
      roughen(stand, random, 1);
      // What is kept alive has the fault that it was made with: none, as a rule.
      for (let times = 0; times < 4; times++) {
        for (const proxy of stand.proxies) proxy.cut();
        await some(random, 300, 600);
      }
      roughen(stand, random, 0.5);
    },
  },
  {
    name: 'a backend is killed and comes back',
    async run({ backends }, random) {
      const victim = pick(random, backends);
      await victim.kill();
      await some(random, 100, 1_000);
      await victim.start();
    },
  },
  {
    name: 'a backend is stopped in order and comes back',
    async run({ backends }, random) {
      const victim = pick(random, backends);
      await victim.stop();
      await some(random, 0, 300);
      await victim.start();
    },
  },
  {
    name: 'a backend stands still',
    async run({ backends }, random) {
      const victim = pick(random, backends);
      victim.freeze();
      await some(random, 300, 1_800);
      victim.thaw();
    },
  },
  {
    name: 'a backend refuses',
    async run({ proxies }, random) {
      const proxy = pick(random, proxies);
      proxy.refuse();
      await some(random, 200, 1_500);
      await proxy.accept();
    },
  },
  {
    name: 'all connections to a backend are reset',
    async run({ proxies }, random) {
      for (let times = 0; times < 3; times++) {
        pick(random, proxies).cut();
        await some(random, 20, 200);
      }
    },
  },
  {
    name: 'every backend is gone for a moment',
    async run({ proxies }, random) {
      for (const proxy of proxies) proxy.refuse();
      await some(random, 100, 700);
      for (const proxy of proxies) await proxy.accept();
    },
  },
  {
    name: 'reloads, good and bad',
    async run(stand, random) {
      const { balancer } = stand;
      await balancer.reloadWith(stand.settings({ policy: pick(random, POLICIES) }));
      await some(random, 0, 100);
      const text = JSON.stringify({ version: 1, listeners: {}, pools: { web: stand.settings() } });
      await writeFile(balancer.configFile, text.slice(0, Math.floor(random() * (text.length - 1))));
      const { kind } = await balancer.reload();
      if (kind !== 'reload-refused') throw new Error(`half a config was taken: ${kind}`);
      await some(random, 0, 100);
      await balancer.reloadWith(stand.settings());
    },
  },
  {
    name: 'the policy changes',
    async run({ balancer: { admin } }, random) {
      for (let times = 0; times < 4; times++) {
        await admin.setPolicy(pick(random, POLICIES));
        await some(random, 20, 150);
      }
    },
  },
  {
    name: 'a backend is drained, maintained and made ready',
    async run({ balancer: { admin }, backends }, random) {
      const { name } = pick(random, backends);
      for (const mode of ['drain', 'maintenance', 'drain', 'ready']) {
        await admin.patchBackend(name, { mode });
        await some(random, 20, 300);
      }
    },
  },
  {
    name: 'weights change',
    async run({ balancer: { admin }, backends }, random) {
      for (const { name } of backends) await admin.patchBackend(name, { weight: 1 + Math.floor(random() * 9) });
      await delay(LOAD_MS);
      for (const { name } of backends) await admin.patchBackend(name, { weight: 1 });
    },
  },
];

/** Takes a backend out of the pool by the admin API and brings it back: its figures go with it. */
export const MEMBERSHIP: Disturbance = {
  name: 'a backend is removed and added',
  async run({ balancer: { admin }, backends, proxies }, random) {
    const index = Math.floor(random() * backends.length);
    const [backend, proxy] = [backends[index], proxies[index]];
    if (backend === undefined || proxy === undefined) return;
    await admin.removeBackend(backend.name);
    // Its name is free again once its last request has ended.
    await some(random, 0, 500);
    for (;;) {
      const { status } = await admin.ask('/api/v1/pools/web/backends', {
        method: 'POST',
        body: { url: `http://127.0.0.1:${proxy.port}`, name: backend.name },
      });
      if (status < 300) return;
      await delay(50);
    }
  },
};

/** A worker throws, and is replaced before anything else happens. */
export function workerCrash(crash: (worker: number) => Promise<void>): Disturbance {
  return {
    name: 'a worker crashes',
    async run({ balancer: { admin } }, random) {
      const { workers } = await admin.status();
      const victim = pick(random, workers);
      await crash(victim.worker);
      await eventually('it to be replaced', async () => {
        const status = (await admin.status()).workers.find(({ worker }) => worker === victim.worker);
        return status?.state === 'running' && status.restarts === victim.restarts + 1;
      });
    },
  };
}
