/** The threads as rows: the workers, and the control plane with what it has of the same figures. */
import { formatBytes, formatMs, formatShare, formatWhole, NOTHING } from '../format.ts';
import type { Cell } from '../history.ts';
import { isStale } from '../live/session.ts';
import type { ThreadFigures, WorkerRow } from '../protocol.ts';
import { CONTROL_PLANE, useThreadPast } from '../thread-past.ts';
import { isFresh, type ThreadWords, threadWords } from '../thread-words.ts';
import { Age, nowMs } from './age.tsx';
import { Meter } from './meter.tsx';
import { Sparkline } from './sparkline.tsx';
import { StateMark } from './state-mark.tsx';

interface ThreadsTableProps {
  readonly workers: readonly WorkerRow[];
  readonly controlPlane: ThreadFigures;
  readonly startedAtMs: number;
}

/** Each with what exactly it is, and the name of it in the metrics. */
const COLUMNS = [
  ['', 'Thread', 'Workers move the bytes; the control plane checks, decides and serves this page.'],
  ['', 'State', 'ballast_worker_up'],
  ['n', 'CPU', 'Processor time in the last second, as a share of one core. ballast_worker_cpu_seconds_total'],
  ['', '5 min', 'The same over the last five minutes, from 0 to one whole core, since this page first showed it.'],
  ['n', 'Loop busy', 'Share of the last second that the event loop was not waiting. ballast_worker_loop_busy_ratio'],
  [
    'n c-two',
    'Delay, ms',
    'How late the event loop was in the last second: 99th percentile and longest. ballast_worker_loop_delay_p99_seconds',
  ],
  ['n', 'GC', 'Share of the last second that it stood still for collecting garbage. ballast_worker_gc_seconds_total'],
  ['', 'Heap', 'JavaScript heap in use, of the most that it may have. ballast_worker_heap_bytes'],
  ['n', 'Clients', 'Open client connections, of the most that it takes. ballast_worker_client_connections'],
  ['n', 'To backends', 'Open connections to backends, in use or idle. ballast_worker_upstream_connections'],
  ['n', 'Beat', 'How long ago its event loop was last seen to turn.'],
  ['', 'Restarts', 'Threads that were replaced, and what the last one died of. ballast_worker_restarts_total'],
  ['n', 'Running for', 'Since this thread was started.'],
] as const;

export function ThreadsTable({ workers, controlPlane, startedAtMs }: ThreadsTableProps) {
  const past = useThreadPast();
  return (
    <table class="table threads" data-stale={isStale.value} data-testid="threads">
      <caption class="hidden">Threads</caption>
      <thead>
        <tr>
          {COLUMNS.map(([kind, title, definition]) => (
            <th key={title} scope="col" class={kind === '' ? undefined : kind} title={definition}>
              {title === 'Delay, ms' ? (
                <>
                  <small>delay, ms</small>
                  <span>p99</span>
                  <span>max</span>
                </>
              ) : (
                title
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {workers.map((worker) => (
          <WorkerCells key={worker.name} worker={worker} line={past.get(worker.name) ?? []} />
        ))}
        <tr class="row" data-row data-testid="control-plane" tabIndex={-1}>
          <th scope="row" class="c-name">
            <span class="name">Control plane</span>
          </th>
          <State words={{ shape: 'up', word: 'running', reason: '' }} />
          <Figures figures={controlPlane} line={past.get(CONTROL_PLANE) ?? []} />
          <td class="n c-none" data-label="Clients">
            {NOTHING}
          </td>
          <td class="n c-none" data-label="To backends">
            {NOTHING}
          </td>
          <td class="n c-none" data-label="Beat">
            {NOTHING}
          </td>
          <td class="c-none" data-label="Restarts">
            {NOTHING}
          </td>
          <td class="n c-age" data-label="Running for">
            <Age sinceMs={startedAtMs} />
          </td>
        </tr>
      </tbody>
    </table>
  );
}

function WorkerCells({ worker, line }: { readonly worker: WorkerRow; readonly line: readonly Cell[] }) {
  const { name, state, clientConnections, connectionLimit, upstreamConnections, lastBeatMs } = worker;
  const words = threadWords(worker, nowMs.value);
  const isAlive = state !== 'dead';
  return (
    <tr
      class="row"
      data-row
      data-testid={`worker-${name}`}
      data-state={words.shape}
      data-old={!isFresh(worker)}
      title={isFresh(worker) ? undefined : 'The figures are those of its last beat.'}
      tabIndex={-1}
    >
      <th scope="row" class="c-name">
        <span class="name">Worker {name}</span>
      </th>
      <State words={words} testid={`worker-${name}-state`} />
      <Figures figures={worker} line={line} testid={`worker-${name}`} />
      <td class="n" data-label="Clients">
        <span data-testid={`worker-${name}-clients`}>{formatWhole(clientConnections)}</span>
        {connectionLimit === null ? null : <span class="minor"> / {formatWhole(connectionLimit)}</span>}
      </td>
      <td class="n" data-label="To backends">
        {formatWhole(upstreamConnections)}
      </td>
      <td class="n" data-label="Beat">
        {lastBeatMs === null ? NOTHING : <Age sinceMs={lastBeatMs} />}
      </td>
      <td class="c-restarts" data-label="Restarts">
        <Restarts worker={worker} />
      </td>
      <td class="n c-age" data-label="Running for">
        {isAlive ? <Age sinceMs={worker.startedAtMs} /> : NOTHING}
      </td>
    </tr>
  );
}

function State({ words: { shape, word, reason }, testid }: { readonly words: ThreadWords; readonly testid?: string }) {
  return (
    <td class="c-state">
      <StateMark state={shape} {...(testid === undefined ? {} : { testid })}>
        {word}
      </StateMark>
      {reason === '' ? null : (
        <span class="reason" title={reason}>
          {reason}
        </span>
      )}
    </td>
  );
}

interface FiguresProps {
  readonly figures: ThreadFigures;
  readonly line: readonly Cell[];
  readonly testid?: string;
}

/** What every thread has. */
function Figures({ figures, line, testid = 'control-plane' }: FiguresProps) {
  const { cpuShare, loopBusy, loopDelayP99Ms, loopDelayMs, gcShare, heapBytes, heapLimitBytes } = figures;
  return (
    <>
      <td class="n c-cpu" data-label="CPU">
        <b data-testid={`${testid}-cpu`}>{formatShare(cpuShare)}</b>
        <Meter share={cpuShare} />
      </td>
      <td class="c-spark" data-label="CPU, last 5 min">
        <Sparkline values={line} highest={1} />
      </td>
      <td class="n" data-label="Loop busy">
        {formatShare(loopBusy)}
      </td>
      <td class="n c-two" data-label="Loop delay p99, max (ms)">
        <span>{formatMs(loopDelayP99Ms)}</span>
        <span>{formatMs(loopDelayMs)}</span>
      </td>
      <td class="n" data-label="GC">
        {formatShare(gcShare)}
      </td>
      <td class="c-heap" data-label="Heap">
        <span>{formatBytes(heapBytes)}</span>
        <span class="minor"> / {formatBytes(heapLimitBytes)}</span>
        <Meter share={heapLimitBytes > 0 ? heapBytes / heapLimitBytes : 0} />
      </td>
    </>
  );
}

function Restarts({ worker: { name, restarts, lastDeath } }: { readonly worker: WorkerRow }) {
  return (
    <>
      <span class={restarts > 0 ? 'bad' : undefined} data-testid={`worker-${name}-restarts`}>
        {restarts}
      </span>
      {lastDeath === null ? null : (
        <span class="reason minor" title={lastDeath.cause}>
          <Age sinceMs={lastDeath.atMs} /> ago: {lastDeath.cause}
        </span>
      )}
    </>
  );
}
