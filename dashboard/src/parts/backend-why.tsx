/**
 * Why a backend gets what it gets, in words: worked out by the balancer, so that the command line
 * says the same, with the events that led there.
 */
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { getExplanation } from '../live/api.ts';
import { shown } from '../live/session.ts';
import { useRead } from '../live/use-read.ts';
import { eventsHref } from '../router.ts';
import { requestsHref } from '../tap/tap-filter.ts';
import { EventItems } from './event-items.tsx';

/** Shares follow the load: they are asked for again this often, and at once when its state changes. */
const REFRESH_SECONDS = 5;
/** More are on the screen of events. */
const SHOWN_EVENTS = 4;

interface BackendWhyProps {
  readonly pool: string;
  readonly backend: BackendStatus;
}

export function BackendWhy({ pool, backend }: BackendWhyProps) {
  const { name, state, reason, mode, weight, isRemoved } = backend;
  const model = shown.value;
  const tick = Math.floor((model?.second ?? 0) / REFRESH_SECONDS);
  const key = [model?.instance, tick, state, reason, mode, weight, isRemoved, backend.inFlight === 0].join(' ');
  const { answer, problem } = useRead(() => getExplanation(pool, name), key);
  return (
    <section class="panel backend-why" aria-labelledby="why-title">
      <h2 class="panel-title" id="why-title">
        Why it gets what it gets{' '}
        <span>
          <a href={eventsHref(`${pool}/${name}`)}>Its events</a> ·{' '}
          <a href={requestsHref({ pool, backend: name })}>Its live requests</a>
        </span>
      </h2>
      <div class="why-words" data-testid="backend-why">
        {problem === null ? null : <p class="minor">It cannot be asked: {problem}</p>}
        {answer?.why.map((sentence, index) => (
          <p key={index} class={index === 0 ? 'why-first' : undefined}>
            {sentence}
          </p>
        ))}
        {answer?.next.map((sentence, index) => (
          <p key={index} class="minor">
            {sentence}
          </p>
        ))}
      </div>
      {answer === null || answer.events.length === 0 ? null : (
        <EventItems events={answer.events.toReversed().slice(0, SHOWN_EVENTS)} testid="backend-events" />
      )}
    </section>
  );
}
