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
    if (draft === null) seen.current = applied;
    setDraft(bounded);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void send(bounded), delayMs);
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
      {/* What the key \`w\` of the row stands on. */}
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
        value={String(value)}
        readOnly={isPending}
        onChange={(event) => {
          const typed = Number(event.currentTarget.value);
          if (Number.isFinite(typed) && typed > 0) propose(typed, 0);
          else event.currentTarget.value = String(value);
        }}
        onKeyDown={(event) => {
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
