/**
 * A whole balancer: puts the parts of the control plane together, starts and stops them.
 *
 * Called by the command line and the demo, and by tests. The order of the start: what was kept of
 * run-time changes, the shared memory, the roster; the admin API, so that /livez answers while
 * the rest starts; the first name lookups; the workers last, when there is something to serve. A
 * start either succeeds or leaves nothing behind and says why in one sentence.
 */
import type { Logger } from 'pino';
import { POLICIES } from '../balancing/policies.ts';
import { formatAddress } from '../config/addresses.ts';
import type { Config, PoolConfig } from '../config/schema.ts';
import { type Capacity, State } from '../state/layout.ts';
import { AddressResolver } from './address-resolver.ts';
import type { AdminServer } from './admin/server.ts';
import { usesAll } from './all-addresses.ts';
import { ConfigWatch } from './config-watch.ts';
import { HealthChecker } from './health-checker.ts';
import { Journal } from './journal.ts';
import { listenProblem, listenProblems, withPorts } from './listen-check.ts';
import { logEvents } from './log-events.ts';
import { Reloader, type ReloadResult } from './reload.ts';
import { Roster } from './roster.ts';
import { RouteCounts } from './route-counts.ts';
import { Sampler } from './sampler.ts';
import { shareDescriptors } from './share-descriptors.ts';
import { shareHeap } from './share-heap.ts';
import { ShortageWatch } from './shortage-watch.ts';
import { Store } from './store.ts';
import { Supervisor } from './supervisor.ts';
import { packageVersion } from './version.ts';

/** Backends that an entry with `addresses: all` is reckoned with; twice as many fit, more than most names have. */
const ROWS_FOR_ALL = 32;
/** How often removed backends are looked at: they go within twice this after their last request. */
const SWEEP_MS = 250;
/** How long open requests to the admin API may take at the end. */
const ADMIN_CLOSE_MS = 1_000;
/** Where sockets can share a port (`reusePort`), so that there can be more than one worker. */
const SHARES_PORTS: readonly string[] = ['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'];

/** The file that the config came from. */
export interface ConfigFile {
  readonly path: string;
  /** SHA-256 of its text, hexadecimal. */
  readonly hash: string;
  /** Whether it is reloaded by itself when it has changed. */
  readonly isWatched: boolean;
}

export interface BalancerOptions {
  /** Where the config came from, for reloads; left out where it did not come from a file. */
  readonly configFile?: ConfigFile;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The entry of a worker thread; another one in tests. */
  readonly workerUrl?: URL;
}

export interface Balancer {
  /** Where the dashboard and the admin API are, with the one-time link where a token is set; null without them. */
  readonly adminUrl: string | null;
  /** Where clients are accepted now. */
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  /** Reads the config file again. Rejects only for a bug: a wrong file is an answer. */
  reload(origin?: string): Promise<ReloadResult>;
  /** Stops accepting, finishes what is in flight within `shutdownTimeout`. A second call ends at once. */
  stop(): Promise<void>;
  /** Ends at once, with what is in flight. */
  kill(): Promise<void>;
}

/** Resolves when clients are accepted. Rejects with one sentence that names what is in the way. */
export async function startBalancer(wanted: Config, options: BalancerOptions): Promise<Balancer> {
  const { log, env } = options;
  const journal = new Journal();
  logEvents(journal, log);
  const config = await settle(wanted, journal);
  const descriptors = shareDescriptors(config, journal);

  const store = new Store({ path: config.stateFile, journal });
  const changes = await store.load();
  if (changes.pools.length > 0) {
    const pools = changes.pools.map(({ name }) => name).join(', ');
    const text = `changes made at run time earlier hold again, in ${pools}`;
    journal.add({ level: 'info', kind: 'state-restored', subject: '', text, origin: 'state file' });
  }
  const state = State.create(capacityFor(config));
  const roster = new Roster({ state, config, journal, changes });
  const supervisor = new Supervisor({
    state,
    workers: config.workers,
    plan: () => roster.plan(),
    journal,
    onFailing: (slot, code, detail) => roster.reportFailing(slot, code, detail),
    onThrow: (worker, error) => log.error({ err: error, worker }, 'a worker threw'),
    connectionCeiling: descriptors.connectionsPerWorker,
    heapMiB: shareHeap(config, journal),
    ...(options.workerUrl === undefined ? {} : { workerUrl: options.workerUrl }),
  });
  const resolver = new AddressResolver({ roster });
  const checker = new HealthChecker({ roster, onFailed: (backend) => resolver.reportFailed(backend) });
  const applied = (): Promise<void> => supervisor.applied();
  const reloader = new Reloader({
    path: options.configFile?.path ?? null,
    firstHash: options.configFile?.hash ?? null,
    roster,
    listen: (listeners) => supervisor.listen(listeners),
    applied,
    journal,
    log,
    env,
    refusal: () => (isDraining ? 'the balancer is stopping' : null),
  });
  const version = packageVersion();
  let isDraining = false;
  const sampler = new Sampler({
    state,
    roster,
    workers: () => supervisor.workers(),
    policies: POLICIES.map(({ name }) => name),
    version,
    isDraining: () => isDraining,
  });
  const routes = new RouteCounts(state, roster);
  sampler.onSecond(() => routes.tick());
  const shortages = new ShortageWatch(state, journal);
  sampler.onSecond(() => shortages.look());
  roster.onPlanChange(() => supervisor.planChanged());
  roster.onChangesChange(() => store.keep(roster.changes));
  roster.onCut(({ slot }) => supervisor.cut(slot));
  store.keep(roster.changes);
  const sweep = setInterval(() => roster.sweep(supervisor.appliedRevision()), SWEEP_MS);
  sweep.unref();

  let admin: AdminServer | null = null;
  let watch: ConfigWatch | null = null;
  const end = async (): Promise<void> => {
    watch?.stop();
    clearInterval(sweep);
    checker.stop();
    resolver.stop();
    await store.persist();
    await admin?.close(ADMIN_CLOSE_MS);
    sampler.stop();
  };
  let killed: Promise<void> | null = null;
  const kill = (): Promise<void> => (killed ??= supervisor.kill().then(end));
  try {
    if (config.admin !== null) {
      const { startAdmin } = await import('./admin/server.ts');
      admin = await startAdmin({
        config,
        roster,
        journal,
        sampler,
        routes,
        supervisor: { workers: () => supervisor.workers(), applied },
        persist: () => store.persist(),
        reload: () => reloader.reload('admin API'),
        previewReload: () => reloader.preview(),
        log,
        env,
        version,
        isDraining: () => isDraining,
        maxConnections: descriptors.adminConnections,
      });
    }
    sampler.start();
    checker.start();
    await resolver.start();
    await supervisor.start();
  } catch (error) {
    await kill();
    throw error;
  }
  tellStart(journal, config);
  if (options.configFile?.isWatched === true) {
    watch = new ConfigWatch({
      path: options.configFile.path,
      lastHash: () => reloader.lastHash,
      mayReload: () => reloader.mayReload,
      reload: () => reloader.reload('file change'),
    });
    watch.start();
  }

  let stopped: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    const timeoutMs = roster.config.shutdownTimeoutMs;
    isDraining = true;
    journal.add({
      level: 'info',
      kind: 'draining',
      subject: '',
      text: 'stopping: no new connections',
      origin: 'signal',
    });
    const { cutExchanges } = await supervisor.drain(timeoutMs);
    if (cutExchanges > 0) {
      const text = `${cutExchanges} requests were cut because the time was used up`;
      journal.add({ level: 'warning', kind: 'drain-cut', subject: '', text, origin: 'supervisor' });
    }
    await kill();
  };
  return {
    adminUrl: admin?.url ?? null,
    get listeners() {
      return roster.config.listeners.map(({ name, address }) => ({ name, address: formatAddress(address) }));
    },
    reload: (origin = 'signal') => reloader.reload(origin),
    stop: () => {
      if (stopped === null) return (stopped = stop());
      isDraining = true;
      return kill();
    },
    kill: () => {
      isDraining = true;
      return kill();
    },
  };
}

/** The config as it can be here: real ports, and one worker where ports cannot be shared. */
async function settle(wanted: Config, journal: Journal): Promise<Config> {
  const listeners = await withPorts(wanted.listeners, []);
  const problems = await listenProblems(listeners);
  const adminProblem = wanted.admin === null ? null : await listenProblem(wanted.admin.address);
  if (adminProblem !== null) problems.push(`admin: ${adminProblem}`);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const canShare = SHARES_PORTS.includes(process.platform);
  if (!canShare && wanted.workers > 1) {
    const text = `one worker instead of ${wanted.workers}: on ${process.platform} threads cannot share a port`;
    journal.add({ level: 'warning', kind: 'one-worker', subject: '', text, origin: 'supervisor' });
  }
  return Object.freeze({ ...wanted, listeners, workers: canShare ? wanted.workers : 1 });
}

/** Shared memory is never resized: room for reloads and for what is added at run time. */
function capacityFor(config: Config): Capacity {
  const rows = (pool: PoolConfig): number =>
    pool.backends.reduce((sum, entry) => sum + (usesAll(entry) ? ROWS_FOR_ALL : 1), 0);
  const backends = config.pools.reduce((sum, pool) => sum + rows(pool), 0);
  return {
    workers: config.workers,
    pools: withRoom(config.pools.length),
    backends: withRoom(backends),
    routes: withRoom(config.routes.length),
  };
}

function withRoom(count: number): number {
  return Math.max(64, 2 * count + 32);
}

function tellStart(journal: Journal, config: Config): void {
  const addresses = config.listeners.map(({ address }) => formatAddress(address)).join(', ');
  const workers = config.workers === 1 ? '1 worker' : `${config.workers} workers`;
  const text = `${workers} accepting on ${addresses}`;
  journal.add({ level: 'good', kind: 'started', subject: '', text, origin: 'supervisor' });
}
