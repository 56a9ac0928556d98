/** Whom a backend serves: the routes that lead to its pool, as far as one window shows them. */
import { formatRate } from '../format.ts';
import { isStale } from '../live/session.ts';
import { useTopic } from '../live/use-topic.ts';
import type { RouteRow } from '../protocol.ts';
import { routesTopic } from '../topics.ts';

export function BackendRoutes({ pool }: { readonly pool: string }) {
  const topic = useTopic(routesTopic({ filter: `pool:${pool}`, limit: 100 }));
  // The filter is by words: it also finds pools whose names begin like this one's.
  const routes = topic?.rows?.filter((route) => route.pool === pool) ?? [];
  return (
    <section class="panel backend-routes" aria-labelledby="serves-title" data-testid="backend-routes">
      <h2 class="panel-title" id="serves-title">
        Whom it serves <a href="#/routes">All routes</a>
      </h2>
      {topic != null && routes.length === 0 ? (
        <p class="empty">No route leads to the pool {pool}: no request can reach it.</p>
      ) : (
        <ul data-stale={isStale.value}>
          {routes.map((route) => (
            <li key={route.number}>
              <span class="minor">{route.number}</span>
              <span class="route-match">{matchWords(route)}</span>
              <span class="route-rate">{formatRate(route.rps)}/s</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** `api.example.com/v1`, `every host /v1`, `everything`. */
function matchWords({ host, path }: Pick<RouteRow, 'host' | 'path'>) {
  if (host === null && path === null) return 'everything';
  return (
    <>
      {host === null ? <span class="minor">any host </span> : <code>{host}</code>}
      {path === null ? null : <code>{path}</code>}
    </>
  );
}
