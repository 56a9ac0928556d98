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
import { type AdminServer, startAdmin } from './admin/server.ts';
import { Store } from './changes/store.ts';
import { whyOut } from './explain/explain-pool.ts';
import type { HandoverOutcome, Launch } from './handover/handover.ts';
import { takeUp } from './handover/inherited-sockets.ts';
import { Restarter } from './handover/restarter.ts';
import type { Takeover } from './handover/takeover.ts';
import { carryHealth } from './health/carried-health.ts';
import { HealthChecker } from './health/health-checker.ts';
import { Journal } from './journal.ts';
import { logEvents } from './log-events.ts';
import type { LogTail } from './log-tail.ts';
import { ProcessFacts } from './metrics/process-facts.ts';
import { RouteCounts } from './metrics/route-counts.ts';
import { Sampler } from './metrics/sampler.ts';
import { AddressResolver } from './names/address-resolver.ts';
import { usesAll } from './names/all-addresses.ts';
import { carryNames } from './names/carried-names.ts';
import { ConfigEditor } from './reload/config-editor.ts';
import { ConfigRevisions } from './reload/config-revisions.ts';
import { ConfigWatch } from './reload/config-watch.ts';
import { Reloader, type ReloadResult } from './reload/reload.ts';
import { settleConfig } from './reload/settle-config.ts';
import { PromisedShares } from './roster/pool-shares.ts';
import { Roster } from './roster/roster.ts';
import { Taps } from './taps.ts';
import { packageVersion } from './version.ts';
import { listenerStatuses } from './workers/listener-status.ts';
import { shareDescriptors } from './workers/share-descriptors.ts';
import { shareHeap } from './workers/share-heap.ts';
import { ShortageWatch } from './workers/shortage-watch.ts';
import { Supervisor } from './workers/supervisor.ts';

/** Backends that an entry with `addresses: all` is reckoned with; twice as many fit, more than most names have. */
const ROWS_FOR_ALL = 32;
/** How often removed backends are looked at: they go within twice this after their last request. */
const SWEEP_MS = 250;
/** How long open requests to the admin API may take at the end. */
const ADMIN_CLOSE_MS = 1_000;

/** The file that the config came from. */
export interface ConfigFile {
  readonly path: string;
  /** SHA-256 of its text, hexadecimal. */
  readonly hash: string;
  readonly text: string;
  /** Whether it is reloaded by itself when it has changed. */
  readonly isWatched: boolean;
}

export interface BalancerOptions {
  /** Where the config came from, for reloads; left out where it did not come from a file. */
  readonly configFile?: ConfigFile;
  readonly log: Logger;
  /** The last warnings of the log, for the support bundle. */
  readonly logTail?: LogTail;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** An old process hands its ports over; left out, this one opens its own. */
  readonly takeover?: Takeover;
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
  /**
   * Hands the ports over to a new process, which `launch` starts. After that nothing is accepted
   * here, and `stop` finishes what is in flight. Never rejects: what goes wrong is an outcome, and
   * changes nothing.
   */
  restart(launch: Launch): Promise<HandoverOutcome>;
  /** After a takeover: the old process has let go, so that changes can be made and kept from now on. */
  begin(): void;
  /** Stops accepting, finishes what is in flight within `shutdownTimeout`. A second call ends at once. */
  stop(): Promise<void>;
  /** Ends at once, with what is in flight. */
  kill(): Promise<void>;
}

/** Resolves when clients are accepted. Rejects with one sentence that names what is in the way. */
export async function startBalancer(wanted: Config, options: BalancerOptions): Promise<Balancer> {
  const { log, env, takeover } = options;
  const journal = new Journal();
  logEvents(journal, log);
  const config = await settleConfig(wanted, journal, takeover?.sockets ?? []);
  const descriptors = shareDescriptors(config, journal);

  const carried = (await takeover?.prepared()) ?? null;
  const inherited = takeover === undefined ? null : takeUp(takeover.sockets, config);
  const store = new Store({ path: config.stateFile, journal });
  if (carried !== null) store.hold();
  const kept = await store.load();
  const changes = carried === null ? kept : (store.adopt(carried.state) ?? kept);
  if (changes.pools.length > 0) {
    const pools = changes.pools.map(({ name }) => name).join(', ');
    const text = `changes made at run time earlier hold again, in ${pools}`;
    journal.add({ level: 'info', kind: 'state-restored', subject: '', text, origin: 'state file' });
  }
  const state = State.create(capacityFor(config));
  const roster = new Roster({ state, config, journal, changes });
  if (carried !== null) {
    roster.freeze();
    carryNames(roster, carried.names ?? []);
    carryHealth(roster, carried.health);
  }
  const supervisor = new Supervisor({
    state,
    workers: config.workers,
    plan: () => roster.plan(),
    journal,
    onFailing: (slot, code, detail) => roster.reportFailing(slot, code, detail),
    onTapped: (worker, report) => taps.take(worker, report),
    onThrow: (worker, error) => log.error({ err: error, worker }, 'a worker threw'),
    connectionCeiling: descriptors.connectionsPerWorker,
    heapMiB: shareHeap(config, journal),
    ...(inherited === null ? {} : { inherited: inherited.shares }),
    ...(options.workerUrl === undefined ? {} : { workerUrl: options.workerUrl }),
  });
  const taps: Taps = new Taps({
    workers: config.workers,
    tell: (list) => supervisor.tap(list),
    whyOut: (pool, backend) => whyOut(roster.pools, pool, backend),
    journal,
  });
  const resolver = new AddressResolver({ roster });
  const checker = new HealthChecker({ roster, onFailed: (backend) => resolver.reportFailed(backend) });
  const applied = (): Promise<void> => supervisor.applied();
  const { configFile } = options;
  const revisions = new ConfigRevisions();
  if (configFile !== undefined) {
    const { text, hash } = configFile;
    revisions.add({ text, hash, origin: 'start', kind: 'started', changes: [] });
  }
  const reloader = new Reloader({
    path: options.configFile?.path ?? null,
    first: wanted,
    firstHash: options.configFile?.hash ?? null,
    roster,
    listen: (listeners) => supervisor.listen(listeners),
    applied,
    journal,
    log,
    env,
    refusal: () => {
      if (isDraining) return 'the balancer is stopping';
      return restarter.isUnderWay || !hasBegun ? 'the balancer is being restarted' : null;
    },
    onLoaded: (loaded) => revisions.add(loaded),
  });
  const configEditor = new ConfigEditor({ path: configFile?.path ?? null, reloader, revisions, roster, env });
  const restarter = new Restarter({
    path: options.configFile?.path ?? null,
    env,
    roster,
    store,
    settled: () => reloader.settled(),
    sessions: () => admin?.carrySessions() ?? null,
    sockets: () => {
      if (supervisor.workers().some((worker) => worker.state !== 'running')) return null;
      const listeners = supervisor.sockets().map((socket) => ({ ...socket, use: 'listener' as const }));
      const { fd = null, port = 0 } = admin ?? {};
      const host = config.admin?.address.host ?? '';
      return fd === null ? listeners : [...listeners, { use: 'admin', name: 'admin', host, port, fd }];
    },
    journal,
    log,
  });
  let hasBegun = carried === null;
  const version = packageVersion();
  let isDraining = false;
  const shares = new PromisedShares(state, roster);
  const sampler = new Sampler({
    state,
    roster,
    workers: () => supervisor.workers(),
    policies: POLICIES.map(({ name }) => name),
    version,
    isDraining: () => isDraining,
    expectedShares: (poolId) => shares.of(poolId),
  });
  const routes = new RouteCounts(state, roster);
  sampler.onSecond(() => routes.tick());
  const shortages = new ShortageWatch(state, journal);
  sampler.onSecond(() => shortages.look());
  const facts = new ProcessFacts({
    version,
    configFile: configFile === undefined ? null : { path: configFile.path, isWatched: configFile.isWatched },
    stateFile: () => store.status,
    sharedBytes: state.buffer.byteLength,
    descriptors,
    shortages: () => shortages.underWay(),
    handover: () => (restarter.isHandedOver ? 'handed-over' : restarter.isUnderWay ? 'under-way' : 'none'),
    tookOverFrom: carried === null ? null : (takeover?.oldPid ?? null),
    dnsServers: () => roster.config.dns.servers,
  });
  sampler.onSecond(() => facts.tick());
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
  const openAdmin = async (): Promise<AdminServer | null> => {
    if (config.admin === null) return null;
    return startAdmin({
      config,
      roster,
      journal,
      sampler,
      routes,
      listeners: () => listenerStatuses(roster.config.listeners, supervisor.listeners(), isDraining),
      supervisor: { workers: () => supervisor.workers(), applied },
      process: facts,
      taps,
      check: (backend) => checker.check(backend),
      persist: () => store.persist(),
      reload: () => reloader.reload('admin API'),
      previewReload: () => reloader.preview(),
      loadedConfig: () => reloader.inForce,
      configEditor,
      log,
      ...(options.logTail === undefined ? {} : { logTail: options.logTail }),
      env,
      version,
      // What serves at this address is ready, whoever is asked.
      isDraining: () => isDraining && !restarter.isHandedOver,
      maxConnections: descriptors.adminConnections,
      ...(carried === null ? {} : { inherited: { fd: inherited?.admin?.fd ?? null, sessions: carried.sessions } }),
    });
  };
  let killed: Promise<void> | null = null;
  const kill = (): Promise<void> => (killed ??= supervisor.kill().then(end));
  try {
    // One that shares its socket with the old process answers when there is something to say.
    const isAdminLate = inherited !== null && inherited.admin !== null;
    sampler.start();
    checker.start();
    await resolver.start();
    // Both are waited for, so that neither is left behind where the other fails.
    const [started, opened] = await Promise.allSettled([supervisor.start(), isAdminLate ? null : openAdmin()]);
    if (opened.status === 'fulfilled') admin = opened.value;
    else throw opened.reason;
    if (started.status === 'rejected') throw started.reason;
    if (isAdminLate) admin = await openAdmin();
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
    await restarter.abort('this process was told to end');
    const { isHandedOver } = restarter;
    const timeoutMs = roster.config.shutdownTimeoutMs;
    isDraining = true;
    // The dashboards go over to the process that serves.
    const left = isHandedOver ? admin?.close(ADMIN_CLOSE_MS, isHandedOver) : null;
    journal.add({
      level: 'info',
      kind: 'draining',
      subject: '',
      text: 'stopping: no new connections',
      origin: isHandedOver ? 'restart' : 'signal',
    });
    const { cutExchanges } = await supervisor.drain(timeoutMs, isHandedOver);
    await left;
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
    restart: (launch) => restarter.restart(launch),
    begin: () => {
      if (hasBegun) return;
      hasBegun = true;
      roster.thaw();
      store.release();
      const text = `took the ports over from process ${takeover?.oldPid}; counters and charts begin anew`;
      journal.add({ level: 'good', kind: 'taken-over', subject: '', text, origin: 'restart' });
    },
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
