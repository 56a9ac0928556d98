/** One figure of the whole, with the line of its last 5 minutes. */
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
  /** In the place of the line, where there is no history to draw. */
  readonly foot?: ComponentChildren;
  readonly testid: string;
  /** What exactly is counted; shown on hover. */
  readonly definition: string;
}

export function Tile({ title, unit, value, values, tone, note, foot, testid, definition }: TileProps) {
  return (
    <section class="tile panel" data-testid={testid} data-tone={tone} title={definition}>
      <h2>{title}</h2>
      <p class="tile-value">
        {value}
        {unit === undefined ? null : <small>{unit}</small>}
      </p>
      <p class="tile-note">{note}</p>
      {foot === undefined ? null : <div class="tile-foot">{foot}</div>}
      {values === undefined ? null : <Sparkline values={values} {...(tone === undefined ? {} : { tone })} />}
    </section>
  );
}
