/**
 * One backend, as a row of the table or, where there is no room for one, as a card.
 *
 * It reads a signal, so it is painted again only when that or one of its properties has changed:
 * what a delta has not touched keeps its identity in the store. Times that run are cells of their
 * own (`age.tsx`). In a long table a row out of sight stands still.
 */
import type { JSX, RefObject } from 'preact';
import { useRef } from 'preact/hooks';
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { formatCount, formatMs, formatRate, formatWhole } from '../format.ts';
import { keyOf, pending } from '../live/actions.ts';
import { stateWords } from '../roll-up.ts';
import { backendHref } from '../router.ts';
import { Age, Countdown } from './age.tsx';
import { useInView } from './in-view.ts';
import { ModeButtons } from './mode-buttons.tsx';
import { ShareBar } from './share-bar.tsx';
import { StateMark } from './state-mark.tsx';
import { WeightStepper } from './weight-stepper.tsx';

interface BackendRowProps {
  readonly pool: string;
  readonly backend: BackendStatus;
  readonly usesWeights: boolean;
  /** Whether the table is so long that rows out of sight stand still. */
  readonly isInLongTable: boolean;
}

export function BackendRow(props: BackendRowProps) {
  const element = useRef<HTMLTableRowElement>(null);
  const isInView = useInView(element, props.isInLongTable);
  const still = useRef<JSX.Element | null>(null);
  if (isInView) {
    still.current = null;
    return rowOf(props, element, true);
  }
  // The same node again: nothing below it is compared, let alone painted.
  still.current ??= rowOf(props, element, false);
  return still.current;
}

function rowOf(props: BackendRowProps, element: RefObject<HTMLTableRowElement | null>, isInView: boolean): JSX.Element {
  const { pool, backend, usesWeights } = props;
  const { name } = backend;
  const address = backend.url.replace(/^http:\/\//, '').replace(/\/$/, '');
  const isPending = pending.value.has(keyOf('mode', pool, name)) || pending.value.has(keyOf('remove', pool, name));
  return (
    <tr
      ref={element}
      class="row"
      data-row
      data-testid={`backend-${name}`}
      data-state={backend.state}
      aria-busy={isPending}
      tabIndex={-1}
    >
      <td class="c-state">
        <StateMark state={backend.isRemoved ? 'draining' : backend.state} testid={`backend-${name}-state`}>
          {stateWords(backend)}
        </StateMark>
        <span class="reason" title={backend.reason}>
          <span class="minor">
            <Age sinceMs={backend.sinceMs} isRunning={isInView} />
          </span>
          {backend.state === 'up' || backend.reason === '' ? null : (
            <>
              {' · '}
              <span data-testid={`backend-${name}-reason`}>{backend.reason}</span>
            </>
          )}
        </span>
      </td>
      <th scope="row" class="c-name">
        <a class="name" href={backendHref(pool, name)} title={name} data-open>
          {name}
        </a>
        {address === name ? null : (
          <span class="address" title={backend.url}>
            {address}
          </span>
        )}
      </th>
      <td class="c-weight" data-label="Weight">
        <WeightStepper pool={pool} backend={name} applied={backend.weight} hasEffect={usesWeights} />
      </td>
      <td class="c-share" data-label="Share: expected, actual">
        <ShareBar expected={backend.expectedShare} actual={coarse(backend.actualShare)} />
      </td>
      <td class="n" data-label="Requests/s" data-testid={`backend-${name}-rps`}>
        {formatRate(backend.rps)}
      </td>
      <td class="n" data-label="In flight" data-testid={`backend-${name}-in-flight`}>
        {formatWhole(backend.inFlight)}
        {backend.maxConnections > 0 ? <small>/{backend.maxConnections}</small> : null}
      </td>
      <td class="n c-two" data-label="Connections: open, idle">
        <span>{formatWhole(backend.connections)}</span>
        <span class="minor">{formatWhole(backend.idleConnections)}</span>
      </td>
      <td class="n c-three" data-label="p50, p95, p99 (ms)">
        <span>{formatMs(backend.latencyMs.p50)}</span>
        <span>{formatMs(backend.latencyMs.p95)}</span>
        <span>{formatMs(backend.latencyMs.p99)}</span>
      </td>
      <td class="n c-three" data-label="Answers 2xx, 4xx, 5xx">
        <Count value={backend.statuses['2xx']} />
        <Count value={backend.statuses['4xx']} />
        <Count value={backend.statuses['5xx']} isBad />
      </td>
      <td class="n" data-label="Failures" data-testid={`backend-${name}-failures`}>
        <Count value={backend.failures} isBad title={failureWords(backend.failuresByCode)} />
      </td>
      <td class="c-check" data-label="Health check">
        <LastCheck backend={backend} isRunning={isInView} />
      </td>
      <td class="c-mode" data-label="Mode">
        <ModeButtons pool={pool} backend={name} applied={backend.mode} isRemoved={backend.isRemoved} />
      </td>
    </tr>
  );
}

/** As fine as it is shown. */
const coarse = (share: number | null): number | null => (share === null ? null : Math.round(share * 1000) / 1000);

interface CountProps {
  readonly value: number;
  readonly isBad?: boolean;
  readonly title?: string;
}

function Count({ value, isBad, title }: CountProps) {
  const words = value >= 1000 ? formatWhole(value) : '';
  const tip = [words, title ?? ''].filter((part) => part !== '').join(' · ');
  return (
    <span class={isBad === true && value > 0 ? 'bad' : undefined} title={tip === '' ? undefined : tip}>
      {formatCount(value)}
    </span>
  );
}

/** `UPSTREAM_CONNECT_REFUSED 12, UPSTREAM_ANSWER_TIMEOUT 3`, most frequent first. */
export function failureWords(byCode: Readonly<Record<string, number>>): string {
  return Object.entries(byCode)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([code, count]) => `${code} ${formatWhole(count)}`)
    .join(', ');
}

function LastCheck({ backend, isRunning }: { readonly backend: BackendStatus; readonly isRunning: boolean }) {
  const check = backend.lastCheck;
  if (check === null) {
    return (
      <>
        <span>none yet</span>
        <span class="minor">
          next <Countdown atMs={backend.nextCheckMs} isRunning={isRunning} />
        </span>
      </>
    );
  }
  return (
    <>
      <span class={check.isPass ? undefined : 'bad'} title={check.detail}>
        {check.isPass ? check.detail : `failed: ${check.detail}`} · {formatMs(check.durationMs)} ms
      </span>
      <span class="minor">
        <Age sinceMs={check.atMs} isRunning={isRunning} /> ago, next{' '}
        <Countdown atMs={backend.nextCheckMs} isRunning={isRunning} />
      </span>
    </>
  );
}
