/**
 * What the admin side needs of the rest of the control plane, and nothing more. The balancer
 * passes its own parts in.
 */
import type { Logger } from 'pino';
import type { Config } from '../../config/schema.ts';
import type { CheckRecord, ListenerStatus, WorkerStatus } from '../../protocol/admin-api.ts';
import type { CarriedSessions } from '../../protocol/handover.ts';
import type { Journal } from '../journal.ts';
import type { LogTail } from '../log-tail.ts';
import type { ProcessFacts } from '../metrics/process-facts.ts';
import type { RouteCounts } from '../metrics/route-counts.ts';
import type { Sampler } from '../metrics/sampler.ts';
import type { ConfigEditor } from '../reload/config-editor.ts';
import type { LoadedConfig, ReloadResult } from '../reload/reload.ts';
import type { Roster } from '../roster/roster.ts';
import type { RosterBackend } from '../roster/roster-model.ts';
import type { TapSource } from './topics/source.ts';

export interface AdminDeps {
  /** `config.admin` must be set. */
  readonly config: Config;
  readonly roster: Roster;
  readonly journal: Journal;
  readonly sampler: Sampler;
  readonly routes: RouteCounts;
  readonly process: Pick<ProcessFacts, 'status' | 'controlPlane' | 'gcSeconds'>;
  /** Where clients are accepted now. */
  readonly listeners: () => readonly ListenerStatus[];
  readonly taps: TapSource;
  readonly supervisor: {
    workers(): readonly WorkerStatus[];
    /** Resolves when every live worker follows the latest plan. */
    applied(): Promise<void>;
  };
  /** Checks a backend now; resolves with null where no check could be made. */
  readonly check: (backend: RosterBackend) => Promise<CheckRecord | null>;
  /** Resolves with null when the changes made so far are on disk, or else with the reason why not. */
  readonly persist: () => Promise<string | null>;
  readonly reload: () => Promise<ReloadResult>;
  /** What a reload would come to. */
  readonly previewReload: () => Promise<ReloadResult>;
  /** What was loaded last and is followed now. */
  readonly loadedConfig: () => LoadedConfig;
  readonly configEditor: ConfigEditor;
  readonly log: Logger;
  /** The last lines of it, for the support bundle. */
  readonly logTail?: LogTail;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly isDraining: () => boolean;
  /** What an old process has left: its listening socket, where it is at this address, and its sessions. */
  readonly inherited?: { readonly fd: number | null; readonly sessions: CarriedSessions | null };
  /** Open connections, live channels included; one more is closed at once. */
  readonly maxConnections?: number;
  /** The built dashboard; left out, the one of this package. */
  readonly dashboardDir?: string;
  /** Milliseconds since some fixed moment, for sessions and limits; left out, the system's. */
  readonly monotonicMs?: () => number;
}
