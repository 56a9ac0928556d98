/**
 * The dialog that adds a backend to a pool. What is typed is shown to the server at once, which
 * says what would come of it; the dialog stays open until the server has taken it.
 */
import { useRef, useState } from 'preact/hooks';
import type { BackendAddition } from '../../../src/protocol/admin-api.ts';
import { type Change } from '../change.ts';
import { make } from '../live/actions.ts';
import { usePreview } from '../live/use-preview.ts';
import { Consequence } from './consequence.tsx';
import { Dialog } from './dialog.tsx';

interface AddBackendProps {
  readonly pool: string;
  readonly onClose: () => void;
}

export function AddBackendDialog({ pool, onClose }: AddBackendProps) {
  const [typed, setTyped] = useState<Typed>({ url: '', name: '', weight: '1' });
  const [mistake, setMistake] = useState('');
  const [isBusy, setBusy] = useState(false);
  const address = useRef<HTMLInputElement>(null);
  const addition = readAddition(typed);
  const change: Change | null = typeof addition === 'string' ? null : { kind: 'add', pool, addition };
  const { preview, problem, news, tell } = usePreview(change);
  const text = mistake !== '' ? mistake : (problem ?? '');

  const type = (field: keyof Typed) => (event: { readonly currentTarget: HTMLInputElement }) => {
    setMistake('');
    setTyped({ ...typed, [field]: event.currentTarget.value });
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    if (change === null) {
      setMistake(String(addition));
      address.current?.focus();
      return;
    }
    // Who types and presses Enter at once is quicker than the preview; a refusal stands there already.
    if (preview === null && problem !== null) return;
    setBusy(true);
    const outcome = await make(change, preview ?? UNSEEN);
    setBusy(false);
    if (outcome.kind === 'done') onClose();
    else if (outcome.kind === 'refused') setMistake(outcome.text);
    else tell(outcome.preview);
  };

  return (
    <Dialog title={`Add a backend to ${pool}`} testid="add-backend-dialog" onClose={onClose}>
      <form class="form" noValidate onSubmit={(event) => void submit(event)}>
        <label>
          <span>Address</span>
          <input
            ref={address}
            name="url"
            type="url"
            required
            autoFocus
            spellcheck={false}
            autocomplete="off"
            placeholder="http://127.0.0.1:8084"
            aria-describedby="add-backend-error"
            aria-invalid={text !== ''}
            value={typed.url}
            onInput={type('url')}
          />
        </label>
        <label>
          <span>
            Name <small>(host and port when empty)</small>
          </span>
          <input
            name="name"
            type="text"
            spellcheck={false}
            autocomplete="off"
            value={typed.name}
            onInput={type('name')}
          />
        </label>
        <label>
          <span>
            Weight <small>(1 to 256)</small>
          </span>
          <input name="weight" type="number" min="1" max="256" step="1" value={typed.weight} onInput={type('weight')} />
        </label>
        {change === null || problem !== null ? null : <Consequence change={change} preview={preview} news={news} />}
        <p class="form-error" id="add-backend-error" role="alert">
          {text}
        </p>
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary" aria-disabled={isBusy}>
            {isBusy ? 'Adding …' : 'Add backend'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Holds for any settings: what is added takes nothing from anybody. */
const UNSEEN = {
  dryRun: true,
  changes: [],
  consequences: [],
  inFlight: 0,
  available: { before: 0, after: 0 },
  former: { policy: null, backends: [] },
  tag: null,
} as const;

interface Typed {
  readonly url: string;
  readonly name: string;
  readonly weight: string;
}

/** What was typed, or the mistake in it. The server checks again. */
export function readAddition(data: Typed): BackendAddition | string {
  const typed = data.url.trim();
  const url = typed === '' || typed.includes('://') ? typed : `http://${typed}`;
  const name = data.name.trim();
  const weight = Number(data.weight);
  if (url === '') return 'An address is needed, such as http://127.0.0.1:8084.';
  if (!URL.canParse(url)) return `"${typed}" is not an address. It looks like http://127.0.0.1:8084.`;
  if (new URL(url).protocol !== 'http:') return 'Backends speak http; other schemes are not supported.';
  if (!Number.isInteger(weight) || weight < 1 || weight > 256) return 'The weight is a whole number from 1 to 256.';
  return name === '' ? { url, weight } : { url, name, weight };
}
