/** Asks before a change to a backend: says what will happen, then does it. */
import { signal } from '@preact/signals';
import { type Action, consequenceOf, wordsOf } from '../consequence.ts';
import { changeMode, remove } from '../live/actions.ts';
import { latest } from '../live/session.ts';
import { useTopic } from '../live/use-topic.ts';
import { backendOf, poolOf } from '../store.ts';
import { backendTopic, poolWithoutRows } from '../topics.ts';
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

/** Stands once in the page. */
export function ConfirmDialog() {
  const asked = question.value;
  return asked === null ? null : <Asked key={JSON.stringify(asked)} asked={asked} />;
}

/** The figures stay live while it is open, whatever the screen below it shows. */
function Asked({ asked }: { readonly asked: Question }) {
  useTopic(poolWithoutRows(asked.pool));
  useTopic(backendTopic(asked.pool, asked.backend));
  const model = latest.value;
  const pool = poolOf(model, asked.pool);
  const backend = backendOf(model, asked.pool, asked.backend);
  const { title, button } = wordsOf(asked.action, asked.pool, asked.backend);
  const known = pool === null || backend === null ? null : consequenceOf(asked.action, pool, backend);
  const { sentences, isGrave } = known ?? { sentences: ['Looking what that means …'], isGrave: false };
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
          aria-disabled={known === null}
          onClick={() => {
            if (known !== null) carryOut(asked);
          }}
          data-testid="confirm-ok"
        >
          {button}
        </button>
      </div>
    </Dialog>
  );
}
