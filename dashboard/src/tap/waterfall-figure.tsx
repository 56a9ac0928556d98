/** Where the time of a request went: a lane a step, to scale, with its figures; or the same as a table. */
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { formatMs } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { Shape } from '../parts/state-mark.tsx';
import type { TappedRequest } from '../protocol.ts';
import { backendHref } from '../router.ts';
import { formatTook } from './tap-format.ts';
import { type Lane, placeOf, STAGE_WORDS, type Stage, ticksOf, type Waterfall, waterfallOf } from './waterfall.ts';

const TICKS = 5;

export function WaterfallFigure({ request }: { readonly request: TappedRequest }) {
  const isTable = useSignal(false);
  const titleId = useId();
  const waterfall = waterfallOf(request);
  const kinds = new Set(waterfall.lanes.flatMap(({ stages }) => stages.map(({ kind }) => kind)));
  return (
    <figure class="waterfall" aria-labelledby={titleId} data-testid="waterfall">
      <header class="chart-head">
        <h3 id={titleId}>
          Where the time went <small>ms since the head was complete</small>
        </h3>
        <button
          type="button"
          class="icon-button"
          aria-pressed={isTable.value}
          aria-label="View where the time went as a table"
          title="View as table"
          data-testid="waterfall-as-table"
          onClick={() => {
            isTable.value = !isTable.value;
          }}
        >
          <Icon name="table" />
        </button>
      </header>
      {isTable.value ? (
        <StageTable waterfall={waterfall} />
      ) : (
        <>
          <Scale waterfall={waterfall} />
          <ol class="lanes">
            {waterfall.lanes.map((lane, index) => (
              <LaneRow key={index} lane={lane} pool={request.pool} waterfall={waterfall} />
            ))}
          </ol>
          <ul class="legend">
            {[...kinds].map((kind) => (
              <li key={kind}>
                <svg class="swatch" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
                  <rect class="stage" data-kind={kind} width="10" height="10" rx="2" />
                </svg>
                {STAGE_WORDS[kind]}
              </li>
            ))}
          </ul>
        </>
      )}
    </figure>
  );
}

function Scale({ waterfall }: { readonly waterfall: Waterfall }) {
  return (
    <div class="lane scale" aria-hidden="true">
      <svg class="lane-bar">
        {ticksOf(waterfall, TICKS).map(({ ms, x }) => (
          <text key={ms} x={`${x}%`} y="11" text-anchor={x < 4 ? 'start' : x > 96 ? 'end' : 'middle'}>
            {shortMs(ms)}
          </text>
        ))}
      </svg>
    </div>
  );
}

/** Without the noise of fractions: `0`, `0.05`, `20`, `1200`. */
const shortMs = (ms: number): string => String(Number(ms.toPrecision(6)));

interface LaneProps {
  readonly lane: Lane;
  readonly pool: string | null;
  readonly waterfall: Waterfall;
}

function LaneRow({ lane, pool, waterfall }: LaneProps) {
  const { title, backend, note, stages } = lane;
  return (
    <li class="lane">
      <span class="lane-title">
        <span class={backend === null ? undefined : 'minor'}>{title}</span>{' '}
        {backend === null ? null : pool === null ? (
          <b>{backend}</b>
        ) : (
          <a href={backendHref(pool, backend)}>{backend}</a>
        )}
        {note === '' ? null : <small>{note}</small>}
      </span>
      <svg class="lane-bar" aria-hidden="true">
        {ticksOf(waterfall, TICKS).map(({ ms, x }) => (
          <line key={ms} class="grid-line" x1={`${x}%`} x2={`${x}%`} y1="0" y2="100%" />
        ))}
        {stages.map((stage) => (
          <StageBar key={stage.kind} stage={stage} waterfall={waterfall} />
        ))}
      </svg>
      <span class="lane-figures">
        {stages.map((stage) => (
          <span key={stage.kind} data-state={stage.isFailed ? 'bad' : undefined} title={stage.words}>
            {stage.isFailed ? <Shape of="bad" label="failed here" /> : null}
            <span class="hidden">{stage.words} </span>
            <svg class="swatch" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
              <rect class="stage" data-kind={stage.kind} width="10" height="10" rx="2" />
            </svg>
            {formatTook(stage.toMs - stage.fromMs)}
          </span>
        ))}
      </span>
    </li>
  );
}

function StageBar({ stage, waterfall }: { readonly stage: Stage; readonly waterfall: Waterfall }) {
  const { x, width } = placeOf(stage, waterfall);
  const words = `${stage.words}: ${formatTook(stage.toMs - stage.fromMs)}`;
  return (
    <rect
      class="stage"
      data-kind={stage.kind}
      data-failed={stage.isFailed}
      x={`${x}%`}
      width={`${width}%`}
      y="4"
      height="14"
    >
      <title>{words}</title>
    </rect>
  );
}

function StageTable({ waterfall }: { readonly waterfall: Waterfall }) {
  return (
    <section class="chart-table" tabIndex={0} aria-label="Where the time went as a table">
      <table>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Stage</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {waterfall.lanes.flatMap(({ title, backend, stages }, lane) =>
            stages.map(({ kind, words, fromMs, toMs, isFailed }) => (
              <tr key={`${lane} ${kind}`}>
                <th scope="row">{backend === null ? title : `${title}, ${backend}`}</th>
                <td>
                  {words}
                  {isFailed ? ' and fails' : ''}
                </td>
                <td>{exact(fromMs)}</td>
                <td>{exact(toMs)}</td>
                <td>{exact(toMs - fromMs)}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </section>
  );
}

const exact = (ms: number): string => (Math.abs(ms) < 100 ? ms.toFixed(2) : formatMs(ms));
