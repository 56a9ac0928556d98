/** Where clients are accepted, and how many of them are connected. */
import { formatWhole } from '../format.ts';
import { isStale } from '../live/session.ts';
import type { ListenerRow } from '../protocol.ts';
import { LISTENER_SHAPES, listenerWords } from '../route-words.ts';
import { StateMark } from './state-mark.tsx';

interface ListenersTableProps {
  readonly listeners: readonly ListenerRow[];
  readonly routeCount: number | null;
}

export function ListenersTable({ listeners, routeCount }: ListenersTableProps) {
  return (
    <table class="table listeners-table" data-stale={isStale.value} data-testid="listeners">
      <caption class="hidden">Listeners</caption>
      <thead>
        <tr>
          <th scope="col">Listener</th>
          <th scope="col">State</th>
          <th scope="col">Address</th>
          <th scope="col" class="n" title="Client connections that came in here and are open, over all workers">
            Connections
          </th>
          <th scope="col">Routes</th>
        </tr>
      </thead>
      <tbody>
        {listeners.map((listener) => (
          <tr key={listener.name} class="row" data-testid={`listener-${listener.name}`} data-state={listener.state}>
            <th scope="row" class="c-name">
              <span class="name">{listener.name}</span>
            </th>
            <td class="c-state">
              <StateMark state={LISTENER_SHAPES[listener.state]}>{listenerWords(listener)}</StateMark>
              {listener.reason === '' ? null : <span class="reason">{listener.reason}</span>}
            </td>
            <td class="c-address" data-label="Address">
              <code>{listener.address}</code>
            </td>
            <td class="n" data-label="Connections" data-testid={`listener-${listener.name}-connections`}>
              {formatWhole(listener.clientConnections)}
            </td>
            <td class="c-routes" data-label="Routes" title="Every route holds for every listener">
              {routeCount === null ? '' : routeCount === 1 ? 'the one route' : `all ${formatWhole(routeCount)} routes`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
