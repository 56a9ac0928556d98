/** How many backends are in which state, at one glance: a shape each, what serves first, what is wrong last. */
import { countWords, type StateCounts, shapesOf } from '../roll-up.ts';
import { Shape } from './state-mark.tsx';

/** More shapes than this say nothing; the words have the number. */
const SHAPES_AT_MOST = 24;

export function BackendShapes({ states }: { readonly states: StateCounts }) {
  const { shapes, rest } = shapesOf(states, SHAPES_AT_MOST);
  const words = countWords(states);
  return (
    <span class="shapes" role="img" aria-label={words} title={words}>
      {shapes.map((state, index) => (
        <span key={`${index} ${state}`} data-state={state}>
          <Shape of={state} />
        </span>
      ))}
      {rest > 0 ? <span class="minor">+{rest}</span> : null}
    </span>
  );
}
