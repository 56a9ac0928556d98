/**
 * What the admin API answers and takes, as JSON. The public face: names and shapes are fixed.
 */
import type { LiveEvent } from './dashboard.ts';

/** A backend's state, worst cause first decided: see `control-plane/roster/roster.ts`. */
export type BackendState = 'up' | 'down' | 'unknown' | 'ejected' | 'draining' | 'maintenance' | 'unresolved';

/** What the operator wants of a backend. */
export type AdminMode = 'ready' | 'drain' | 'maintenance';

/** Latency percentiles over the last 10 s in milliseconds; null where nothing was measured. */
export interface LatencyMs {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export interface BackendStatus {
  readonly name: string;
  readonly url: string;
  /** IP addresses that its host stands for, the one in use first; empty where the name does not resolve. */
  readonly addresses: readonly string[];
  readonly state: BackendState;
  /** Why it is in this state, in words: `ECONNREFUSED 127.0.0.1:8082`, `status 503`. */
  readonly reason: string;
  /** When the state began, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly mode: AdminMode;
  readonly weight: number;
  readonly maxConnections: number;
  /** Serves only while no other backend of the pool can. */
  readonly isBackup: boolean;
  /** Percentage of its share that it may have: less than 100 in its slow start. */
  readonly rampPercent: number;
  /** When its ejection ends, milliseconds since the epoch; null while it is not ejected. */
  readonly ejectedUntilMs: number | null;
  /** When what it has in flight is cut, milliseconds since the epoch; null where it is not leaving, or has no limit. */
  readonly cutAtMs: number | null;
  /** What it had in flight when it began to leave; null while it is not leaving. */
  readonly inFlightAtLeave: number | null;
  /** Attempts begun and not finished. */
  readonly inFlight: number;
  /** Open connections from the balancer, in use or idle. */
  readonly connections: number;
  /** Of those, idle ones. */
  readonly idleConnections: number;
  /** Attempts finished since the start. */
  readonly requests: number;
  /** Of those, failed ones. */
  readonly failures: number;
  readonly failuresByCode: Readonly<Record<string, number>>;
  /** Answers received by status class: `2xx` … */
  readonly statuses: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Attempts finished a second, over the last 10 s. */
  readonly rps: number;
  /** Of the pool's attempts, 0..1: what its policy promises it; null where the policy follows load, or nobody serves. */
  readonly expectedShare: number | null;
  /** Of the pool's attempts of the last 10 s, 0..1; null where there were none. */
  readonly actualShare: number | null;
  readonly latencyMs: LatencyMs;
  /** The last health check; null before the first one. */
  readonly lastCheck: CheckResult | null;
  /** When the next check is due, milliseconds since the epoch; null where none is. */
  readonly nextCheckMs: number | null;
  /** True while a removed backend finishes its requests. */
  readonly isRemoved: boolean;
}

export interface CheckResult {
  readonly atMs: number;
  readonly isPass: boolean;
  readonly detail: string;
  readonly durationMs: number;
}

/** What is known of a check beyond its result; null where it did not come so far. */
export interface CheckDetails {
  /** Until the connection stood. Names are looked up apart from checks, so this has no part in it. */
  readonly connectMs: number | null;
  /** From then until the head of the answer was there. */
  readonly firstByteMs: number | null;
  /** The beginning of the body of a failed check, at most 200 characters. */
  readonly body: string | null;
}

/** One of `GET /api/v1/pools/:pool/backends/:backend/checks`. */
export interface CheckRecord extends CheckResult, CheckDetails {}

/** When a backend came into a state, and why. */
export interface StateChange {
  readonly atMs: number;
  readonly state: BackendState;
  readonly reason: string;
}

export interface PoolStatus {
  readonly name: string;
  readonly policy: string;
  /** Every policy that can be chosen. */
  readonly policies: readonly string[];
  readonly backends: readonly BackendStatus[];
  /** Exchanges finished since the start. */
  readonly requests: number;
  /** Of those, ended by a failure of Ballast's own naming. */
  readonly failures: number;
  readonly failuresByCode: Readonly<Record<string, number>>;
  readonly statuses: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>;
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Attempts that were not made because the retry budget was used up. */
  readonly retriesDenied: number;
  /** Requests that wait for a place on a backend now. */
  readonly queued: number;
  /** Exchanges that have waited for a place since the start. */
  readonly queuedTotal: number;
  /** Too few backends are available, so that health and ejection are ignored. */
  readonly isPanic: boolean;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly rps: number;
  readonly latencyMs: LatencyMs;
}

/** `GET /api/v1/pools/:pool/shares?policy=NAME`: what would come of a policy in the present conditions. */
export interface SharePreview {
  readonly pool: string;
  readonly policy: string;
  readonly backends: readonly {
    readonly name: string;
    /** Of the attempts of the last 10 s, 0..1; null where there were none. */
    readonly actual: number | null;
    /** Under the policy, 0..1; null where nobody serves. */
    readonly expected: number | null;
  }[];
}

export interface WorkerStatus {
  readonly worker: number;
  /** `blocked`: it runs, but its event loop has stood still for seconds. */
  readonly state: 'starting' | 'running' | 'blocked' | 'draining' | 'dead';
  readonly startedAtMs: number;
  /** Times that this slot's thread was replaced. */
  readonly restarts: number;
  /** Its threads die again and again. */
  readonly isCrashLoop: boolean;
  /** Why the thread before this one ended, and how many exchanges ended with it; null where there was none. */
  readonly lastDeath: { readonly atMs: number; readonly cause: string; readonly exchanges: number } | null;
  /** When a new thread takes the place of one that has died, milliseconds since the epoch; null where none is due. */
  readonly restartAtMs: number | null;
  /** When it was last seen that its event loop turns, milliseconds since the epoch; null before that. */
  readonly lastBeatMs: number | null;
  readonly clientConnections: number;
  /** The most client connections that it takes, by `limits.connections` and its share of the descriptors; null is no limit. */
  readonly connectionLimit: number | null;
  /** Open connections to backends, in use or idle. */
  readonly upstreamConnections: number;
  readonly exchanges: number;
  /** Processor time of its thread in the last second as a share of one core, 0..1. */
  readonly cpuShare: number;
  /** Share of the last second that its event loop was not waiting, 0..1. */
  readonly loopBusy: number;
  /** How late the event loop was in the last second, at most and in its 99th percentile. */
  readonly loopDelayMs: number;
  readonly loopDelayP99Ms: number;
  /** JavaScript heap in use, and the most that it may have. */
  readonly heapBytes: number;
  readonly heapLimitBytes: number;
  /** Share of the last second that its thread stood still for collecting garbage, 0..1. */
  readonly gcShare: number;
  /** What its connections are made of: Node's TCP handles, or its plain sockets; null before that is known. */
  readonly sockets: 'handles' | 'plain' | null;
}

/** `GET /api/v1/status` */
export interface Status {
  readonly revision: number;
  readonly uptimeMs: number;
  readonly version: string;
  readonly isDraining: boolean;
  readonly workers: readonly WorkerStatus[];
  readonly pools: readonly PoolStatus[];
  /** Requests that never reached a pool, by failure code. */
  readonly failuresWithoutPool: Readonly<Record<string, number>>;
}

/** One of `GET /api/v1/routes`, in the order in which they are asked. */
export interface RouteStatus {
  /** 1 is asked first. */
  readonly number: number;
  /** Null matches every host. */
  readonly host: string | null;
  /** Null matches every path. */
  readonly path: string | null;
  readonly pool: string;
  /** Requests taken since the start. */
  readonly requests: number;
  /** The same a second, over the last 10 s. */
  readonly rps: number;
  /** The number of an earlier route that takes all that this one would, so that it never matches; else null. */
  readonly coveredBy: number | null;
}

/** One of `GET /api/v1/listeners`. All routes hold for each of them. */
export interface ListenerStatus {
  readonly name: string;
  readonly address: string;
  /** `partly`: not every worker accepts there. `closed`: the balancer is stopping. */
  readonly state: 'listening' | 'partly' | 'failed' | 'starting' | 'closed';
  /** Why it is not `listening`, in words; else empty. */
  readonly reason: string;
  readonly acceptingWorkers: number;
  readonly workers: number;
  /** Connections that came in there and are open, as of the last second. */
  readonly clientConnections: number;
}

/** Body of `POST /api/v1/explain`: a `url`, or what it is made of. */
export interface ExplainQuestion {
  /** `GET` where it is left out. */
  readonly method?: string;
  readonly url?: string;
  readonly host?: string;
  /** With its query, as it would be sent. */
  readonly path?: string;
  /** `Host` among them stands for that of the URL, as with `curl -H`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A route as the config has it. */
export interface TakingRoute {
  /** 1 is asked first. */
  readonly number: number;
  readonly host: string | null;
  readonly path: string | null;
  readonly pool: string;
  readonly reason: string;
}

/** A route that did not take the request; `reason` says why, in words. */
export type LostRoute = TakingRoute;

export interface ExplainedBackend {
  readonly name: string;
  readonly url: string;
  readonly state: BackendState;
  readonly isBackup: boolean;
  readonly weight: number;
  /** Whether the policy would choose among it and others. */
  readonly isCandidate: boolean;
  /** Why not, in words: `down: ECONNREFUSED 10.0.0.1:80`; of a candidate, what is special about it, or empty. */
  readonly reason: string;
  /** Of the pool's requests under the present load, 0..1; null where the policy cannot tell. */
  readonly share: number | null;
}

export interface ExplainedPool {
  readonly name: string;
  readonly policy: string;
  readonly isPanic: boolean;
  readonly backends: readonly ExplainedBackend[];
}

/** `POST /api/v1/explain`: what would become of a request now. Nothing is sent anywhere. */
export interface Explanation {
  readonly request: { readonly method: string; readonly host: string; readonly path: string };
  /** `queued`: every backend is full, and it would wait for a place. */
  readonly outcome: 'forwarded' | 'queued' | 'refused';
  /** What the client would be answered; null where it is not refused. */
  readonly failure: { readonly code: string; readonly status: number; readonly text: string } | null;
  /** Null where no route takes it. */
  readonly route: TakingRoute | null;
  /** The routes before it, at most a hundred. */
  readonly lost: readonly LostRoute[];
  /** How many more have lost. */
  readonly moreLost: number;
  readonly pool: ExplainedPool | null;
}

/** `GET /api/v1/pools/:pool/backends/:backend/explain`: why it gets what it gets. */
export interface BackendExplanation {
  readonly pool: string;
  readonly backend: string;
  readonly state: BackendState;
  /** Whether the next request of the pool could go to it. */
  readonly isCandidate: boolean;
  /** Of the pool's requests under the present load, 0..1; null where the policy cannot tell. */
  readonly share: number | null;
  /** Sentences, the strongest cause first. */
  readonly why: readonly string[];
  /** What has to happen for that to change, in sentences; none where it has its whole share. */
  readonly next: readonly string[];
  /** What led here, oldest first: the latest about it, and about its pool what touches it. */
  readonly events: readonly LiveEvent[];
}

/** A change made at run time that the config file does not say. */
export interface DriftEntry {
  readonly pool: string;
  /** Null for a setting of the pool. */
  readonly backend: string | null;
  readonly setting: 'policy' | 'weight' | 'mode' | 'added' | 'removed';
  /** What the file has; null for a backend that it does not have. */
  readonly file: unknown;
  /** What holds; null for a backend that was removed. */
  readonly now: unknown;
  /** Where the file says it; null where it does not. */
  readonly line: number | null;
  /** YAML that would make the file say so; null where it cannot be said in a file. */
  readonly patch: string | null;
  /** Why Ballast cannot write it into the file itself; null where it can try. */
  readonly writeProblem: string | null;
  /** When the change was made, and by whom; null where the journal no longer knows. */
  readonly made: { readonly atMs: number; readonly origin: string; readonly eventId: number } | null;
}

/** `GET /api/v1/config` */
export interface EffectiveConfig {
  /** Null where the config did not come from a file. */
  readonly file: {
    readonly path: string;
    /** SHA-256 of the text in force, hexadecimal. */
    readonly hash: string;
    /** Whether the file has another text now. */
    readonly isChanged: boolean;
    /** Why it cannot be read now; null where it can. */
    readonly problem: string | null;
  } | null;
  /** Settings by the keys of the file: see `config/effective.ts`. Null where their origins are not known. */
  readonly settings: unknown;
  /** Settings that have changed in the file and stay as they are until a restart. */
  readonly needsRestart: readonly string[];
  readonly drift: readonly DriftEntry[];
}

/** `POST /api/v1/config/check`: what is wrong with a text, and what it would change. */
export interface ConfigCheck {
  readonly ok: boolean;
  /** At most a hundred, in the order of the text, as `ballast check --json` has them. */
  readonly diagnostics: readonly object[];
  readonly moreDiagnostics: number;
  /** Against what was loaded last, in words, one a change; null where there are errors. */
  readonly changes: readonly string[] | null;
  /** Changes made at run time that the file would overrule, in words. */
  readonly overruled: readonly string[];
}

/** `GET /api/v1/config/file`: the config file as it is on disk. */
export interface ConfigFileText {
  readonly path: string;
  /** SHA-256 of the text on disk, hexadecimal; null where it cannot be read. */
  readonly hash: string | null;
  /** With a stand-in such as `<hidden:3f9a2c1b77d0>` for each secret; null where it cannot be read. */
  readonly text: string | null;
  /** Whether it is another text than the one in force. */
  readonly isChanged: boolean;
  /** Why it cannot be read; null where it can. */
  readonly problem: string | null;
  /** Why it cannot be replaced; null where it can, as far as that can be told without trying. */
  readonly writeProblem: string | null;
}

/** The answer to what changes the config file and what runs in one step. */
export interface ConfigApplied {
  readonly revision: number;
  /** SHA-256 of the text that the file has now, hexadecimal; with `?dryRun=1`, would have. */
  readonly hash: string;
  /** In words, one a change. */
  readonly changes: readonly string[];
  readonly needsRestart: readonly string[];
  /** Changes made at run time that the file has overruled, in words. */
  readonly overruled: readonly string[];
  readonly warnings: readonly object[];
  readonly dryRun: boolean;
}

/** A config that was in force, without its text. */
export interface ConfigRevisionRow {
  /** From 1, counted from the start of the process. */
  readonly id: number;
  readonly atMs: number;
  readonly origin: string;
  /** How it came: `started`, `config-reloaded`, `config-applied`, `config-rolled-back` or `change-written`. */
  readonly kind: string;
  readonly hash: string;
  /** What it changed, in words. */
  readonly changes: readonly string[];
  readonly isInForce: boolean;
}

/** `GET /api/v1/config/revisions/:id`: secrets are as in `ConfigFileText`. */
export interface ConfigRevisionText extends ConfigRevisionRow {
  readonly text: string;
}

/** Body of `PATCH /api/v1/pools/:pool` */
export interface PoolPatch {
  readonly policy?: string;
}

/** Body of `PATCH /api/v1/pools/:pool/backends/:backend` */
export interface BackendPatch {
  readonly weight?: number;
  readonly mode?: AdminMode;
}

/** Body of `PATCH /api/v1/pools/:pool/backends`: the same for each of these. */
export interface BackendsPatch extends BackendPatch {
  readonly backends: readonly string[];
}

/** A backend that a change of several was not made on, and why. */
export interface RefusedChange {
  readonly backend: string;
  readonly code: string;
  readonly detail: string;
}

/** The answer to it: each is changed or refused. */
export interface BackendsChanged extends Persistence {
  readonly changed: readonly string[];
  readonly refused: readonly RefusedChange[];
}

/** Body of `POST /api/v1/pools/:pool/backends` */
export interface BackendAddition {
  readonly url: string;
  readonly name?: string;
  readonly weight?: number;
}

/** The answer of `POST /api/v1/pools/:pool/backends/:backend/cut`. */
export interface CutAnswer {
  /** Attempts that were in flight, and are ended; with `?dryRun=1`, that would be. */
  readonly cut: number;
  readonly dryRun?: true;
}

/** The answer of `POST /api/v1/pools/:pool/backends/:backend/check`. */
export interface CheckAnswer {
  /** Null where the check takes longer than the answer can wait (202), or could not be made (200). */
  readonly check: CheckRecord | null;
  readonly dryRun?: true;
}

/** What the answer to every change holds beside the pool or backend as it is now. */
export interface Persistence {
  /** Whether the change will survive a restart. */
  readonly persisted: boolean;
  /** Why not. */
  readonly warning?: string;
}

/** The answer to a change of pools or backends with `?dryRun=1`: nothing has happened. */
export interface DryRun {
  readonly dryRun: true;
  /** In words, one a change; none where all is so already. */
  readonly changes: readonly string[];
  /** What follows for requests, in words. */
  readonly consequences: readonly string[];
  /** Requests in flight now on backends that would get no new ones. */
  readonly inFlight: number;
  /** Backends of the pool that may be given requests, now and with the change. */
  readonly available: { readonly before: number; readonly after: number };
  /** What would be changed or removed, as it is now: with it the change can be taken back. */
  readonly former: { readonly policy: string | null; readonly backends: readonly FormerBackend[] };
  /** Of a change of several backends: those that it cannot be made on. */
  readonly refused?: readonly RefusedChange[];
}

export interface FormerBackend {
  readonly name: string;
  readonly url: string;
  readonly weight: number;
  readonly mode: AdminMode;
}

/** An error answer, RFC 9457, as `application/problem+json`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable code, such as `pool-not-found`. */
  readonly code: string;
}
