/**
 * Asks before the config is changed: the server says what will come of it, then it is done for
 * exactly the file and the settings that it was said for. Where somebody else was there meanwhile,
 * that is told, and what it would come to now.
 */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError } from '../live/api.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import type { Coming, Write } from './config-api.ts';
import { readConfig, wordsOf } from './config-state.ts';
import { Problems } from './problems.tsx';

export interface Question {
  readonly title: string;
  readonly button: string;
  /** What it means whatever the figures say. */
  readonly sentences: readonly string[];
  /** The tag of what the reader looks at; null where it is found out by asking. */
  readonly tag: string | null;
  readonly preview: (tag: string | null) => Promise<Preview>;
  /** For the tag that the preview had. */
  readonly carryOut: (tag: string) => Promise<void>;
}

interface Preview {
  readonly lines: ComingLines;
  readonly tag: string;
}

interface QuestionParts<Answer> extends Pick<Question, 'title' | 'button' | 'sentences' | 'tag'> {
  readonly write: Write<Answer>;
  readonly linesOf: (coming: Answer) => ComingLines;
  readonly onDone: (done: Answer) => void;
}

export function questionOf<Answer>({ write, linesOf, onDone, ...words }: QuestionParts<Answer>): Question {
  return {
    ...words,
    preview: async (asked) => {
      const { value, tag } = await write(true, asked);
      return { lines: linesOf(value), tag };
    },
    carryOut: async (tag) => onDone((await write(false, tag)).value),
  };
}

export interface ComingLines {
  readonly changes: readonly string[];
  readonly consequences: readonly string[];
  /** What somebody would regret. */
  readonly warnings: readonly string[];
}

const STALE: readonly string[] = ['settings-changed', 'config-file-changed'];
/** More than this nobody reads in a dialog. */
const MAX_LINES = 12;

interface ConfigDialogProps {
  readonly question: Question;
  readonly onClose: () => void;
}

export function ConfigDialog({ question, onClose }: ConfigDialogProps) {
  const { title, button, sentences, tag, preview, carryOut } = question;
  const coming = useSignal<Preview | null>(null);
  const refusal = useSignal<unknown>(null);
  const isBusy = useSignal(false);
  useEffect(() => {
    preview(tag).then(
      (told) => {
        coming.value = told;
      },
      (error: unknown) => {
        refusal.value = error;
      },
    );
  }, []);
  const go = async (): Promise<void> => {
    const known = coming.peek();
    if (known === null || isBusy.peek()) return;
    isBusy.value = true;
    try {
      await carryOut(known.tag);
      onClose();
    } catch (error) {
      refusal.value = error;
      coming.value = null;
    } finally {
      isBusy.value = false;
      void readConfig();
    }
  };
  const lines = coming.value?.lines ?? null;
  const error = refusal.value;
  const isStale = error instanceof ApiError && STALE.includes(error.code);
  return (
    <Dialog title={title} testid="config-dialog" onClose={onClose}>
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {lines === null && error === null ? <p class="minor">Looking what that comes to …</p> : null}
      {lines === null ? null : <Lines lines={lines} />}
      <div role="status">
        {error === null ? null : (
          <p class="grave" data-testid="config-refusal">
            <Icon name="alert" />
            <span>
              {wordsOf(error)} {isStale ? 'Nothing was done.' : ''}
            </span>
          </p>
        )}
      </div>
      {error instanceof ApiError && error.diagnostics.length > 0 ? <Problems diagnostics={error.diagnostics} /> : null}
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose} data-testid="config-cancel">
          {error === null ? 'Cancel' : 'Close'}
        </button>
        {error === null ? (
          <button
            type="button"
            class="button primary"
            aria-disabled={lines === null || isBusy.value}
            onClick={() => void go()}
            data-testid="config-ok"
          >
            {isBusy.value ? 'Working …' : button}
          </button>
        ) : null}
      </div>
    </Dialog>
  );
}

function Lines({ lines }: { readonly lines: ComingLines }) {
  const { changes, consequences, warnings } = lines;
  return (
    <div class="coming" data-testid="coming">
      {changes.length === 0 ? <p class="minor">Nothing that is in force changes.</p> : <Changes changes={changes} />}
      {consequences.map((one) => (
        <p key={one} class="minor">
          {one}
        </p>
      ))}
      {warnings.map((one) => (
        <p key={one} class="coming-warning">
          <Icon name="alert" />
          <span>{one}</span>
        </p>
      ))}
    </div>
  );
}

/** Changes in words, one a line. */
export function Changes({
  changes,
  atMost = MAX_LINES,
}: {
  readonly changes: readonly string[];
  readonly atMost?: number;
}) {
  const more = changes.length - atMost;
  return (
    <ul class="change-words">
      {changes.slice(0, atMost).map((change, index) => (
        <li key={`${index} ${change}`}>{change}</li>
      ))}
      {more > 0 ? <li class="minor">and {more} more</li> : null}
    </ul>
  );
}

/** A config that takes the place of another. */
export function linesOfConfig({ changes, needsRestart, overruled }: Coming): ComingLines {
  return {
    changes,
    consequences:
      changes.length === 0
        ? []
        : ['In force in all workers at once. Requests that are under way end by the config they began with.'],
    warnings: [
      ...overruled.slice(0, MAX_LINES).map((one) => `${one}.`),
      ...(overruled.length > MAX_LINES ? [`The file wins over ${overruled.length - MAX_LINES} more changes.`] : []),
      ...(needsRestart.length > 0 ? [`Only a restart brings in ${needsRestart.join(', ')}.`] : []),
    ],
  };
}
