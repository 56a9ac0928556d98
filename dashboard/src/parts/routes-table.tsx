/** Routes in the order in which they are asked: what each matches, where it leads, what it has taken. */
import { formatRate, formatWhole } from '../format.ts';
import { isStale } from '../live/session.ts';
import type { RouteSort, RouteRow as Row } from '../protocol.ts';
import { matchWords } from '../route-words.ts';
import { poolHref } from '../router.ts';
import { SortHeader } from './sort-header.tsx';
import { Shape, StateMark } from './state-mark.tsx';

/** Columns that the table can be sorted by. */
export const ROUTE_SORTS: readonly RouteSort[] = ['number', 'pool', 'rps', 'requests'];

interface RoutesTableProps {
  readonly routes: readonly Row[];
  /** The route that takes the request that was tested last; null for none. */
  readonly taking: number | null;
  readonly onTest: (route: Row) => void;
}

export function RoutesTable({ routes, taking, onTest }: RoutesTableProps) {
  return (
    <table class="table routes-table" data-stale={isStale.value} data-testid="routes">
      <caption class="hidden">
        Routes in the order in which they are asked; the first that matches takes a request
      </caption>
      <thead>
        <tr>
          <th scope="col" class="n c-number">
            <abbr title="Number: route 1 is asked first">No.</abbr>
          </th>
          <th scope="col" class="c-match">
            Match
          </th>
          <SortHeader column="pool" first="ascending" class="c-pool">
            Pool
          </SortHeader>
          <SortHeader column="rps" first="descending" class="n c-rps">
            <span title="Requests taken a second, over the last 10 s, over all workers">Req/s</span>
          </SortHeader>
          <SortHeader column="requests" first="descending" class="n c-hits">
            <span title="Requests taken since the start, over all workers (ballast_route_requests_total)">Hits</span>
          </SortHeader>
          <th scope="col" class="c-test">
            <span class="hidden">Test</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {routes.map((route) => (
          <RouteRow key={route.name} route={route} isTaking={route.number === taking} onTest={onTest} />
        ))}
      </tbody>
    </table>
  );
}

interface RouteRowProps {
  readonly route: Row;
  readonly isTaking: boolean;
  readonly onTest: (route: Row) => void;
}

function RouteRow({ route, isTaking, onTest }: RouteRowProps) {
  const { number, host, path, pool, requests, rps, coveredBy } = route;
  const { match, open } = matchWords(host, path);
  return (
    <tr class="row" data-row data-testid={`route-${number}`} data-taking={isTaking} tabIndex={-1}>
      <td class="n c-number">{number}</td>
      <th scope="row" class="c-match">
        <span class={host === null && path === null ? 'name' : 'name pattern'} title={match}>
          {match}
        </span>
        <span class="route-notes">
          {coveredBy !== null ? (
            <span class="covered" data-testid={`route-${number}-covered`}>
              <span data-state="warning">
                <Shape of="warning" />
              </span>
              never matches: route {coveredBy} takes all that it would
            </span>
          ) : open === '' ? null : (
            <span class="minor">{open}</span>
          )}
          {isTaking ? <span class="taking">takes the tested request</span> : null}
        </span>
      </th>
      <td class="c-pool" data-label="Pool">
        <span class="pool-state">
          <a class="name" href={poolHref(pool)} data-open>
            {pool}
          </a>
          <StateMark state={route.severity}>{route.words}</StateMark>
        </span>
      </td>
      <td class="n c-rps" data-label="Requests/s" data-testid={`route-${number}-rps`}>
        {formatRate(rps)}
      </td>
      <td class="n c-hits" data-label="Hits since the start" data-testid={`route-${number}-hits`}>
        {requests === 0 ? <span class="minor">never matched</span> : formatWhole(requests)}
      </td>
      <td class="c-test">
        <button
          type="button"
          class="button"
          data-key="t"
          data-testid={`route-${number}-test`}
          onClick={() => onTest(route)}
        >
          Test this route<span class="hidden">, number {number}</span>
        </button>
      </td>
    </tr>
  );
}

const FIRST_ROUTES = `routes:
  - { match: { host: api.example.com, path: /v1 }, pool: api }
  - { pool: web }`;

export function NoRoutes() {
  return (
    <div class="empty" data-testid="no-routes">
      <p>
        There are no routes: every request is answered 404. A route says which requests go to which pool; the first that
        matches takes them, and one without a match takes everything:
      </p>
      <pre>{FIRST_ROUTES}</pre>
      <p>
        Then reload with <code>kill -HUP</code>; nothing is dropped.
      </p>
    </div>
  );
}
