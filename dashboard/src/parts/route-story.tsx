/**
 * What would become of a request, told in its order: the routes that were asked, the one that took
 * it, who of its pool could get it, and the commands that ask or do the same.
 */
import type { ExplainedBackend, LostRoute, TakingRoute } from '../../../src/protocol/admin-api.ts';
import { formatClock, formatWhole, plural } from '../format.ts';
import type { Answer } from '../live/route-test.ts';
import { STATE_WORDS } from '../roll-up.ts';
import { curlLine, explainLine } from '../route-question.ts';
import { backendsInOrder, headline, matchWords, OUTCOME_SHAPES, reasonWords, shareWords } from '../route-words.ts';
import { backendHref, poolHref } from '../router.ts';
import { CopyLine } from './copy-line.tsx';
import { Shape, StateMark } from './state-mark.tsx';

/** Routes that lost and backends that are shown at once; the rest is behind a click. */
const SHOWN_AT_ONCE = 8;

interface RouteStoryProps {
  readonly answer: Answer;
  readonly listener: string | null;
  readonly onClear: () => void;
}

export function RouteStory({ answer, listener, onClear }: RouteStoryProps) {
  const { asked, explanation, atMs } = answer;
  const { request, failure, route, lost, moreLost, pool } = explanation;
  const explain = explainLine(asked, document.baseURI);
  return (
    <div class="story" data-testid="story" data-outcome={explanation.outcome}>
      <header class="story-head">
        <h3>
          <StateMark state={OUTCOME_SHAPES[explanation.outcome]} testid="story-headline">
            {headline(explanation)}
          </StateMark>
        </h3>
        <span class="minor">as of {formatClock(atMs)}</span>
        <button type="button" class="button" onClick={onClear}>
          Clear
        </button>
        <p class="story-request">
          <code>
            {request.method} {request.host}
            {request.path}
          </code>
          {failure === null ? null : <span>{failure.text}</span>}
        </p>
      </header>
      <div class="story-parts">
        <section aria-label="Routes asked">
          <h4>Routes, in order</h4>
          <RoutesAsked route={route} lost={lost} moreLost={moreLost} />
        </section>
        {pool === null ? null : (
          <section aria-label={`Backends of ${pool.name}`}>
            <h4>
              Pool <a href={poolHref(pool.name)}>{pool.name}</a> <span class="minor">{pool.policy}</span>
              {pool.isPanic ? <span class="bad"> panic: health is ignored</span> : null}
            </h4>
            <Backends pool={pool.name} backends={backendsInOrder(pool.backends)} />
          </section>
        )}
      </div>
      <div class="story-lines">
        {explain === null ? null : <CopyLine label="ballast" text={explain} testid="explain-line" />}
        {listener === null ? null : <CopyLine label="curl" text={curlLine(asked, listener)} testid="curl-line" />}
      </div>
    </div>
  );
}

interface RoutesAskedProps {
  readonly route: TakingRoute | null;
  readonly lost: readonly LostRoute[];
  readonly moreLost: number;
}

function RoutesAsked({ route, lost, moreLost }: RoutesAskedProps) {
  const rest = lost.slice(SHOWN_AT_ONCE);
  if (lost.length === 0 && route === null) return <p class="minor">None was asked.</p>;
  return (
    <>
      <Lost routes={lost.slice(0, SHOWN_AT_ONCE)} />
      {rest.length === 0 ? null : (
        <details>
          <summary>{plural(rest.length, 'more route')} that did not match</summary>
          <Lost routes={rest} />
        </details>
      )}
      {moreLost === 0 ? null : <p class="minor">and {formatWhole(moreLost)} more that did not match</p>}
      {route === null ? null : (
        <p class="story-route" data-kind="taking" data-testid="story-route">
          <RouteName route={route} />
          <span class="story-reason">
            <span data-state="up">
              <Shape of="up" />
            </span>
            takes it: {route.reason}
          </span>
        </p>
      )}
    </>
  );
}

function Lost({ routes }: { readonly routes: readonly LostRoute[] }) {
  if (routes.length === 0) return null;
  return (
    <ol data-testid="story-lost">
      {routes.map((route) => (
        <li key={route.number} class="story-route">
          <RouteName route={route} />
          <span class="story-reason minor">{route.reason}</span>
        </li>
      ))}
    </ol>
  );
}

function RouteName({ route }: { readonly route: TakingRoute }) {
  return (
    <span class="story-name">
      <span class="minor">{route.number}</span> <code>{matchWords(route.host, route.path).match}</code>
    </span>
  );
}

function Backends({ pool, backends }: { readonly pool: string; readonly backends: readonly ExplainedBackend[] }) {
  const rest = backends.slice(SHOWN_AT_ONCE);
  if (backends.length === 0) return <p class="minor">It has no backends.</p>;
  return (
    <>
      <BackendList pool={pool} backends={backends.slice(0, SHOWN_AT_ONCE)} />
      {rest.length === 0 ? null : (
        <details>
          <summary>{plural(rest.length, 'more backend')}</summary>
          <BackendList pool={pool} backends={rest} />
        </details>
      )}
    </>
  );
}

function BackendList({ pool, backends }: { readonly pool: string; readonly backends: readonly ExplainedBackend[] }) {
  return (
    <ul data-testid="story-backends">
      {backends.map((backend) => (
        <li key={backend.name} class="story-backend" data-candidate={backend.isCandidate}>
          <a href={backendHref(pool, backend.name)}>{backend.name}</a>
          <StateMark state={backend.state}>{STATE_WORDS[backend.state]}</StateMark>
          <span class="story-share">
            <svg class="share-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
              <rect class="share-track" width="100" height="6" rx="1" />
              <rect class="share-fill" width={100 * (backend.share ?? 0)} height="6" rx="1" />
            </svg>
            {shareWords(backend)}
          </span>
          {backend.reason === '' ? null : <span class="story-reason minor">{reasonWords(backend)}</span>}
        </li>
      ))}
    </ul>
  );
}
