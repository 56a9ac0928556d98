/**
 * Changes the config file on behalf of people, and what runs with it: a text applied, an earlier
 * one brought back, a change made at run time written down. Called by the admin API.
 *
 * Both happen or neither. A text from outside is checked in a process of its own first, so that it
 * can neither cost this thread its time nor show what it must not (see `check-text.ts`); then it
 * lies beside the file, synced; the reload looks at it and opens its ports; and the rename is the
 * last step before it is in force. A file that somebody else has written meanwhile is left alone.
 */
import { diffConfigs } from '../../config/diff.ts';
import type { Environment } from '../../config/interpolate.ts';
import { hashOf, loadConfigText } from '../../config/load.ts';
import { setInText } from '../../config/set-in-text.ts';
import type { ConfigCheck, DriftEntry } from '../../protocol/admin-api.ts';
import { mergeChanges } from '../changes/runtime-changes.ts';
import type { Roster } from '../roster/roster.ts';
import { checkText } from './check-text.ts';
import { hashOnDisk, readOnDisk, stageConfig, writeProblemOf } from './config-file.ts';
import type { ConfigRevision, ConfigRevisions } from './config-revisions.ts';
import { settingPathOf } from './drift.ts';
import { type EditRefused, refused, refusedReload } from './edit-outcome.ts';
import { HiddenSecrets } from './hidden-secrets.ts';
import type { Reloaded, Reloader } from './reload.ts';

export interface ConfigEditorOptions {
  /** Null where the config did not come from a file. */
  readonly path: string | null;
  readonly reloader: Pick<Reloader, 'inForce' | 'preview' | 'replace'>;
  readonly revisions: ConfigRevisions;
  readonly roster: Roster;
  readonly env: Environment;
}

/** The file as it is on disk, with its secrets hidden. */
export interface FileOnDisk {
  readonly path: string;
  readonly hash: string | null;
  readonly text: string | null;
  readonly problem: string | null;
  readonly writeProblem: string | null;
}

export interface Edited {
  readonly ok: true;
  readonly hash: string;
  readonly result: Reloaded;
}

export type EditOutcome = Edited | EditRefused;

/** What is to be done with a text. */
interface Task {
  readonly path: string;
  readonly text: string;
  /** That of the text which it shall replace; null where there is none. */
  readonly before: string | null;
  readonly origin: string;
  /** See `Replacement`. */
  readonly kind: string;
  readonly words: string;
  readonly isShown: boolean;
}

/** How a change is asked for: from which text, by whom, and whether only to be shown. */
export interface Terms {
  readonly before: string | null;
  readonly origin: string;
  readonly isShown: boolean;
}

export class ConfigEditor {
  readonly #options: ConfigEditorOptions;
  readonly #secrets = new HiddenSecrets();
  #isChecking = false;

  constructor(options: ConfigEditorOptions) {
    this.#options = options;
  }

  /** Null where there is no file. */
  async file(): Promise<FileOnDisk | null> {
    const { path } = this.#options;
    if (path === null) return null;
    const [reading, writeProblem] = await Promise.all([readOnDisk(path), writeProblemOf(path)]);
    const { text, problem } = reading;
    return {
      path,
      hash: text === null ? null : hashOf(text),
      text: text === null ? null : this.#secrets.hide(text),
      problem,
      writeProblem,
    };
  }

  /** What is wrong with a text, or what it would change. */
  async check(shown: string): Promise<ConfigCheck | EditRefused> {
    const examined = await this.#examine(shown);
    if ('reason' in examined) return examined;
    const { ok, diagnostics, moreDiagnostics, changes, overruled } = examined;
    return { ok, diagnostics, moreDiagnostics, changes, overruled };
  }

  /** A text from outside, secrets hidden. */
  async apply(shown: string, terms: Terms): Promise<EditOutcome> {
    const { path, revisions } = this.#options;
    if (path === null) return NO_FILE;
    const text = this.#secrets.reveal(shown);
    if (text === null) return UNKNOWN_SECRET;
    // What a file has said already may say it again.
    if (!revisions.hasText(text)) {
      const examined = await this.#examine(shown);
      if ('reason' in examined) return examined;
      if (!examined.ok) return invalid(examined);
      if (examined.writesElsewhere) return PATHS_NEED_TOKEN;
    }
    return this.#carryOut({ ...terms, path, text, kind: 'config-applied', words: `${path} was replaced` });
  }

  /** The text of a revision again. Null where it is not kept. */
  async rollBack(id: number, terms: Terms): Promise<EditOutcome | null> {
    const { path, revisions } = this.#options;
    if (path === null) return NO_FILE;
    const revision = revisions.find(id);
    if (revision === null) return null;
    const words = `${path} was rolled back to config ${id}`;
    return this.#carryOut({ ...terms, path, text: revision.text, kind: 'config-rolled-back', words });
  }

  /** Writes one change made at run time into the file: what runs stays as it is. */
  async write(entry: DriftEntry, terms: Omit<Terms, 'before'>): Promise<EditOutcome> {
    const { reloader, env } = this.#options;
    const { path, hash, config } = reloader.inForce;
    if (path === null) return NO_FILE;
    if (entry.writeProblem !== null) return refused('not-writable', entry.writeProblem);
    const { text, problem } = await readOnDisk(path);
    if (text === null) return refused('read-only', problem ?? 'it cannot be read');
    if (hashOf(text) !== hash) return refused('changed', 'The file has changed since it was loaded: reload it first.');
    const place = settingPathOf(config, entry);
    const value = entry.now;
    if (place === null || (typeof value !== 'string' && typeof value !== 'number')) {
      return refused('not-writable', 'the file has no place for it');
    }
    const set = setInText(text, place, value);
    if (!set.isSet) return refused('not-writable', set.problem);
    const loaded = loadConfigText(set.text, path, env);
    const isOnly = loaded.ok && isOnlyChange(diffConfigs(config, loaded.config), entry);
    if (!isOnly) return refused('not-writable', 'more than this one setting would change with it');
    const subject = entry.backend === null ? entry.pool : `${entry.pool}/${entry.backend}`;
    const words = `${entry.setting} of ${subject} was written to ${path}`;
    return this.#carryOut({ ...terms, path, text: set.text, before: hash, kind: 'change-written', words });
  }

  /** Newest first. */
  get revisions(): readonly ConfigRevision[] {
    return this.#options.revisions.list();
  }

  /** The text of a revision, secrets hidden; null where it is not kept. */
  revisionText(id: number): string | null {
    const revision = this.#options.revisions.find(id);
    return revision === null ? null : this.#secrets.hide(revision.text);
  }

  async #examine(shown: string): Promise<Examined | EditRefused> {
    const { reloader, env, roster } = this.#options;
    if (this.#secrets.reveal(shown) === null) return UNKNOWN_SECRET;
    if (this.#isChecking) return refused('busy', 'Another text is being checked.');
    this.#isChecking = true;
    try {
      const { inForce } = reloader;
      const check = await checkText(shown, inForce, env, undefined, (standIn) => this.#secrets.reveal(standIn));
      if (check === null) return TOO_COSTLY;
      if (check.isSecretMisplaced) return MISPLACED_SECRET;
      const { config } = check;
      const merged = config === null ? null : mergeChanges(config, roster.changes, roster.knownAddresses);
      const overruled = merged?.overruled.map(({ subject, text }) => `${subject}: ${text}`) ?? [];
      // Whoever may use this machine may use an API without a token, and not this process's rights to write.
      const isOpen = (roster.config.admin?.token ?? null) === null;
      const before = inForce.config;
      const isElsewhere =
        config !== null &&
        (config.stateFile !== before.stateFile || (config.accessLog?.path ?? '-') !== (before.accessLog?.path ?? '-'));
      return { ...check, overruled, writesElsewhere: isOpen && isElsewhere };
    } finally {
      this.#isChecking = false;
    }
  }

  async #carryOut({ path, text, before, origin, kind, words, isShown }: Task): Promise<EditOutcome> {
    const { reloader } = this.#options;
    const hash = hashOf(text);
    const unwritable = await writeProblemOf(path);
    if (unwritable !== null) return refused('read-only', unwritable);
    if (isShown) {
      const preview = await reloader.preview(text);
      return preview.ok ? { ok: true, hash, result: preview } : refusedReload(preview);
    }
    const staged = await stageConfig(path, text);
    if ('problem' in staged) return refused('read-only', staged.problem);
    let isOvertaken = false;
    const result = await reloader.replace(origin, {
      text,
      kind,
      words,
      commit: () => {
        isOvertaken = hashOnDisk(path) !== before;
        return isOvertaken ? 'the config file has been written by somebody else meanwhile' : staged.commit();
      },
    });
    await (result.ok ? staged.sync() : staged.discard());
    if (result.ok) return { ok: true, hash, result };
    if (isOvertaken) return refused('changed', 'The config file has changed since it was read.');
    return refusedReload(result);
  }
}

interface Examined extends ConfigCheck {
  /** It names other files to write to, and anybody on this machine may have sent it. */
  readonly writesElsewhere: boolean;
}

const NO_FILE = refused('no-file', 'The config did not come from a file: there is none to change.');
const UNKNOWN_SECRET = refused(
  'secret-unknown',
  'The text has a hidden secret that this process does not know: load the file again.',
);
const MISPLACED_SECRET = refused(
  'secret-misplaced',
  'A secret stands where it would be shown: it belongs behind its own key alone.',
);
const PATHS_NEED_TOKEN = refused(
  'paths-need-token',
  'Without an admin token, accessLog.path and stateFile are changed in the file itself.',
);
const TOO_COSTLY = refused('too-costly', 'The text takes more time or memory to check than any real config.');

function invalid({ diagnostics }: ConfigCheck): EditRefused {
  return { ...refused('invalid', 'The text has errors; nothing has changed.'), diagnostics };
}

/** Whether two configs differ in what the entry is about, and in nothing else. */
function isOnlyChange(diff: ReturnType<typeof diffConfigs>, { pool, backend, setting }: DriftEntry): boolean {
  const { pools, listeners, areRoutesChanged, settings, needsRestart } = diff;
  const [change] = pools.changed;
  const isElsewhere =
    [pools.added, pools.removed, listeners.added, listeners.removed, listeners.changed, settings, needsRestart].some(
      (list) => list.length > 0,
    ) || [pools.isReordered, listeners.isReordered, areRoutesChanged].includes(true);
  if (isElsewhere || pools.changed.length !== 1 || change?.name !== pool) return false;
  const { added, removed, changed, isReordered } = change.backends;
  if (added.length + removed.length > 0 || isReordered) return false;
  const own = backend === null ? change.settings : (changed[0]?.settings ?? []);
  const isRightBackend = backend === null ? changed.length === 0 : changed.length === 1 && changed[0]?.name === backend;
  const isRightPool = backend === null || change.settings.length === 0;
  return isRightBackend && isRightPool && own.length === 1 && own[0]?.setting === setting;
}
