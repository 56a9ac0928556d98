/** Paints lines over time, side by side or one upon the other; a step without a value is a gap. */
import { formatCount } from '../format.ts';
import type { Cell } from '../history.ts';
import { clampedForLog, logRange, logSplits } from './log-scale.ts';
import { type Frame, makePicture, type Picture, type PictureHooks, readColour } from './picture.ts';
import { drawnValues, type PlotData, roundAbove } from './plot-data.ts';

const LINE_WIDTH = 1.5;
/** Of a value between two gaps there is no line: it is a point. */
const POINT = 3.5;

interface LinesKind {
  readonly isLog: boolean;
  readonly rangeOf: (values: readonly (readonly Cell[])[]) => readonly [number, number];
  readonly valuesOf: (data: PlotData) => readonly (readonly Cell[])[];
}

export function makePlot(host: HTMLElement, data: PlotData, hooks: PictureHooks): Picture<PlotData> {
  return makeLines(host, data, hooks, {
    isLog: false,
    rangeOf: (values) => [0, roundAbove(extremes(values)?.[1] ?? 0)],
    valuesOf: drawnValues,
  });
}

/** The same by the logarithm: for values that lie far apart, none of which are parts of a whole. */
export function makeLogPlot(host: HTMLElement, data: PlotData, hooks: PictureHooks): Picture<PlotData> {
  return makeLines(host, data, hooks, {
    isLog: true,
    rangeOf: (values) => {
      const [least, most] = extremes(values) ?? [null, null];
      return logRange(least, most);
    },
    valuesOf: (now) => drawnValues(now).map(clampedForLog),
  });
}

function makeLines(
  host: HTMLElement,
  first: PlotData,
  hooks: PictureHooks,
  { isLog, rangeOf, valuesOf }: LinesKind,
): Picture<PlotData> {
  const colours = first.lines.map((line) => readColour(host, line.colour));
  return makePicture(host, first, hooks, {
    isLog,
    rangeOf: (data) => rangeOf(valuesOf(data)),
    ticksOf: isLog ? logSplits : null,
    labelOf: (tick) => (tick < 10 ? String(Number(tick.toFixed(2))) : formatCount(tick).replace('.0', '')),
    paint: (frame, data) => {
      const values = valuesOf(data);
      for (const [index, line] of data.lines.entries()) {
        const colour = colours[index] ?? '';
        const own = values[index] ?? [];
        if (data.isStacked) paintArea(frame, data.at, own, values[index - 1] ?? null, colour, data.lines.length > 1);
        // Parts of a whole touch: an edge would be painted over the neighbour.
        if (!data.isStacked || data.lines.length === 1) paintLine(frame, data.at, own, colour, line.dash);
      }
    },
  });
}

function extremes(values: readonly (readonly Cell[])[]): [number, number] | null {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const column of values) {
    for (const value of column) {
      if (value === null) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  return least > most ? null : [least, most];
}

/** The stretches without a gap, as places of their first value and after their last. */
export function runsOf(values: readonly Cell[]): [number, number][] {
  const runs: [number, number][] = [];
  let begin = -1;
  for (let place = 0; place <= values.length; place++) {
    const isThere = values[place] != null;
    if (isThere && begin === -1) begin = place;
    if (isThere || begin === -1) continue;
    runs.push([begin, place]);
    begin = -1;
  }
  return runs;
}

function paintLine(
  { context, xOf, yOf }: Frame,
  at: readonly number[],
  values: readonly Cell[],
  colour: string,
  dash: readonly number[],
): void {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = LINE_WIDTH;
  context.lineJoin = 'round';
  context.setLineDash([...dash]);
  for (const [begin, end] of runsOf(values)) {
    context.beginPath();
    if (end - begin === 1) {
      context.arc(xOf(at[begin] ?? 0), yOf(values[begin] ?? 0), POINT / 2, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    for (let place = begin; place < end; place++) context.lineTo(xOf(at[place] ?? 0), yOf(values[place] ?? 0));
    context.stroke();
  }
  context.setLineDash([]);
}

/** From the line down to the one below it, or to the foot. */
function paintArea(
  { context, xOf, yOf, width }: Frame,
  at: readonly number[],
  values: readonly Cell[],
  below: readonly Cell[] | null,
  colour: string,
  isPart: boolean,
): void {
  context.fillStyle = `color-mix(in srgb, ${colour} ${isPart ? 72 : 35}%, transparent)`;
  const half = Math.min(POINT, width / Math.max(1, at.length)) / 2;
  for (const [begin, end] of runsOf(values)) {
    context.beginPath();
    // One value alone is a bar.
    const [left, right] = end - begin === 1 ? [-half, half] : [0, 0];
    for (let place = begin; place < end; place++) {
      const [x, y] = [xOf(at[place] ?? 0), yOf(values[place] ?? 0)];
      if (left !== 0) context.lineTo(x + left, y);
      context.lineTo(x + right, y);
    }
    for (let place = end - 1; place >= begin; place--) {
      const [x, y] = [xOf(at[place] ?? 0), yOf(below?.[place] ?? 0)];
      if (right !== 0) context.lineTo(x + right, y);
      context.lineTo(x + left, y);
    }
    context.fill();
  }
}
