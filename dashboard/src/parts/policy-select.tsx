/**
 * The menu of a pool's policy. It always shows the policy that the server has applied: a choice is
 * `switching to …` beside it until the live picture confirms it, and an error stands beside it if
 * it was refused. A native select, drawn with summaries where the browser can do so.
 */
import { useId } from 'preact/hooks';
import { changePolicy, keyOf, pending, refusals } from '../live/actions.ts';
import type { PolicyInfo } from '../protocol.ts';

interface PolicySelectProps {
  readonly pool: string;
  readonly applied: string;
  readonly policies: readonly PolicyInfo[];
}

export function PolicySelect({ pool, applied, policies }: PolicySelectProps) {
  const id = useId();
  const key = keyOf('policy', pool);
  const wanted = pending.value.get(key);
  const refusal = refusals.value.get(key);
  const summaryOf = (name: string): string => policies.find((policy) => policy.name === name)?.summary ?? '';
  const note = wanted === undefined ? (refusal ?? summaryOf(applied)) : `Switching to ${wanted} …`;
  return (
    <div class="policy">
      <label for={id}>Policy</label>
      <select
        id={id}
        class="policy-select"
        data-testid="policy-select"
        value={applied}
        aria-busy={wanted !== undefined}
        aria-describedby={`${id}-note`}
        onChange={(event) => {
          const choice = event.currentTarget.value;
          event.currentTarget.value = applied;
          if (choice !== applied) void changePolicy(pool, choice);
        }}
      >
        {/* Where the browser draws the select by our styles, its face is the policy in force. */}
        <button type="button">
          <span>{applied}</span>
        </button>
        {policies.map(({ name, summary }) => (
          <option key={name} value={name} selected={name === applied}>
            <span class="option-name">{name}</span> <span class="option-summary">{summary}</span>
          </option>
        ))}
      </select>
      <p
        id={`${id}-note`}
        class="policy-note"
        data-testid="policy-note"
        data-kind={wanted !== undefined ? 'pending' : refusal === undefined ? 'summary' : 'error'}
        role="status"
      >
        {note}
      </p>
    </div>
  );
}
