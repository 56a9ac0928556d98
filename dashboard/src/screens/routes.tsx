/** Listeners and routes: who answers what, and a tester that says why. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { formatRate, formatWhole } from '../format.ts';
import { useRouteTest } from '../live/route-test.ts';
import { isStale } from '../live/session.ts';
import { useTopic } from '../live/use-topic.ts';
import { curlTarget } from '../parts/empty.tsx';
import { FilterField } from '../parts/filter-field.tsx';
import { ListenersTable } from '../parts/listeners-table.tsx';
import { Pager } from '../parts/pager.tsx';
import { RouteTester } from '../parts/route-tester.tsx';
import { NoRoutes, ROUTE_SORTS, RoutesTable } from '../parts/routes-table.tsx';
import { readSort } from '../parts/sort-header.tsx';
import type { ListenerRow, RouteRow, RoutesFields } from '../protocol.ts';
import { place } from '../router.ts';
import { LISTENERS, routesTopic } from '../topics.ts';

export function RoutesScreen() {
  const offset = useSignal(0);
  const target = useRef<HTMLInputElement>(null);
  const { filter, sort } = place.value;
  const listeners = useTopic(LISTENERS)?.rows;
  const topic = useTopic(routesTopic({ offset: offset.value, sort: readSort(sort, ROUTE_SORTS), filter }));
  const listener = listeners === undefined ? null : listenerOf(listeners);
  const test = useRouteTest(listener);
  const fields = topic?.fields;
  const taking = test.answer.value?.explanation.route?.number ?? null;

  const tryRoute = ({ example }: RouteRow): void => {
    const host = example.host === '' ? listener : example.host;
    test.ask({ method: 'GET', target: `${host === null ? '' : `http://${host}`}${example.path}`, headers: '' });
    const input = target.current;
    input?.closest('section')?.scrollIntoView({ block: 'start' });
    // After the key that was pressed in the row, which leaves the focus on its button.
    setTimeout(() => input?.focus({ preventScroll: true }));
  };

  return (
    <main class="screen routes" id="screen" tabIndex={-1} aria-busy={topic === undefined || listeners === undefined}>
      <header class="screen-head">
        <h1>Routes</h1>
        <FilterField label="Filter by host, path, pool" text={filter} />
      </header>
      {listeners === undefined || listeners.length === 0 ? null : (
        <section class="panel" aria-label="Listeners">
          <ListenersTable listeners={listeners} routeCount={fields?.routeCount ?? null} />
        </section>
      )}
      <RouteTester test={test} listener={listener} target={target} />
      <section class="panel" aria-label="Routes">
        {fields?.routeCount === 0 ? (
          <NoRoutes />
        ) : (
          <RoutesTable routes={topic?.rows ?? []} taking={taking} onTest={tryRoute} />
        )}
        {fields !== undefined && fields.matchingCount === 0 && filter !== '' ? (
          <p class="empty">No route matches “{filter}”.</p>
        ) : null}
        <Pager
          noun="route"
          count={fields?.matchingCount ?? 0}
          offset={fields?.offset ?? 0}
          onPage={(next) => {
            offset.value = next;
          }}
        />
        {fields === undefined ? null : <Unrouted fields={fields} />}
      </section>
    </main>
  );
}

/** Host and port of the first listener that accepts, as it can be reached from here. */
function listenerOf(listeners: readonly ListenerRow[]): string | null {
  const one = listeners.find(({ acceptingWorkers }) => acceptingWorkers > 0) ?? listeners[0];
  return one === undefined ? '' : new URL(curlTarget(one.address, location.hostname)).host;
}

function Unrouted({ fields }: { readonly fields: RoutesFields }) {
  const { unroutedRequests: count, unroutedRps: rps } = fields;
  return (
    <p class="unrouted" data-stale={isStale.value}>
      {count === 0 ? (
        'No request has come that no route takes.'
      ) : (
        <>
          <b data-testid="unrouted">{formatWhole(count)}</b> {count === 1 ? 'request' : 'requests'} since the start that
          no route takes, <b>{formatRate(rps)}</b> a second now: answered <code>404 ROUTE_NOT_FOUND</code>.
        </>
      )}
    </p>
  );
}
