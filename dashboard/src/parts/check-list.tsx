/** The last health checks of a backend, newest first: how each went, and what it spent its time on. */
import type { BackendStatus, CheckRecord } from '../../../src/protocol/admin-api.ts';
import { formatClock, formatDay, formatMs, NOTHING } from '../format.ts';
import { getChecks } from '../live/api.ts';
import { isStale, shown } from '../live/session.ts';
import { useRead } from '../live/use-read.ts';
import { Age } from './age.tsx';
import { Shape } from './state-mark.tsx';

interface CheckListProps {
  readonly pool: string;
  readonly backend: BackendStatus;
}

export function CheckList({ pool, backend }: CheckListProps) {
  const key = `${shown.value?.instance} ${backend.lastCheck?.atMs}`;
  const { answer, problem } = useRead(() => getChecks(pool, backend.name), key);
  const checks = (answer ?? []).toReversed();
  const failed = checks.filter(({ isPass }) => !isPass).length;
  const longestMs = Math.max(1, ...checks.map(({ durationMs }) => durationMs));
  return (
    <section class="panel check-list" aria-labelledby="checks-title">
      <h2 class="panel-title" id="checks-title">
        Health checks
        <small>
          {checks.length === 0 ? null : `the last ${checks.length}, ${failed === 0 ? 'none' : failed} failed`}
        </small>
      </h2>
      {problem === null ? null : <p class="empty">The checks cannot be read: {problem}</p>}
      {answer !== null && checks.length === 0 ? (
        <p class="empty">It has not been checked yet. Without an address there is nothing to check.</p>
      ) : (
        <section class="check-scroll" tabIndex={0} aria-label="Health checks, newest first">
          <table class="checks" data-testid="checks" data-stale={isStale.value}>
            <caption class="hidden">Health checks, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Result</th>
                <th scope="col" class="n" title="All of it, in milliseconds">
                  ms
                </th>
                <th scope="col" class="n" title="Until the connection stood. Names are looked up apart from checks.">
                  <i class="split-key" data-kind="connect" /> connect
                </th>
                <th scope="col" class="n" title="From then until the head of the answer came">
                  <i class="split-key" data-kind="answer" /> first byte
                </th>
                <th scope="col" class="n" title="What was left: the body">
                  <i class="split-key" data-kind="rest" /> rest
                </th>
                <th scope="col" class="check-split">
                  <span class="hidden">Parts as a bar</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {checks.map((check, index) => (
                <CheckRow
                  key={`${check.atMs} ${check.durationMs}`}
                  check={check}
                  longestMs={longestMs}
                  isSameBody={check.body !== null && check.body === checks[index - 1]?.body}
                />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

interface CheckRowProps {
  readonly check: CheckRecord;
  readonly longestMs: number;
  /** The check above it, which came later, has the same. */
  readonly isSameBody: boolean;
}

function CheckRow({ check, longestMs, isSameBody }: CheckRowProps) {
  const { atMs, isPass, detail, durationMs, connectMs, firstByteMs, body } = check;
  const restMs = connectMs === null || firstByteMs === null ? null : Math.max(0, durationMs - connectMs - firstByteMs);
  return (
    <tr data-pass={isPass}>
      <th scope="row">
        <time dateTime={new Date(atMs).toISOString()} title={formatDay(atMs)}>
          {formatClock(atMs)}
        </time>{' '}
        <span class="minor check-age">
          <Age sinceMs={atMs} />
        </span>
      </th>
      <td>
        <span class="check-result" data-state={isPass ? 'good' : 'bad'}>
          <Shape of={isPass ? 'good' : 'bad'} label={isPass ? 'passed' : 'failed'} />
          <span class={isPass ? undefined : 'bad'}>{detail}</span>
        </span>
        {body === null || body === '' ? null : isSameBody ? (
          <span class="check-same" title={body}>
            same body
          </span>
        ) : (
          <code class="check-body" title="The beginning of the answer's body">
            {body}
          </code>
        )}
      </td>
      <td class="n" data-label="ms">
        {formatMs(durationMs)}
      </td>
      <td class="n minor" data-label="connect">
        {part(connectMs)}
      </td>
      <td class="n minor" data-label="first byte">
        {part(firstByteMs)}
      </td>
      <td class="n minor" data-label="rest">
        {part(restMs)}
      </td>
      <td class="check-split">
        <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          <Bar from={0} ms={connectMs ?? 0} longestMs={longestMs} kind="connect" />
          <Bar from={connectMs ?? 0} ms={firstByteMs ?? 0} longestMs={longestMs} kind="answer" />
          <Bar
            from={(connectMs ?? 0) + (firstByteMs ?? 0)}
            ms={Math.max(0, durationMs - (connectMs ?? 0) - (firstByteMs ?? 0))}
            longestMs={longestMs}
            kind={restMs === null ? 'waiting' : 'rest'}
          />
        </svg>
      </td>
    </tr>
  );
}

const part = (ms: number | null): string => (ms === null ? NOTHING : formatMs(ms));

interface BarProps {
  readonly from: number;
  readonly ms: number;
  readonly longestMs: number;
  readonly kind: 'connect' | 'answer' | 'rest' | 'waiting';
}

function Bar({ from, ms, longestMs, kind }: BarProps) {
  return <rect data-kind={kind} x={(100 * from) / longestMs} width={(100 * ms) / longestMs} height="6" />;
}
