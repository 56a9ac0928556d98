/**
 * Asks before a change: says what will come of it, as the server tells, then does it and shows how
 * far it is. It stands once in the page; buttons anywhere call `ask` or `askChange`.
 */
import { signal } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import type { Change, ManyChange } from '../change.ts';
import { type Action, changeOf, isGrave, wordsOf } from '../consequence.ts';
import { make } from '../live/actions.ts';
import { makeMany, type Progress } from '../live/many.ts';
import { usePreview } from '../live/use-preview.ts';
import { useTopic } from '../live/use-topic.ts';
import { backendTopic, poolWithoutRows, type TopicKey } from '../topics.ts';
import { Consequence } from './consequence.tsx';
import { Dialog } from './dialog.tsx';
import { ManyProgress } from './many-progress.tsx';
import { keepSelected } from './selection.ts';

type Asked = Extract<Change, { readonly kind: 'mode' | 'weight' | 'remove' }>;

const question = signal<Asked | null>(null);

/** About one backend. */
export function ask(action: Action, pool: string, backend: string): void {
  askChange(changeOf(action, pool, backend) as Asked);
}

/** For a weight the dialog asks how much; what `change` has is where it begins. */
export function askChange(change: Asked): void {
  question.value = change;
}

const close = (): void => {
  question.value = null;
};

export function ConfirmDialog() {
  const asked = question.value;
  return asked === null ? null : <Question key={JSON.stringify(asked)} asked={asked} />;
}

const HIGHEST_WEIGHT = 256;

function Question({ asked }: { readonly asked: Asked }) {
  const [weight, setWeight] = useState(asked.kind === 'weight' ? String(asked.weight) : '');
  const [typed, setTyped] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState('');
  const [progress, setProgress] = useState<Progress | null>(null);
  const isStopped = useRef(false);
  const wish = asked.kind === 'weight' ? withWeight(asked, weight) : asked;
  const { preview, problem, news, isFresh, tell } = usePreview(progress === null ? wish : null);
  // The figures stay live while it is open, whatever the screen below it shows.
  useTopic(poolWithoutRows(asked.pool));
  const only = 'backend' in asked ? asked.backend : asked.backends.length === 1 ? (asked.backends[0] ?? null) : null;
  const about: TopicKey = only === null ? poolWithoutRows(asked.pool) : backendTopic(asked.pool, only);
  useTopic(about);
  const { title, button } = wordsOf(asked);
  const grave = preview !== null && isGrave(preview);
  const isNothing = preview !== null && preview.changes.length === 0;
  const mayGo =
    wish !== null && preview !== null && !isNothing && !isFresh && !isBusy && (!grave || typed.trim() === asked.pool);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!mayGo || wish === null || preview === null) return;
    setBusy(true);
    setRefusal('');
    if ('backends' in wish && wish.backends.length > 1) await submitMany(wish);
    else {
      const outcome = await make(wish, preview);
      setBusy(false);
      if (outcome.kind === 'done') close();
      else if (outcome.kind === 'refused') setRefusal(outcome.text);
      else tell(outcome.preview);
    }
  };
  const submitMany = async (many: ManyChange): Promise<void> => {
    if (preview === null) return;
    setProgress({ total: many.backends.length, done: 0, failed: [], isOver: false });
    const end = await makeMany(many, preview, { onProgress: setProgress, isStopped: () => isStopped.current });
    const isWhole = end.done === end.total;
    keepSelected(many.pool, isWhole ? [] : end.failed.map(({ backend }) => backend));
    if (isWhole) close();
  };

  if (progress !== null) {
    const stop = (): void => {
      isStopped.current = true;
    };
    return (
      <Dialog title={title.replace(/\?$/, '')} testid="confirm-dialog" onClose={progress.isOver ? close : stop}>
        <ManyProgress progress={progress} isStopped={isStopped.current} onStop={stop} onClose={close} />
      </Dialog>
    );
  }
  return (
    <Dialog title={title} testid="confirm-dialog" onClose={close}>
      <form class="form" noValidate onSubmit={(event) => void submit(event)}>
        {asked.kind === 'weight' ? (
          <label>
            <span>
              Weight <small>(1 to {HIGHEST_WEIGHT})</small>
            </span>
            <input
              type="number"
              min="1"
              max={HIGHEST_WEIGHT}
              step="1"
              autoFocus
              data-testid="confirm-weight"
              value={weight}
              aria-invalid={wish === null}
              onInput={(event) => setWeight(event.currentTarget.value)}
            />
          </label>
        ) : null}
        <Consequence change={wish ?? asked} preview={preview} news={news} />
        {grave ? (
          <label>
            <span>
              Type <b>{asked.pool}</b> to go on
            </span>
            <input
              type="text"
              spellcheck={false}
              autocomplete="off"
              data-testid="confirm-typed"
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </label>
        ) : null}
        <p class="form-error" role="alert">
          {refusal !== '' ? refusal : (problem ?? '')}
        </p>
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={close} data-testid="confirm-cancel">
            {isNothing ? 'Close' : 'Cancel'}
          </button>
          <button
            type="submit"
            class={grave ? 'button primary danger' : 'button primary'}
            aria-disabled={!mayGo}
            data-testid="confirm-ok"
          >
            {isBusy ? 'Waiting for the answer …' : button}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function withWeight(asked: Extract<Asked, { kind: 'weight' }>, text: string): Asked | null {
  const weight = Number(text);
  return Number.isInteger(weight) && weight >= 1 && weight <= HIGHEST_WEIGHT ? { ...asked, weight } : null;
}
