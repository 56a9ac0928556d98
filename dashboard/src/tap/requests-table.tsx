/**
 * Tapped requests as rows, newest end first. A row never changes once it is there, so it is painted
 * once; the bar beside its duration has a scale of its own, so that no other row moves it.
 */
import { Component } from 'preact';
import { formatBytes, formatDay } from '../format.ts';
import { isStale } from '../live/session.ts';
import { Shape, StateMark } from '../parts/state-mark.tsx';
import type { TappedAttempt, TappedRequest } from '../protocol.ts';
import { formatInstant, formatTook, statusWord, toneOf, tookShare } from './tap-format.ts';
import { endMs, keyOfRequest } from './tapped-list.ts';

type Open = (request: TappedRequest) => void;

/** Tries that have room in a row. */
const SHOWN_TRIES = 3;

/** The row of a request has this id. */
export const rowIdOf = (request: TappedRequest): string => `request-${keyOfRequest(request)}`;

export function RequestsTable({
  requests,
  onOpen,
}: {
  readonly requests: readonly TappedRequest[];
  readonly onOpen: Open;
}) {
  return (
    <table class="table requests" data-stale={isStale.value} data-testid="requests">
      <caption class="hidden">Requests, those that ended last first</caption>
      <colgroup>
        <col class="w-ended" />
        <col class="w-status" />
        <col />
        <col class="w-where" />
        <col class="w-tries" />
        <col class="w-took" />
        <col class="w-bytes" />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">Ended</th>
          <th scope="col">Status</th>
          <th scope="col">Request</th>
          <th scope="col">Pool and backends</th>
          <th scope="col" class="n">
            Tries
          </th>
          <th scope="col" class="n">
            Took
          </th>
          <th scope="col" class="n c-two" title="Bytes of the bodies: from the client, to the client">
            <span>In</span>
            <span>Out</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {requests.map((request) => (
          <RequestRow key={keyOfRequest(request)} request={request} onOpen={onOpen} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly request: TappedRequest;
  readonly onOpen: Open;
}

/**
 * Compared once and not painted again. A node kept by `useMemo` would do the same, but it keeps the
 * whole list as it was when the row was made, and that one its rows, and so on for ever.
 */
class RequestRow extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    return next.request !== this.props.request;
  }

  render({ request, onOpen }: RowProps) {
    return rowOf(request, onOpen);
  }
}

function rowOf(request: TappedRequest, onOpen: Open) {
  const { atMs, status, code, method, host, target, pool, attempts, durationMs, bytesIn, bytesOut } = request;
  const tone = toneOf(request);
  return (
    <tr
      id={rowIdOf(request)}
      class="row"
      data-row
      data-testid={`request-${request.name}`}
      data-tone={tone}
      tabIndex={-1}
      onClick={(event) => {
        const isControl = event.target instanceof Element && event.target.closest('button, a') !== null;
        if (!isControl && getSelection()?.isCollapsed !== false) onOpen(request);
      }}
    >
      <td class="c-ended" title={`${formatDay(atMs)}, began ${formatInstant(atMs)}`}>
        {formatInstant(endMs(request))}
      </td>
      <td class="c-status" title={code ?? undefined}>
        <StateMark state={tone}>{statusWord(status)}</StateMark>
        {code === null ? null : <span class="code">{code}</span>}
      </td>
      <th scope="row" class="c-request" title={`${method} ${host}${target}`}>
        <button type="button" class="open" data-open aria-haspopup="dialog" onClick={() => onOpen(request)}>
          <b>{method === '' ? 'unreadable' : method}</b> <span class="host">{host}</span>
          {target}
        </button>
      </th>
      <td class="c-where" data-label="Pool and backends" title={whereWords(pool, attempts)}>
        <span class="minor">{pool ?? 'no pool'}</span>
        {attempts.length > SHOWN_TRIES ? <span class="minor"> … </span> : ' '}
        {attempts.slice(-SHOWN_TRIES).map((attempt, index) => (
          <Tried key={index} attempt={attempt} />
        ))}
      </td>
      <td class="n c-tries" data-label="Tries">
        {attempts.length}
      </td>
      <td class="n c-took" data-label="Took" title="The bar is logarithmic, from 0.1 ms to 10 s">
        {formatTook(durationMs)}
        <svg class="share-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          <rect class="share-track" width="100" height="6" rx="1" />
          <rect class="share-fill" width={100 * tookShare(durationMs)} height="6" rx="1" />
        </svg>
      </td>
      <td class="n c-two c-bytes" data-label="In, out">
        <span class="minor">{formatBytes(bytesIn)}</span>
        <span>{formatBytes(bytesOut)}</span>
      </td>
    </tr>
  );
}

/** A backend that was tried: a cross before those that failed. */
function Tried({ attempt }: { readonly attempt: TappedAttempt }) {
  if (attempt.code === null) return <span class="tried">{attempt.backend}</span>;
  return (
    <span class="tried" data-state="bad">
      <Shape of="bad" label="failed" />
      {attempt.backend}
    </span>
  );
}

function whereWords(pool: string | null, attempts: readonly TappedAttempt[]): string {
  const tried = attempts.map(({ backend, code }) => (code === null ? backend : `${backend} (${code})`));
  return [pool ?? 'no pool', ...tried].join(' › ');
}
