/**
 * Reload: brings in the config file as it is now, or keeps the old config whole.
 *
 * Called on SIGHUP and by the admin API. The file is checked whole, with its new listeners, before
 * anything is touched; on any error the old config stays and every error is told. One reload runs
 * at a time; those asked for meanwhile share the next one, which reads the file after they asked.
 */
import type { Logger } from 'pino';
import { describeDiff, diffConfigs } from '../config/diff.ts';
import { type Diagnostic, formatDiagnostic, loadConfigFile } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Journal } from './journal.ts';
import { listenProblems, withPorts } from './listen-check.ts';
import type { Roster } from './roster.ts';

export type ReloadResult =
  | {
      readonly ok: true;
      /** The plan that every worker follows now. */
      readonly revision: number;
      /** In words, one a change; none where the file has not changed. */
      readonly changes: readonly string[];
      readonly warnings: readonly Diagnostic[];
    }
  | {
      readonly ok: false;
      /** In words, one an error. */
      readonly problems: readonly string[];
      /** The same with their places, for errors in the file. */
      readonly diagnostics: readonly Diagnostic[];
    };

export interface ReloaderOptions {
  /** Null where the config did not come from a file. */
  readonly path: string | null;
  readonly roster: Roster;
  /** Resolves when every worker follows the latest plan. */
  readonly applied: () => Promise<void>;
  readonly journal: Journal;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<ReloadResult> | null = null;
  #next: Promise<ReloadResult> | null = null;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** `origin`: who asks, `signal` or `admin API`. Rejects only for a bug. */
  reload(origin: string): Promise<ReloadResult> {
    if (this.#running === null) {
      this.#running = this.#reload(origin).finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.reload(origin);
      });
    return this.#next;
  }

  async #reload(origin: string): Promise<ReloadResult> {
    const { path, roster, env } = this.#options;
    if (path === null) return this.#refuse(origin, ['the config did not come from a file: there is nothing to reload']);
    const loaded = loadConfigFile(path, env);
    if (!loaded.ok) return this.#refuse(origin, loaded.diagnostics.map(formatDiagnostic), loaded.diagnostics);

    const before = roster.config;
    const listeners = await withPorts(loaded.config.listeners, before.listeners);
    const wanted: Config = { ...loaded.config, listeners };
    const diff = diffConfigs(before, wanted);
    // What only a restart can bring in stays as it is in the running process.
    const { workers, admin, stateFile } = before;
    const config: Config = Object.freeze({ ...wanted, workers, admin, stateFile });
    const problems = await listenProblems(config.listeners, before.listeners);
    const shortage = roster.shortageFor(config);
    if (shortage !== null) problems.push(`${shortage}; a restart makes more`);
    if (problems.length > 0) return this.#refuse(origin, problems);

    roster.apply(config);
    await this.#options.applied();
    const { revision } = roster;
    const changes = describeDiff(diff);
    this.#tellSuccess(origin, path, changes, loaded.warnings);
    if (diff.needsRestart.length > 0) {
      const settings = diff.needsRestart.map(({ setting }) => setting).join(', ');
      this.#tell(
        'warning',
        'restart-needed',
        `${settings}: changed in the file, but only a restart brings it in`,
        origin,
      );
    }
    return { ok: true, revision, changes, warnings: loaded.warnings };
  }

  #tellSuccess(origin: string, path: string, changes: readonly string[], warnings: readonly Diagnostic[]): void {
    for (const warning of warnings) this.#options.log.warn({ code: warning.code }, formatDiagnostic(warning));
    const text = changes.length === 0 ? 'nothing has changed' : changes.join('; ');
    this.#tell('good', 'config-reloaded', `${path}: ${text}`, origin);
  }

  #refuse(origin: string, problems: readonly string[], diagnostics: readonly Diagnostic[] = []): ReloadResult {
    for (const problem of problems) this.#options.log.error(problem);
    const [first = ''] = problems;
    const head = first.split('\n')[0] ?? '';
    const text = problems.length === 1 ? head : `${problems.length} problems, the first: ${head}`;
    this.#tell('bad', 'reload-refused', `the old config stays: ${text}`, origin);
    return { ok: false, problems, diagnostics };
  }

  #tell(level: 'good' | 'warning' | 'bad', kind: string, text: string, origin: string): void {
    this.#options.journal.add({ level, kind, subject: '', text, origin });
  }
}
