/** What the operator wants of a backend: three buttons, the one in force pressed. Each asks first. */
import type { AdminMode } from '../../../src/protocol/admin-api.ts';
import { keyOf, pending } from '../live/actions.ts';
import { ask } from './confirm.tsx';
import { Icon } from './icon.tsx';

const MODES: readonly { readonly mode: AdminMode; readonly words: string; readonly key: string }[] = [
  { mode: 'ready', words: 'Ready', key: 'r' },
  { mode: 'drain', words: 'Drain', key: 'd' },
  { mode: 'maintenance', words: 'Maintenance', key: 'm' },
];

interface ModeButtonsProps {
  readonly pool: string;
  readonly backend: string;
  readonly applied: AdminMode;
  readonly isRemoved: boolean;
}

export function ModeButtons({ pool, backend, applied, isRemoved }: ModeButtonsProps) {
  const wanted = pending.value.get(keyOf('mode', pool, backend));
  const isLeaving = isRemoved || pending.value.has(keyOf('remove', pool, backend));
  return (
    <span class="modes">
      <span class="segments" role="group" aria-label={`Mode of ${backend}`}>
        {MODES.map(({ mode, words, key }) => (
          <button
            key={mode}
            type="button"
            data-key={key}
            data-testid={`backend-${backend}-mode-${mode}`}
            aria-pressed={applied === mode}
            aria-busy={wanted === mode}
            aria-label={`${words} ${backend}`}
            title={words}
            disabled={isLeaving}
            onClick={() => {
              if (applied !== mode && wanted === undefined) ask(mode, pool, backend);
            }}
          >
            <Icon name={mode} />
            <span class="mode-word">{words}</span>
          </button>
        ))}
      </span>
      <button
        type="button"
        class="icon-button"
        data-testid={`backend-${backend}-remove`}
        aria-label={`Remove ${backend}`}
        title="Remove"
        disabled={isLeaving}
        onClick={() => ask('remove', pool, backend)}
      >
        <Icon name="trash" />
      </button>
    </span>
  );
}
