/**
 * The state of the connection, in one line under the header whenever it is not simply live: the
 * reader must never take an old figure for a fresh one.
 */
import { formatClock } from '../format.ts';
import { connect, isPaused, latest, link, shown, togglePause } from '../live/session.ts';
import { Icon } from '../parts/icon.tsx';

export function Banner() {
  const model = latest.value;
  const from = model === null ? null : formatClock(model.atMs);
  switch (link.value) {
    case 'lost':
      return (
        <div class="banner" data-kind="lost" data-testid="connection-banner" role="status">
          <Icon name="unplug" />
          <span>
            {from === null ? 'The balancer cannot be reached.' : `Connection lost — figures are from ${from}.`} Trying
            again by itself.
          </span>
          <button type="button" class="button" onClick={connect}>
            Try now
          </button>
        </div>
      );
    case 'polling':
      return (
        <div class="banner" data-kind="polling" data-testid="connection-banner" role="status">
          <Icon name="alert" />
          <span>The live channel (WebSocket) is blocked: figures, charts and events are read every 5 s instead.</span>
        </div>
      );
    case 'outdated':
      return (
        <div class="banner" data-kind="lost" data-testid="connection-banner" role="status">
          <Icon name="alert" />
          <span>The balancer was replaced by another version.</span>
          <button type="button" class="button" onClick={() => location.reload()}>
            Reload the page
          </button>
        </div>
      );
    default:
      return isPaused.value && shown.value !== null ? (
        <div class="banner" data-kind="paused" data-testid="paused-banner" role="status">
          <Icon name="pause" />
          <span>Paused at {formatClock(shown.value.atMs)}. The balancer goes on.</span>
          <button type="button" class="button" onClick={togglePause}>
            Resume
          </button>
        </div>
      ) : null;
  }
}
