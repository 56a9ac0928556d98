/**
 * Config texts for people, without the secrets in them, and back: each secret is shown as a
 * stand-in such as `<hidden:3f9a2c1b77d0>`, and a text that comes back with the stand-in means the
 * secret. Used by the config editor.
 *
 * A stand-in is a keyed digest: the same secret has the same one in every text, so that two texts
 * can be compared, and nobody can find a secret by trying. The key lives as long as the process.
 * Where a stand-in may stand is not decided here: see `check-text.ts`.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { secretSpansOf } from '../../config/secret-spans.ts';

const TEXTS_KEPT = 4;
const STAND_IN = /<hidden:[0-9a-f]{12}>/g;

export class HiddenSecrets {
  readonly #key = randomBytes(32);
  readonly #secrets = new Map<string, string>();
  readonly #shown = new Map<string, string>();

  /** The text with a stand-in for each secret. A page asks for the same ones again and again. */
  hide(text: string): string {
    const known = this.#shown.get(text);
    if (known !== undefined) return known;
    const shown = this.#hide(text);
    if (this.#shown.size >= TEXTS_KEPT) this.#shown.clear();
    this.#shown.set(text, shown);
    return shown;
  }

  #hide(text: string): string {
    let shown = '';
    let from = 0;
    for (const [start, end] of secretSpansOf(text)) {
      shown += text.slice(from, start) + this.#standInOf(text.slice(start, end));
      from = end;
    }
    return shown + text.slice(from);
  }

  /** The text with its secrets; null where a stand-in is of no secret that was hidden by this process. */
  reveal(shown: string): string | null {
    let isKnown = true;
    const text = shown.replace(STAND_IN, (standIn) => {
      const secret = this.#secrets.get(standIn);
      if (secret === undefined) isKnown = false;
      return secret ?? standIn;
    });
    return isKnown ? text : null;
  }

  #standInOf(secret: string): string {
    // One that somebody has written by hand stands for itself.
    const digest = createHmac('sha256', this.#key).update(secret).digest('hex').slice(0, 12);
    const standIn = `<hidden:${digest}>`;
    this.#secrets.set(standIn, secret);
    return standIn;
  }
}

export function hasStandIn(text: string): boolean {
  return text.search(STAND_IN) >= 0;
}
