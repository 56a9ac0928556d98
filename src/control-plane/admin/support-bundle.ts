/**
 * The support bundle: what somebody needs to know who looks at this balancer from afar, as one
 * document. Made by `system-routes.ts` when it is asked for; nothing is sent anywhere.
 *
 * It must never hold a secret: the config comes from the tree that hides them, of the environment
 * only the names of variables are taken, and `hideSecrets` has the last look at everything.
 */
import os from 'node:os';
import { diffConfigs } from '../../config/diff.ts';
import type { ProcessFields } from '../../protocol/process.ts';
import { totalsAnswer } from '../history/answers.ts';
import { writeMetrics } from '../metrics/metrics.ts';
import { driftOf } from '../reload/drift.ts';
import { effectiveConfig } from '../reload/effective-config.ts';
import { hideSecrets, secretsOf } from '../reload/hide-secrets.ts';
import type { AdminDeps } from './deps.ts';

/** Raised when a reader of the old shape would be misled. */
const FORMAT = 1;
const EVENTS = 1_000;
const MINUTE_SECONDS = 60;
const HISTORY_SECONDS = { minutes: 15 * MINUTE_SECONDS, hours: 6 * 60 * MINUTE_SECONDS } as const;
/** Of Ballast and of its runtime; what they are set to may be a secret. */
const OWN_VARIABLE = /^(BALLAST_|NODE_|UV_|PROXY_PORT$|DASHBOARD_PORT$|BACKEND_SERVERS$|SERVER_)/;

export interface Bundle {
  readonly fileName: string;
  /** Plain data, without secrets. */
  readonly content: unknown;
}

export function supportBundle(deps: AdminDeps, process: ProcessFields, nowMs: number): Bundle {
  const { roster, sampler, journal, env, config } = deps;
  const at = new Date(nowMs).toISOString();
  const loaded = deps.loadedConfig();
  const content = {
    about: { what: 'ballast support bundle', format: FORMAT, at, version: process.version, node: process.node },
    process,
    environment: environmentFacts(env),
    config: {
      file: loaded.path === null ? null : { path: loaded.path, hash: loaded.hash },
      settings: effectiveConfig(loaded.config, roster.changes),
      needsRestart: diffConfigs(roster.config, loaded.config).needsRestart.map(({ setting }) => setting),
      drift: driftOf(loaded, roster.changes),
    },
    status: sampler.status(),
    routes: deps.routes.status(),
    events: journal.latest(EVENTS),
    log: deps.logTail?.lines ?? [],
    history: pastOf(deps),
    metrics: writeMetrics(deps).split('\n'),
  };
  const secrets = secretsOf(config.admin?.token ?? null, env);
  return { fileName: fileNameOf(process.node, at), content: hideSecrets(content, secrets) };
}

/** Figures over all pools: the last minutes by the second, and the last hours. */
function pastOf({ sampler: { history } }: AdminDeps): object {
  const { second } = history;
  if (!Number.isFinite(second)) return {};
  const last = (seconds: number): object =>
    totalsAnswer(history, {
      topic: 'totals',
      span: { fromSeconds: second - seconds + 1, toSeconds: second },
      hasBands: false,
    });
  return { minutes: last(HISTORY_SECONDS.minutes), hours: last(HISTORY_SECONDS.hours) };
}

function environmentFacts(env: AdminDeps['env']): object {
  const cpus = os.cpus();
  return {
    system: `${os.type()} ${os.release()} ${os.machine()}`,
    systemVersion: os.version(),
    systemUptimeSeconds: Math.round(os.uptime()),
    processors: { count: cpus.length, model: cpus[0]?.model ?? null },
    loadAverages: os.loadavg(),
    memory: { totalBytes: os.totalmem(), freeBytes: os.freemem() },
    runtime: process.versions,
    runtimeFlags: process.execArgv.map((flag) => flag.split('=', 1)[0]),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    variablesSet: Object.keys(env).filter((name) => OWN_VARIABLE.test(name) && (env[name] ?? '') !== ''),
  };
}

/** `ballast-edge-1-2026-11-23T14-02-11Z.json`: a name that every file system takes. */
function fileNameOf(node: string, at: string): string {
  const plain = node.replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 64);
  return `ballast-${plain}-${at.replace(/\.\d+Z$/, 'Z').replaceAll(':', '-')}.json`;
}
