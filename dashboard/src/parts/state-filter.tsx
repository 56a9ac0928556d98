/** The words of a filter that are about the state, to be pressed instead of typed. */
import { place, setFilter } from '../router.ts';

export interface StateChoice {
  readonly words: string;
  /** As it stands in the filter: `state:down`, `!state:up`; empty for all. */
  readonly word: string;
}

interface StateFilterProps {
  readonly label: string;
  readonly choices: readonly StateChoice[];
}

const isAboutState = (word: string): boolean => /^!?state:/.test(word);

/** The filter with this word about the state instead of any other. Pure. */
export function withStateWord(filter: string, word: string): string {
  const others = filter.split(/\s+/).filter((one) => one !== '' && !isAboutState(one));
  return (word === '' ? others : [word, ...others]).join(' ');
}

export function StateFilter({ label, choices }: StateFilterProps) {
  const { filter } = place.value;
  const word = filter.split(/\s+/).find(isAboutState) ?? '';
  return (
    <span class="segments states" role="group" aria-label={label}>
      {choices.map((choice) => (
        <button
          key={choice.word}
          type="button"
          aria-pressed={choice.word === word}
          data-testid={`filter-${choice.word === '' ? 'all' : choice.word}`}
          onClick={() => setFilter(withStateWord(filter, choice.word))}
        >
          {choice.words}
        </button>
      ))}
    </span>
  );
}
