/** The dialog that adds a backend to a pool. It stays open until the server has taken it. */
import { useRef, useState } from 'preact/hooks';
import type { BackendAddition } from '../../../src/protocol/admin-api.ts';
import { add, keyOf, pending, refusals } from '../live/actions.ts';
import { Dialog } from './dialog.tsx';

interface AddBackendProps {
  readonly pool: string;
  readonly onClose: () => void;
}

export function AddBackendDialog({ pool, onClose }: AddBackendProps) {
  const [mistake, setMistake] = useState('');
  const address = useRef<HTMLInputElement>(null);
  const key = keyOf('add', pool);
  const isPending = pending.value.has(key);
  const text = mistake !== '' ? mistake : (refusals.value.get(key) ?? '');

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement) || isPending) return;
    const data = new FormData(event.currentTarget);
    const addition = readAddition(data);
    if (typeof addition === 'string') {
      setMistake(addition);
      address.current?.focus();
      return;
    }
    setMistake('');
    if (await add(pool, addition)) onClose();
  };

  return (
    <Dialog title={`Add a backend to ${pool}`} testid="add-backend-dialog" onClose={onClose}>
      <form class="form" noValidate onSubmit={(event) => void submit(event as SubmitEvent)}>
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
          />
        </label>
        <label>
          <span>
            Name <small>(host and port when empty)</small>
          </span>
          <input name="name" type="text" spellcheck={false} autocomplete="off" />
        </label>
        <label>
          <span>
            Weight <small>(1 to 256)</small>
          </span>
          <input name="weight" type="number" min="1" max="256" step="1" value="1" />
        </label>
        <p class="form-error" id="add-backend-error" role="alert">
          {text}
        </p>
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary" aria-disabled={isPending}>
            {isPending ? 'Adding …' : 'Add backend'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** What was typed, or the mistake in it. The server checks again. */
export function readAddition(data: FormData): BackendAddition | string {
  const typed = String(data.get('url') ?? '').trim();
  const url = typed === '' || typed.includes('://') ? typed : `http://${typed}`;
  const name = String(data.get('name') ?? '').trim();
  const weight = Number(data.get('weight') ?? 1);
  if (url === '') return 'An address is needed, such as http://127.0.0.1:8084.';
  if (!URL.canParse(url)) return `"${typed}" is not an address. It looks like http://127.0.0.1:8084.`;
  if (new URL(url).protocol !== 'http:') return 'Backends speak http; other schemes are not supported.';
  if (!Number.isInteger(weight) || weight < 1 || weight > 256) return 'The weight is a whole number from 1 to 256.';
  return name === '' ? { url, weight } : { url, name, weight };
}
