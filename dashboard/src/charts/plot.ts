/**
 * Draws one chart with uPlot: canvas, axes, gaps, event markers, cursor line. It knows no pools and
 * no signals; `chart-frame.tsx` gives it data and is told where the pointer is. Colours are custom
 * properties of the page, read when the chart is made: another theme means another chart.
 */
import uPlot from 'uplot';
import { formatCount, formatTick } from '../format.ts';
import { attachBrush, type BrushHooks } from './brush.ts';
import type { Selection } from './cursor.ts';
import { clampedForLog, logRange, logSplits } from './log-scale.ts';
import { drawnValues, type PlotData, roundAbove, type Slots } from './plot-data.ts';

export interface Marker {
  /** Seconds since the epoch. */
  readonly at: number;
  /** Custom property of its colour. */
  readonly colour: string;
}

/** A picture on a canvas. */
export interface Picture<Data extends Slots> {
  readonly draw: (data: Data, markers: readonly Marker[]) => void;
  /** Puts the cursor line on a moment, or takes it away. */
  readonly point: (at: number | null) => void;
  /** Lays a ground below a stretch of time, or takes it away. */
  readonly select: (selection: Selection | null) => void;
  readonly resize: (width: number) => void;
  readonly destroy: () => void;
}

/** What a picture tells of the hand on it. */
export type PictureHooks = BrushHooks;

/** Where the style sheet gives none. */
const PLOT_HEIGHT = 168;
const NOT_BOUND = (): null => null;
const UNBOUND: uPlot.Cursor.Bind = {
  mousedown: NOT_BOUND,
  mouseup: NOT_BOUND,
  click: NOT_BOUND,
  dblclick: NOT_BOUND,
  mousemove: NOT_BOUND,
  mouseleave: NOT_BOUND,
  mouseenter: NOT_BOUND,
};
const AXIS_WIDTH = 46;
const HALF_LABEL_WIDTH = 18;
/** Of a line of less than so many values nothing would be seen: they are drawn as points. */
const FEW_VALUES = 3;

export function makePlot(host: HTMLElement, data: PlotData, hooks: PictureHooks): Picture<PlotData> {
  return makeLines(host, data, hooks, {
    valuesOf: drawnValues,
    scale: { range: (_plot, _min, max) => [0, roundAbove(max ?? 0)] },
    splits: null,
  });
}

/** The same by the logarithm: for values that lie far apart, none of which are parts of a whole. */
export function makeLogPlot(host: HTMLElement, data: PlotData, hooks: PictureHooks): Picture<PlotData> {
  return makeLines(host, data, hooks, {
    valuesOf: (now) => drawnValues(now).map(clampedForLog),
    scale: { distr: 3, log: 10, range: (_plot, min, max) => logRange(min, max) },
    splits: logSplits,
  });
}

function makeLines(
  host: HTMLElement,
  data: PlotData,
  hooks: PictureHooks,
  parts: Pick<PictureParts<PlotData>, 'valuesOf' | 'scale' | 'splits'>,
): Picture<PlotData> {
  const lines = data.lines.map((line) => ({ ...line, stroke: readColour(host, line.colour) }));
  return makePicture(host, data, hooks, {
    ...parts,
    labelOf: (split) => (split < 10 ? String(Number(split.toFixed(2))) : formatCount(split).replace('.0', '')),
    series: lines.map((line) => ({
      label: line.label,
      stroke: line.stroke,
      // Parts of a whole touch: an edge would be painted over the neighbour.
      width: data.isStacked && lines.length > 1 ? 0 : 1.5,
      dash: [...line.dash],
      spanGaps: false,
      points: {
        show: (plot, series) => (plot.data[series] ?? []).filter((value) => value != null).length < FEW_VALUES,
        size: 4,
      },
      ...(data.isStacked
        ? { fill: `color-mix(in srgb, ${line.stroke} ${lines.length > 1 ? 72 : 35}%, transparent)` }
        : {}),
    })),
    // Each sum is filled down to the one below it.
    bands: data.isStacked
      ? lines.slice(1).map((_line, index) => ({ series: [index + 2, index + 1] as [number, number] }))
      : [],
    paint: () => {},
  });
}

interface PictureParts<Data extends Slots> {
  readonly valuesOf: (data: Data) => (number | null)[][];
  readonly scale: uPlot.Scale;
  /** Where the lines of the grid are, between two values; null for wherever they fit. */
  readonly splits: ((least: number, most: number) => number[]) | null;
  readonly labelOf: (split: number) => string;
  readonly series: uPlot.Series[];
  readonly bands: uPlot.Band[];
  /** Below the markers. */
  readonly paint: (plot: uPlot, data: Data) => void;
}

/** What all pictures over time have in common: the axes, the markers, the cursor. */
export function makePicture<Data extends Slots>(
  host: HTMLElement,
  first: Data,
  hooks: PictureHooks,
  parts: PictureParts<Data>,
): Picture<Data> {
  const { splits } = parts;
  const height = host.clientHeight || PLOT_HEIGHT;
  const ink = readColour(host, '--muted');
  const grid = readColour(host, '--line-soft');
  let data = first;
  let markers: readonly Marker[] = [];
  const axis = { stroke: ink, font: '11px system-ui, sans-serif', ticks: { show: false } };
  const dataOf = (next: Data): uPlot.AlignedData => [[...next.at], ...parts.valuesOf(next)];
  const plot = new uPlot(
    {
      width: Math.max(100, host.clientWidth),
      height,
      padding: [6, 8, 0, 0],
      legend: { show: false },
      scales: { x: { time: true }, y: parts.scale },
      series: [{}, ...parts.series],
      bands: parts.bands,
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 22,
          gap: 4,
          space: 58,
          // A label that would be cut off at the right edge is left out.
          values: (self, splits) => {
            const end = self.bbox.width / devicePixelRatio - HALF_LABEL_WIDTH;
            const span = data.at.length * data.stepSeconds;
            return splits.map((split) => (self.valToPos(split, 'x') > end ? '' : formatTick(split * 1000, span)));
          },
        },
        {
          ...axis,
          grid: { stroke: grid, width: 1 },
          size: AXIS_WIDTH,
          gap: 6,
          space: 34,
          ...(splits === null ? {} : { splits: (_plot, _axis, least, most) => splits(least, most) }),
          // Where the lines of a logarithmic axis are close, uPlot leaves some without a label.
          values: (_plot, places: readonly (number | null)[]) =>
            places.map((place) => (place === null ? '' : parts.labelOf(place))),
        },
      ],
      // Where the pointer is, `brush.ts` says: the cursor is at a moment, and not at a pixel.
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false }, bind: UNBOUND },
      hooks: {
        drawAxes: [(self) => parts.paint(self, data)],
        draw: [(self) => drawMarkers(self, markers, host)],
      },
    },
    dataOf(first),
    host,
  );
  const momentAt = (x: number): number => data.at[plot.posToIdx(x)] ?? plot.posToVal(x, 'x');
  const stopBrush = attachBrush(plot.over, momentAt, hooks);
  let selected: Selection | null = null;
  const drawSelection = (): void => {
    const [one, other] = selected === null ? [0, 0] : [selected.anchorAt, selected.headAt];
    const place = (at: number): number => Math.min(plot.over.clientWidth, Math.max(0, plot.valToPos(at, 'x')));
    const left = selected === null ? 0 : place(Math.min(one, other));
    const width = selected === null ? 0 : place(Math.max(one, other)) - left;
    plot.setSelect({ left, width, top: 0, height: width > 0 ? plot.over.clientHeight : 0 }, false);
  };
  return {
    draw: (next, nextMarkers) => {
      data = next;
      markers = nextMarkers;
      // At once: cursor and selection are laid over the new scale.
      plot.batch(() => {
        plot.setData(dataOf(next), false);
        plot.setScale('x', { min: next.at[0] ?? 0, max: next.at.at(-1) ?? 1 });
      });
      if (selected !== null) drawSelection();
    },
    select: (next) => {
      if (next === null && selected === null) return;
      selected = next;
      drawSelection();
    },
    point: (at) => {
      const left = at === null ? -10 : plot.valToPos(at, 'x');
      plot.setCursor({ left, top: at === null ? -10 : 0 }, false);
    },
    resize: (width) => plot.setSize({ width, height }),
    destroy: () => {
      stopBrush();
      plot.destroy();
    },
  };
}

function drawMarkers(plot: uPlot, markers: readonly Marker[], host: HTMLElement): void {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const marker of markers) {
    const x = Math.round(plot.valToPos(marker.at, 'x', true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = readColour(host, marker.colour);
    ctx.fillStyle = ctx.strokeStyle;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const size = 4 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x - size, bbox.top);
    ctx.lineTo(x + size, bbox.top);
    ctx.lineTo(x, bbox.top + size * 1.4);
    ctx.fill();
  }
  ctx.restore();
}

/** A canvas takes no `light-dark()`: the browser resolves it on an element. */
export function readColour(host: HTMLElement, property: string): string {
  const probe = document.createElement('i');
  // Where the system forces its colours, all lines would have the same one.
  probe.style.setProperty('forced-color-adjust', 'none');
  probe.style.color = `var(${property})`;
  host.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
