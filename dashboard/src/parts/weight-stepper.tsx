/**
 * The weight of a backend, to be stepped or typed. Clicks are gathered for a moment and sent as
 * one change, which a notice can take back; until the server shows the new value the cell is marked
 * as not yet applied, and if it refuses, the old value comes back. The key `w` asks in a dialog.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { changeWeight, keyOf, pending } from '../live/actions.ts';
import { askChange } from './confirm.tsx';
import { Icon } from './icon.tsx';

const GATHER_MS = 500;
const LOWEST = 1;
const HIGHEST = 256;

interface WeightStepperProps {
  readonly pool: string;
  readonly backend: string;
  readonly applied: number;
  readonly hasEffect: boolean;
}

export function WeightStepper({ pool, backend, applied, hasEffect }: WeightStepperProps) {
  const [draft, setDraft] = useState<number | null>(null);
  /** What is being typed: the row is painted again meanwhile, and must leave it alone. */
  const [typed, setTyped] = useState<string | null>(null);
  /** What stood here when somebody began to change it. */
  const seen = useRef(applied);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const isPending = pending.value.has(keyOf('weight', pool, backend));
  const value = draft ?? applied;

  const send = async (weight: number): Promise<void> => {
    clearTimeout(timer.current);
    if (weight !== applied) await changeWeight(pool, backend, weight, seen.current);
    setDraft(null);
  };
  const propose = (weight: number, delayMs: number): void => {
    const bounded = Math.min(HIGHEST, Math.max(LOWEST, Math.round(weight)));
    if (draft === null && typed === null) seen.current = applied;
    setDraft(bounded);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void send(bounded), delayMs);
  };
  const take = (): void => {
    const weight = Number(typed ?? '');
    if (Number.isFinite(weight) && weight > 0) propose(weight, 0);
    setTyped(null);
  };
  const step = (by: number): void => {
    if (!isPending) propose(value + by, GATHER_MS);
  };

  return (
    <span
      class="stepper"
      role="group"
      aria-label={`Weight of ${backend}`}
      data-pending={draft !== null || isPending}
      title={hasEffect ? 'Requests are shared in proportion to the weights' : 'The policy of this pool ignores weights'}
    >
      {/* What the key w of the row stands on. */}
      <button
        type="button"
        hidden
        tabIndex={-1}
        data-key="w"
        onClick={() => askChange({ kind: 'weight', pool, backends: [backend], weight: applied })}
      />
      <button
        type="button"
        aria-label={`Less weight for ${backend}`}
        disabled={value <= LOWEST}
        onClick={() => step(-1)}
      >
        <Icon name="minus" />
      </button>
      <input
        type="text"
        inputMode="numeric"
        data-testid={`backend-${backend}-weight`}
        aria-label={`Weight of ${backend}, 1 to 256`}
        value={typed ?? String(value)}
        readOnly={isPending}
        onInput={(event) => {
          if (draft === null && typed === null) seen.current = applied;
          setTyped(event.currentTarget.value);
        }}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === 'Enter') take();
          if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
            event.preventDefault();
            step(event.key === 'ArrowUp' ? 1 : -1);
          }
        }}
      />
      <button
        type="button"
        aria-label={`More weight for ${backend}`}
        disabled={value >= HIGHEST}
        onClick={() => step(1)}
      >
        <Icon name="plus" />
      </button>
    </span>
  );
}
