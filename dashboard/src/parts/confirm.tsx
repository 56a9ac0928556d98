/** Asks before a change to a backend: says what will happen, then does it. */
import { signal } from '@preact/signals';
import { type Action, consequenceOf } from '../consequence.ts';
import { changeMode, remove } from '../live/actions.ts';
import { latest } from '../live/session.ts';
import { poolOf } from '../store.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icon.tsx';

interface Question {
  readonly action: Action;
  readonly pool: string;
  readonly backend: string;
}

const question = signal<Question | null>(null);

export function ask(action: Action, pool: string, backend: string): void {
  question.value = { action, pool, backend };
}

const close = (): void => {
  question.value = null;
};

function carryOut({ action, pool, backend }: Question): void {
  close();
  if (action === 'remove') void remove(pool, backend);
  else void changeMode(pool, backend, action);
}

/** Stands once in the page; the figures in it stay live while it is open. */
export function ConfirmDialog() {
  const asked = question.value;
  if (asked === null) return null;
  const backends = poolOf(latest.value, asked.pool)?.backends ?? [];
  const { title, button, sentences, isGrave } = consequenceOf(asked.action, asked.pool, asked.backend, backends);
  return (
    <Dialog title={title} testid="confirm-dialog" onClose={close}>
      {sentences.map((sentence, index) => (
        <p key={sentence.slice(0, 12)} class={isGrave && index === sentences.length - 1 ? 'grave' : undefined}>
          {isGrave && index === sentences.length - 1 ? <Icon name="alert" /> : null}
          {sentence}
        </p>
      ))}
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={close} data-testid="confirm-cancel">
          Cancel
        </button>
        <button
          type="button"
          class={isGrave ? 'button primary danger' : 'button primary'}
          onClick={() => carryOut(asked)}
          data-testid="confirm-ok"
        >
          {button}
        </button>
      </div>
    </Dialog>
  );
}
