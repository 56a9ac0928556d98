/** One figure of the whole, with the line of its last 5 minutes, what it was then, and the way to more. */
import type { ComponentChildren } from 'preact';
import type { Cell } from '../history.ts';
import { Sparkline } from './sparkline.tsx';

interface TileProps {
  readonly title: string;
  readonly unit?: string;
  readonly value: ComponentChildren;
  readonly values?: readonly Cell[];
  readonly tone?: 'bad' | undefined;
  readonly note: string;
  /** Against 5 minutes ago, as `sinceThen` says it; null where there was nothing to compare. */
  readonly change?: string | null | undefined;
  /** What it was then, in figures: shown on hover. */
  readonly then?: string | undefined;
  /** In the place of the line, where there is no history to draw. */
  readonly foot?: ComponentChildren;
  readonly testid: string;
  /** What exactly is counted; shown on hover. */
  readonly definition: string;
  /** Where the whole tile leads. */
  readonly href?: string;
  /** Opens and closes its chart. */
  readonly onToggle?: () => void;
  readonly isOpen?: boolean;
}

export function Tile(props: TileProps) {
  const { title, unit, value, values, tone, note, change, then, foot, testid, definition, href } = props;
  const { onToggle, isOpen = false } = props;
  return (
    <section class="tile panel" data-testid={testid} data-tone={tone} data-open={isOpen} title={definition}>
      <h2>
        {href !== undefined ? (
          <a class="tile-whole" href={href}>
            {title}
          </a>
        ) : onToggle !== undefined ? (
          <button type="button" class="tile-whole" aria-expanded={isOpen} aria-controls="big-chart" onClick={onToggle}>
            {title}
          </button>
        ) : (
          title
        )}
      </h2>
      <p class="tile-value">
        {value}
        {unit === undefined ? null : <small>{unit}</small>}
      </p>
      <p class="tile-note">{note}</p>
      {foot === undefined ? null : <div class="tile-foot">{foot}</div>}
      {values === undefined ? null : (
        <div class="tile-past">
          <Change change={change} then={then} testid={`${testid}-change`} />
          <Sparkline values={values} {...(tone === undefined ? {} : { tone })} />
        </div>
      )}
    </section>
  );
}

function Change({ change, then, testid }: Pick<TileProps, 'change' | 'then' | 'testid'>) {
  return (
    <p class="tile-change" data-testid={testid} title={change == null ? undefined : then}>
      {change == null ? null : (
        <>
          {change}
          <span class="hidden"> against 5 minutes ago</span>
          <span aria-hidden="true"> in 5 min</span>
        </>
      )}
    </p>
  );
}
