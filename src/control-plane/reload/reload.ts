/**
 * Reload: brings in the config file as it is now, or keeps the old config whole.
 *
 * Called on SIGHUP, by the admin API and when a watched file has changed. The file is checked
 * whole, the memory for it is there, and every worker listens on its new addresses before anything
 * is touched; on any error the old config stays and every error is told. One reload runs at a
 * time; those asked for meanwhile share the next one, which reads the file after they asked.
 */
import type { Logger } from 'pino';
import { type ConfigDiff, describeDiff, diffConfigs } from '../../config/diff.ts';
import {
  type Diagnostic,
  formatDiagnostic,
  type LoadResult,
  loadConfigFile,
  loadConfigText,
} from '../../config/load.ts';
import type { Config, ListenerConfig } from '../../config/schema.ts';
import type { PlanListener } from '../../protocol/worker.ts';
import { mergeChanges } from '../changes/runtime-changes.ts';
import type { Journal } from '../journal.ts';
import type { Roster } from '../roster/roster.ts';
import { listenProblems, withPorts } from '../workers/listen-check.ts';

export type ReloadResult = Reloaded | ReloadRefused;

export interface Reloaded {
  readonly ok: true;
  /** The plan that every worker follows now. */
  readonly revision: number;
  /** In words, one a change; none where the file has not changed. */
  readonly changes: readonly string[];
  /** Settings that have changed in the file and stay as they are until a restart. */
  readonly needsRestart: readonly string[];
  /** Changes made at run time that the file has overruled, in words. */
  readonly overruled: readonly string[];
  readonly warnings: readonly Diagnostic[];
}

export interface ReloadRefused {
  readonly ok: false;
  /**
   * There is no file, there are errors in it, this process cannot carry it out, or not at this
   * moment; or the text could not be put into the file.
   */
  readonly reason: 'no-file' | 'invalid' | 'impossible' | 'not-now' | 'not-written';
  /** In words, one an error. */
  readonly problems: readonly string[];
  /** The same with their places, for errors in the file. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The config as it was loaded: before what a running process cannot change was kept as it is. */
export interface LoadedConfig {
  /** Null where it did not come from a file. */
  readonly path: string | null;
  /** SHA-256 of its text, hexadecimal; null without a file. */
  readonly hash: string | null;
  readonly config: Config;
}

/** A text that shall be the file's and in force, or neither. */
export interface Replacement {
  readonly text: string;
  /**
   * Puts it into the file: called when nothing else can go wrong, directly before it comes into
   * force. Answers what is in the way, or null where it is done.
   */
  readonly commit: () => string | null;
  /** How the event is called that tells of it, such as `config-applied`, and how its text begins. */
  readonly kind: string;
  readonly words: string;
}

/** A text that has come into force. */
export interface LoadedText {
  readonly text: string;
  readonly hash: string;
  readonly origin: string;
  /** See `Replacement.kind`; `config-reloaded` where the file was read. */
  readonly kind: string;
  readonly changes: readonly string[];
}

export interface ReloaderOptions {
  /** Null where the config did not come from a file. */
  readonly path: string | null;
  /** What was loaded at first; left out, the config of the roster. */
  readonly first?: Config;
  /** SHA-256 of the text that is in force at first. */
  readonly firstHash: string | null;
  readonly roster: Roster;
  /** See `Supervisor.listen`. */
  readonly listen: (listeners: readonly PlanListener[]) => Promise<readonly string[]>;
  /** Resolves when every worker follows the latest plan. */
  readonly applied: () => Promise<void>;
  readonly journal: Journal;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Why nothing may be changed now, or null where it may. */
  readonly refusal?: () => string | null;
  readonly onLoaded?: (loaded: LoadedText) => void;
}

/** A file that can be carried out, as far as can be told without touching anything. */
interface Checked {
  readonly ok: true;
  readonly config: Config;
  readonly loaded: Config;
  readonly text: string;
  readonly diff: ConfigDiff;
  readonly overruled: readonly string[];
  readonly warnings: readonly Diagnostic[];
}

export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<ReloadResult> | null = null;
  #next: Promise<ReloadResult> | null = null;
  #lastHash: string | null;
  #inForce: LoadedConfig;

  constructor(options: ReloaderOptions) {
    const { path, firstHash, roster } = options;
    this.#options = options;
    this.#lastHash = firstHash;
    this.#inForce = { path, hash: firstHash, config: options.first ?? roster.config };
  }

  /** What was loaded last and is followed now. */
  get inForce(): LoadedConfig {
    return this.#inForce;
  }

  /** SHA-256 of the text that was read last, whatever became of it; null where there was none. */
  get lastHash(): string | null {
    return this.#lastHash;
  }

  /** False while every reload is refused, whatever the file says. */
  get mayReload(): boolean {
    return this.#options.path !== null && (this.#options.refusal?.() ?? null) === null;
  }

  /** `origin`: who asks, such as `signal`. Rejects only for a bug. */
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

  /**
   * Brings in a text and puts it into the file, both or neither. After the reload that is under
   * way, and never as one with another.
   */
  async replace(origin: string, replacement: Replacement): Promise<ReloadResult> {
    // Another one may have begun by the time that this one goes on.
    while (this.#running !== null) await this.settled();
    this.#running = this.#reload(origin, replacement).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    while (this.#running !== null) await this.#running.catch(() => {});
  }

  /** What a reload would come to now, or of this text in place of the file's; nothing is changed and nothing is told. */
  async preview(text?: string): Promise<ReloadResult> {
    const checked = await this.#check(this.#read(text));
    return checked.ok ? this.#outcome(checked) : checked;
  }

  async #reload(origin: string, replacement?: Replacement): Promise<ReloadResult> {
    const { roster, applied } = this.#options;
    const loaded = this.#read(replacement?.text);
    const checked = await this.#check(loaded);
    const hash = loaded?.sourceHash ?? null;
    if (replacement === undefined && (checked.ok || checked.reason !== 'not-now')) this.#lastHash = hash;
    if (!checked.ok) return this.#refuse(origin, checked);
    const { config, warnings } = checked;

    const before = roster.config.listeners;
    const problems = await this.#open(config.listeners, before);
    // Asked once more, as time has passed; and nothing can come between this answer and the deed.
    const refusal = this.#options.refusal?.() ?? null;
    if (refusal !== null) problems.push(refusal);
    const shortage = roster.shortageFor(config);
    if (shortage !== null) problems.push(`${shortage}; a restart makes more`);
    if (problems.length > 0) {
      await this.#options.listen(before.map(toPlanListener));
      return this.#refuse(origin, impossible(problems));
    }

    const unwritten = replacement?.commit() ?? null;
    if (unwritten !== null) {
      await this.#options.listen(before.map(toPlanListener));
      return this.#refuse(origin, { ok: false, reason: 'not-written', problems: [unwritten], diagnostics: [] });
    }
    this.#lastHash = hash;

    roster.apply(config);
    this.#inForce = { path: this.#options.path, hash, config: checked.loaded };
    const outcome = this.#outcome(checked);
    if (hash !== null) {
      const { kind = 'config-reloaded' } = replacement ?? {};
      this.#options.onLoaded?.({ text: checked.text, hash, origin, kind, changes: outcome.changes });
    }
    await applied();
    for (const warning of warnings) this.#options.log.warn({ code: warning.code }, formatDiagnostic(warning));
    const told = { ...outcome, revision: roster.revision };
    this.#tellSuccess(origin, told, replacement);
    return told;
  }

  #read(text?: string): LoadResult | null {
    const { path, env } = this.#options;
    if (path === null) return null;
    return text === undefined ? loadConfigFile(path, env) : loadConfigText(text, path, env);
  }

  async #check(loaded: LoadResult | null): Promise<Checked | ReloadRefused> {
    const { roster } = this.#options;
    if (loaded === null) {
      const problem = 'the config did not come from a file: there is nothing to reload';
      return { ok: false, reason: 'no-file', problems: [problem], diagnostics: [] };
    }
    const refusal = this.#options.refusal?.() ?? null;
    if (refusal !== null) return { ok: false, reason: 'not-now', problems: [refusal], diagnostics: [] };
    if (!loaded.ok) {
      const { diagnostics } = loaded;
      return { ok: false, reason: 'invalid', problems: diagnostics.map(formatDiagnostic), diagnostics };
    }
    const before = roster.config;
    const listeners = await withPorts(loaded.config.listeners, before.listeners);
    const wanted: Config = { ...loaded.config, listeners };
    // What only a restart can bring in stays as it is in the running process.
    const { workers, workerHeapBytes, admin, stateFile } = before;
    const config: Config = Object.freeze({ ...wanted, workers, workerHeapBytes, admin, stateFile });
    const problems = await listenProblems(listeners, before.listeners);
    const shortage = roster.shortageFor(config);
    if (shortage !== null) problems.push(`${shortage}; a restart makes more`);
    if (problems.length > 0) return impossible(problems);
    const { text, warnings } = loaded;
    const { overruled } = mergeChanges(config, roster.changes, roster.knownAddresses);
    return {
      ok: true,
      config,
      loaded: loaded.config,
      text,
      diff: diffConfigs(before, wanted),
      overruled: overruled.map(({ subject, text: why }) => `${subject}: ${why}`),
      warnings,
    };
  }

  /** Lets every worker listen on the new addresses beside the old ones; answers what is in the way. */
  async #open(wanted: readonly ListenerConfig[], before: readonly ListenerConfig[]): Promise<string[]> {
    const known = new Set(before.map(({ address }) => `${address.host} ${address.port}`));
    const fresh = wanted.filter(({ address }) => !known.has(`${address.host} ${address.port}`));
    if (fresh.length === 0) return [];
    return [...(await this.#options.listen([...before, ...fresh].map(toPlanListener)))];
  }

  #outcome({ diff, overruled, warnings }: Checked): Reloaded {
    return {
      ok: true,
      revision: this.#options.roster.revision,
      changes: describeDiff(diff),
      needsRestart: diff.needsRestart.map(({ setting }) => setting),
      overruled,
      warnings,
    };
  }

  #tellSuccess(origin: string, { changes, needsRestart }: Reloaded, replacement?: Replacement): void {
    const { kind = 'config-reloaded', words = this.#options.path } = replacement ?? {};
    const text = changes.length === 0 ? 'nothing has changed' : changes.join('; ');
    this.#tell('good', kind, `${words}: ${text}`, origin);
    if (needsRestart.length === 0) return;
    const restart = `${needsRestart.join(', ')}: changed in the file, but only a restart brings it in`;
    this.#tell('warning', 'restart-needed', restart, origin);
  }

  #refuse(origin: string, refused: ReloadRefused): ReloadRefused {
    const { problems } = refused;
    for (const problem of problems) this.#options.log.error(problem);
    const [first = ''] = problems;
    const head = first.split('\n')[0] ?? '';
    const text = problems.length === 1 ? head : `${problems.length} problems, the first: ${head}`;
    this.#tell('bad', 'reload-refused', `the old config stays: ${text}`, origin);
    return refused;
  }

  #tell(level: 'good' | 'warning' | 'bad', kind: string, text: string, origin: string): void {
    this.#options.journal.add({ level, kind, subject: '', text, origin });
  }
}

function impossible(problems: readonly string[]): ReloadRefused {
  return { ok: false, reason: 'impossible', problems, diagnostics: [] };
}

const toPlanListener = ({ name, address }: ListenerConfig): PlanListener => ({ name, ...address });
