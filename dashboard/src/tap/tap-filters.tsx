/** The fields of the tap's filter, kept in the address. Each takes effect when it is left, or by Enter. */

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import { getSnapshot } from '../live/api.ts';
import { Icon } from '../parts/icon.tsx';
import { place, setOption } from '../router.ts';
import { poolsTopic, poolTopic } from '../topics.ts';
import { type ReadFilter, STATUS_CHOICES, TAP_OPTIONS, type TapOption } from './tap-filter.ts';

/** Names that are suggested. */
const SUGGESTED = 200;

const LABELS: Readonly<Record<TapOption, string>> = {
  pool: 'Pool',
  backend: 'Backend',
  route: 'Route, number',
  status: 'Status',
  minMs: 'At least, ms',
  client: 'Client address',
};

export function TapFilters({ filter, problems }: ReadFilter) {
  const pools = useNames(poolsTopic({ limit: SUGGESTED }));
  const backends = useNames(filter.pool === undefined ? null : poolTopic(filter.pool, { limit: SUGGESTED }));
  const choices: Readonly<Partial<Record<TapOption, readonly string[]>>> = {
    pool: pools,
    backend: backends,
    status: STATUS_CHOICES,
  };
  const { options } = place.value;
  const isFiltered = [...TAP_OPTIONS, 'q'].some((name) => (options[name] ?? '') !== '');
  const usedCount = TAP_OPTIONS.filter((name) => (options[name] ?? '') !== '').length;
  // Where there is little room the fields fold away; where there is enough they always show.
  const isUnfolded = useSignal(false);
  return (
    <search class="tap-filters" aria-label="Which requests" data-unfolded={isUnfolded.value}>
      <button
        type="button"
        class="button tap-fold"
        aria-expanded={isUnfolded.value}
        onClick={() => {
          isUnfolded.value = !isUnfolded.value;
        }}
      >
        {usedCount === 0 ? 'Filter by pool, status …' : `Filter (${usedCount})`} <Icon name="chevron-down" />
      </button>
      {TAP_OPTIONS.map((name) => (
        <Field
          key={name}
          name={name}
          text={options[name] ?? ''}
          problem={problems[name] ?? null}
          choices={choices[name] ?? null}
        />
      ))}
      <button
        type="button"
        class="button"
        data-testid="tap-all"
        disabled={!isFiltered}
        onClick={() => {
          for (const name of [...TAP_OPTIONS, 'q']) setOption(name, null);
        }}
      >
        All requests
      </button>
    </search>
  );
}

interface FieldProps {
  readonly name: TapOption;
  readonly text: string;
  readonly problem: string | null;
  readonly choices: readonly string[] | null;
}

function Field({ name, text, problem, choices }: FieldProps) {
  const listId = useId();
  const problemId = useId();
  return (
    <label class="tap-field" data-option={name}>
      <span>{LABELS[name]}</span>
      <input
        type="text"
        name={name}
        data-testid={`tap-${name}`}
        value={text}
        placeholder="any"
        spellcheck={false}
        autocomplete="off"
        inputmode={name === 'minMs' || name === 'route' ? 'numeric' : 'text'}
        aria-invalid={problem !== null}
        {...(choices === null ? {} : { list: listId })}
        {...(problem === null ? {} : { 'aria-describedby': problemId })}
        onChange={(event) => setOption(name, event.currentTarget.value.trim() || null)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      {choices === null ? null : <Choices id={listId} choices={choices} />}
      {problem === null ? null : (
        <span class="tap-problem" id={problemId} role="alert">
          {problem}
        </span>
      )}
    </label>
  );
}

function Choices({ id, choices }: { readonly id: string; readonly choices: readonly string[] }): ComponentChildren {
  return (
    <datalist id={id}>
      {choices.map((choice) => (
        <option key={choice} value={choice} />
      ))}
    </datalist>
  );
}

/** The names of a topic's rows, read once: they are only suggestions. */
function useNames(topic: string | null): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    let isWanted = true;
    setNames([]);
    if (topic === null) return undefined;
    void getSnapshot([topic])
      .then(({ topics }) => {
        if (isWanted) setNames((topics[topic]?.rows ?? []).map(({ name }) => name));
      })
      .catch(() => {});
    return () => {
      isWanted = false;
    };
  }, [topic]);
  return names;
}
