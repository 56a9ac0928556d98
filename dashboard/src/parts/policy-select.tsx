/**
 * The policy of a pool, and the way to another one. The button always shows the policy that the
 * server has applied; a choice is made in a dialog that says first what would come of it.
 */
import { useId } from 'preact/hooks';
import { keyOf, pending } from '../live/actions.ts';
import type { PolicyInfo } from '../protocol.ts';
import { choosePolicyFor } from './policy-dialog.tsx';

interface PolicySelectProps {
  readonly pool: string;
  readonly applied: string;
  readonly policies: readonly PolicyInfo[];
}

export function PolicySelect({ pool, applied, policies }: PolicySelectProps) {
  const id = useId();
  const wanted = pending.value.get(keyOf('policy', pool));
  const summary = policies.find(({ name }) => name === applied)?.summary ?? '';
  return (
    <div class="policy">
      <span id={`${id}-label`} class="policy-label">
        Policy
      </span>
      <button
        type="button"
        id={id}
        class="policy-select"
        data-screen-key="a"
        data-testid="policy-select"
        aria-labelledby={`${id}-label ${id}`}
        aria-describedby={`${id}-note`}
        aria-haspopup="dialog"
        aria-busy={wanted !== undefined}
        title="Compare policies and switch (a)"
        onClick={() => choosePolicyFor(pool)}
      >
        {applied}
      </button>
      <p
        id={`${id}-note`}
        class="policy-note"
        data-testid="policy-note"
        data-kind={wanted === undefined ? 'summary' : 'pending'}
        role="status"
      >
        {wanted === undefined ? summary : `Switching to ${wanted} …`}
      </p>
    </div>
  );
}
