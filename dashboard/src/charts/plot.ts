/**
 * Draws one chart with uPlot: canvas, axes, gaps, event markers, cursor line. It knows no pools and
 * no signals; `chart-frame.tsx` gives it data and is told where the pointer is. Colours are custom
 * properties of the page, read when the chart is made: another theme means another chart.
 */
import uPlot from 'uplot';
import { formatCount, formatTick } from '../format.ts';
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
  readonly resize: (width: number) => void;
  readonly destroy: () => void;
}

export const PLOT_HEIGHT = 168;
const AXIS_WIDTH = 46;
const HALF_LABEL_WIDTH = 18;
/** Of a line of less than so many values nothing would be seen: they are drawn as points. */
const FEW_VALUES = 3;

/** `onPoint` is told the moment under the pointer, null when it leaves. */
export function makePlot(host: HTMLElement, data: PlotData, onPoint: (at: number | null) => void): Picture<PlotData> {
  const lines = data.lines.map((line) => ({ ...line, stroke: readColour(host, line.colour) }));
  return makePicture(host, data, onPoint, {
    valuesOf: drawnValues,
    scale: { range: (_plot, _min, max) => [0, roundAbove(max ?? 0)] },
    splits: null,
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
  /** Where the lines of the grid are; null for wherever they fit. */
  readonly splits: number[] | null;
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
  onPoint: (at: number | null) => void,
  parts: PictureParts<Data>,
): Picture<Data> {
  const ink = readColour(host, '--muted');
  const grid = readColour(host, '--line-soft');
  let data = first;
  let markers: readonly Marker[] = [];
  let isPointing = false;
  const axis = { stroke: ink, font: '11px system-ui, sans-serif', ticks: { show: false } };
  const dataOf = (next: Data): uPlot.AlignedData => [[...next.at], ...parts.valuesOf(next)];
  const plot = new uPlot(
    {
      width: Math.max(100, host.clientWidth),
      height: PLOT_HEIGHT,
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
          ...(parts.splits === null ? {} : { splits: parts.splits }),
          values: (_plot, splits) => splits.map(parts.labelOf),
        },
      ],
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      hooks: {
        drawAxes: [(self) => parts.paint(self, data)],
        draw: [(self) => drawMarkers(self, markers, host)],
        setCursor: [
          (self) => {
            const { idx, left } = self.cursor;
            const isInside = idx != null && left !== undefined && left >= 0;
            if (isInside) onPoint(self.data[0][idx] ?? null);
            else if (isPointing) onPoint(null);
            isPointing = isInside;
          },
        ],
      },
    },
    dataOf(first),
    host,
  );
  return {
    draw: (next, nextMarkers) => {
      data = next;
      markers = nextMarkers;
      plot.setData(dataOf(next), false);
      plot.setScale('x', { min: next.at[0] ?? 0, max: next.at.at(-1) ?? 1 });
    },
    point: (at) => {
      const left = at === null ? -10 : plot.valToPos(at, 'x');
      plot.setCursor({ left, top: at === null ? -10 : 0 }, false);
    },
    resize: (width) => plot.setSize({ width, height: PLOT_HEIGHT }),
    destroy: () => plot.destroy(),
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
  probe.style.color = `var(${property})`;
  host.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
