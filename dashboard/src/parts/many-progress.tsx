/** How far a change of many backends is, and on which it was not made and why, one by one. */
import { plural } from '../format.ts';
import type { Progress } from '../live/many.ts';

interface ManyProgressProps {
  readonly progress: Progress;
  readonly isStopped: boolean;
  readonly onStop: () => void;
  readonly onClose: () => void;
}

export function ManyProgress({ progress, isStopped, onStop, onClose }: ManyProgressProps) {
  const { total, done, failed, isOver } = progress;
  const rest = total - done - failed.length;
  return (
    <>
      <p role="status" data-testid="many-progress">
        {done} of {plural(total, 'backend')} done
        {failed.length > 0 ? `, ${failed.length} not` : ''}
        {isOver && rest > 0 ? `, stopped before ${rest}` : ''}
        {isOver ? '.' : ' …'}
      </p>
      <progress max={total} value={done + failed.length} aria-label="Backends that are done" />
      {failed.length === 0 ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys.
        <ul class="failed" tabIndex={0} aria-label="Not done" data-testid="many-failed">
          {failed.map(({ backend, why }) => (
            <li key={backend}>
              <b>{backend}</b> {why}
            </li>
          ))}
        </ul>
      )}
      <div class="dialog-buttons">
        {isOver ? (
          <button type="button" class="button primary" onClick={onClose} data-testid="many-close">
            Close
          </button>
        ) : (
          <button type="button" class="button" aria-disabled={isStopped} onClick={onStop}>
            {isStopped ? 'Stopping …' : 'Stop'}
          </button>
        )}
      </div>
    </>
  );
}
