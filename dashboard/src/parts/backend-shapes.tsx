/** The states of many backends at one glance, a shape each. */
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { stateWords } from '../roll-up.ts';
import { Shape } from './state-mark.tsx';

/** More shapes than this say nothing; the roll-up beside them has the number. */
const SHAPES_AT_MOST = 24;

export function BackendShapes({ backends }: { readonly backends: readonly BackendStatus[] }) {
  const rest = backends.length - SHAPES_AT_MOST;
  return (
    <span class="shapes">
      {backends.slice(0, SHAPES_AT_MOST).map((backend, index) => (
        <span
          key={`${index} ${backend.name}`}
          data-state={backend.state}
          title={`${backend.name}: ${stateWords(backend)}`}
        >
          <Shape of={backend.state} label={`${backend.name} ${stateWords(backend)}`} />
        </span>
      ))}
      {rest > 0 ? <span class="minor">+{rest}</span> : null}
    </span>
  );
}
