/**
 * The panel of a tap that was begun: how it stands, and the list, which is held still while somebody
 * points at it, stands in it with the keyboard, or reads the story of one of its requests.
 */
import { useSignal } from '@preact/signals';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { formatDuration, formatWhole, plural } from '../format.ts';
import { isPaused, isStale } from '../live/session.ts';
import { useTopic } from '../live/use-topic.ts';
import { nowMs } from '../parts/age.tsx';
import { NoTraffic } from '../parts/empty.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { MAX_TAPS, TAP_MINUTES, TAP_PER_SECOND, type TapFilter, type TappedRequest } from '../protocol.ts';
import { SYSTEM, TOTALS } from '../topics.ts';
import { RequestStory } from './request-story.tsx';
import { RequestsTable, rowIdOf } from './requests-table.tsx';
import { isShown } from './tap-filter.ts';
import { type TapEnd, type TapState, tap, tapped } from './tap-session.ts';
import { countNew, TAPPED_KEPT } from './tapped-list.ts';

/** Rows that are painted at once: with 20 new ones a second, more would keep the browser busy. */
const ROWS_AT_ONCE = 40;

export function TapPanel({ filter }: { readonly filter: TapFilter }) {
  const state = tap.value;
  const isHeld = useSignal(false);
  const held = useRef<readonly TappedRequest[] | null>(null);
  const [opened, setOpened] = useState<TappedRequest | null>(null);
  const all = tapped.value;
  const isFrozen = isHeld.value || opened !== null || isPaused.value;
  // What is looked at must not move away.
  if (!isFrozen) held.current = null;
  else held.current ??= all;
  const requests = (held.current ?? all).filter((request) => isShown(request, filter));
  const waiting =
    held.current === null
      ? 0
      : countNew(
          requests,
          all.filter((request) => isShown(request, filter)),
        );
  const refresh = useSignal(0);
  void refresh.value;
  const [most, setMost] = useState(ROWS_AT_ONCE);
  const isEmpty = requests.length === 0;
  // A list that is not there is neither pointed at nor stood in.
  useEffect(() => {
    if (isEmpty) isHeld.value = false;
  }, [isEmpty]);
  const index = opened === null ? -1 : requests.indexOf(opened);
  const open = useCallback((request: TappedRequest) => setOpened(request), []);
  const close = (): void => {
    // The row that gets the focus must still be there.
    isHeld.value = true;
    setOpened(null);
  };
  // To the row that was read last: it may be another one than that from which the story was opened.
  const lastRead = useRef<TappedRequest | null>(null);
  useEffect(() => {
    const last = lastRead.current;
    lastRead.current = opened;
    if (opened !== null || last === null) return;
    const row = document.getElementById(rowIdOf(last));
    row?.focus();
    if (row === null) isHeld.value = false;
  }, [opened]);
  const step = (by: number): (() => void) | null => {
    const next = index === -1 ? undefined : requests[index + by];
    if (next === undefined) return null;
    return () => {
      setOpened(next);
      // Its row must be there when the story is closed.
      if (index + by >= most) setMost(TAPPED_KEPT);
    };
  };
  return (
    <section class="panel tap-panel" aria-label="Tapped requests" data-phase={state.phase}>
      <header class="tap-bar" data-stale={isStale.value}>
        <TapWords state={state} />
        <button
          type="button"
          class="button tap-new"
          data-testid="tap-new"
          data-shown={waiting > 0}
          aria-hidden={waiting === 0}
          tabIndex={waiting === 0 ? -1 : 0}
          onClick={(event) => {
            held.current = all;
            refresh.value += 1;
            // By keyboard: on to the newest, which holds the list again.
            if (event.detail === 0)
              setTimeout(() => document.querySelector<HTMLElement>('.requests [data-row]')?.focus());
          }}
        >
          {formatWhole(waiting)} new
        </button>
      </header>
      {isEmpty ? (
        <NothingYet state={state} isFiltered={Object.keys(filter).length > 0} keptCount={all.length} />
      ) : (
        <div
          class="tap-list"
          onPointerEnter={(event) => {
            if (event.pointerType === 'mouse') isHeld.value = true;
          }}
          onPointerLeave={(event) => {
            isHeld.value = event.currentTarget.contains(document.activeElement);
          }}
          onFocusIn={() => {
            isHeld.value = true;
          }}
          onFocusOut={(event) => {
            const next = event.relatedTarget;
            if (next instanceof Node && event.currentTarget.contains(next)) return;
            isHeld.value = event.currentTarget.matches(':hover');
          }}
        >
          <RequestsTable requests={requests.slice(0, most)} onOpen={open} />
          {requests.length > most ? (
            <p class="tap-more">
              <button type="button" class="button" data-testid="tap-more" onClick={() => setMost(TAPPED_KEPT)}>
                Show all {formatWhole(requests.length)}
              </button>
            </p>
          ) : null}
        </div>
      )}
      {opened === null ? null : <RequestStory request={opened} onClose={close} onNewer={step(-1)} onOlder={step(1)} />}
    </section>
  );
}

const END_WORDS: Readonly<Record<TapEnd, string>> = {
  asked: 'Stopped',
  time: `Stopped by itself after ${TAP_MINUTES} minutes`,
  hidden: 'Stopped while this page was hidden',
  left: 'Stopped when you left this screen',
};

const FULL = `Waiting: ${MAX_TAPS} filters are looked through at this moment, and there is no room for more`;

function TapWords({ state }: { readonly state: TapState }) {
  const { phase, end, fields } = state;
  const isOn = phase === 'on';
  const leftMs = fields === null ? 0 : fields.endsAtMs - nowMs.value;
  return (
    <>
      <span role="status" data-testid="tap-state">
        <StateMark state={phase === 'over' ? 'info' : !isOn && fields !== null ? 'warning' : 'good'}>
          {isOn ? 'Tapping' : end !== null ? END_WORDS[end] : fields === null ? 'Starting …' : FULL}
        </StateMark>
      </span>
      {isOn ? (
        <span class="tap-left minor" data-testid="tap-left">
          {formatDuration(Math.max(0, leftMs))} left
        </span>
      ) : null}
      {fields === null || (fields.matched === 0 && phase === 'starting') ? null : (
        <span class="tap-counts minor" title={`At most ${TAP_PER_SECOND} a second are shown`} data-testid="tap-counts">
          <b>{formatWhole(fields.shown)}</b> shown of <b>{formatWhole(fields.matched)}</b> that matched
        </span>
      )}
    </>
  );
}

interface NothingYetProps {
  readonly state: TapState;
  readonly isFiltered: boolean;
  /** Requests that were shown under other filters. */
  readonly keptCount: number;
}

function NothingYet({ state, isFiltered, keptCount }: NothingYetProps) {
  const requests = useTopic(TOTALS)?.fields.requests;
  const listeners = useTopic(SYSTEM)?.fields.listeners ?? [];
  const { phase, requestsBefore } = state;
  const passed = requests === undefined || requestsBefore === null ? null : Math.max(0, requests - requestsBefore);
  if (phase === 'over') {
    return (
      <p class="empty" data-testid="tap-empty">
        {keptCount > 0
          ? `None of the ${plural(keptCount, 'request')} that were shown matches these fields.`
          : 'No request was shown. Press Go on to look again.'}
      </p>
    );
  }
  if (passed === 0 || passed === null || !isFiltered) {
    return passed === 0 ? (
      <>
        <p class="empty" data-testid="tap-empty">
          Waiting for the first request: none has ended since this began.
        </p>
        {requests === 0 ? <NoTraffic listeners={listeners} /> : null}
      </>
    ) : (
      <p class="empty" data-testid="tap-empty">
        Waiting for the first request.
      </p>
    );
  }
  return (
    <p class="empty" data-testid="tap-empty">
      No request has matched yet. {plural(passed, 'request')} {passed === 1 ? 'has' : 'have'} ended since this began.
    </p>
  );
}
