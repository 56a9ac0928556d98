/**
 * Watches the config file, where that is wanted, and has it reloaded once it has come to rest with
 * another text than the one that was read last.
 *
 * It looks at the file twice a second and is not told by the system. That costs one `stat`, and
 * holds for every way in which a file comes to be another one: written in place, renamed over by
 * an editor, reached by a link that now leads elsewhere (a ConfigMap of Kubernetes swaps the link
 * `..data` of the folder), mounted from another machine. A file that changes from one look to the
 * next is still being written; one that is gone may be on its way back. So a text counts once two
 * looks in a row have seen the same, and each text is told once, right or wrong.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type Clock, SYSTEM_CLOCK, type Timer } from '../clock.ts';

const LOOK_MS = 500;
/** The stamp of a file that is not there or cannot be looked at. */
const MISSING = 'missing';

export interface ConfigWatchOptions {
  readonly path: string;
  /** SHA-256 of the text that was read last, by whomever: see `Reloader.lastHash`. */
  readonly lastHash: () => string | null;
  /** False while a reload would be refused whatever the file says. */
  readonly mayReload: () => boolean;
  readonly reload: () => Promise<unknown>;
  readonly clock?: Clock;
}

export class ConfigWatch {
  readonly #options: ConfigWatchOptions;
  readonly #clock: Clock;
  #timer: Timer | null = null;
  #isStopped = false;
  /** What the file looked like from outside at the last look. */
  #seen: string | null = null;
  /** The same when its text was last compared. */
  #settled: string | null = null;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
  }

  start(): void {
    this.#timer = this.#clock.after(LOOK_MS, () => {
      void this.look().then(() => {
        if (!this.#isStopped) this.start();
      });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.clear();
  }

  /** One look; resolves when what follows from it is done. */
  async look(): Promise<void> {
    const { path, lastHash, mayReload, reload } = this.#options;
    const stamp = await stampOf(path);
    const isAtRest = stamp === this.#seen;
    this.#seen = stamp;
    if (!isAtRest || stamp === this.#settled || !mayReload()) return;
    const hash = await hashOf(path);
    // Written to while it was being read: the next look will see.
    if ((await stampOf(path)) !== stamp || this.#isStopped) return;
    this.#settled = stamp;
    if (hash !== lastHash()) await reload();
  }
}

/** What tells one state of the file from another without reading it, behind all links. */
async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return MISSING;
  }
}

/** SHA-256, hexadecimal; null where there is nothing to read. */
async function hashOf(path: string): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  } catch {
    return null;
  }
}
