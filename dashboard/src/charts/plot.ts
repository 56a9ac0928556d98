/**
 * Draws one chart with uPlot: canvas, axes, gaps, event markers, cursor line. It knows no pools and
 * no signals; `chart.tsx` gives it data and is told where the pointer is. Colours are custom
 * properties of the page, read when the chart is made: another theme means another chart.
 */
import uPlot from 'uplot';
import { formatClock, formatCount } from '../format.ts';
import { drawnValues, type PlotData, roundAbove } from './plot-data.ts';

export interface Marker {
  /** Seconds since the epoch. */
  readonly at: number;
  /** Custom property of its colour. */
  readonly colour: string;
}

export interface Plot {
  readonly draw: (data: PlotData, markers: readonly Marker[]) => void;
  /** Puts the cursor line on a second, or takes it away. */
  readonly point: (at: number | null) => void;
  readonly resize: (width: number) => void;
  readonly destroy: () => void;
}

export const PLOT_HEIGHT = 168;
const AXIS_WIDTH = 46;
const HALF_LABEL_WIDTH = 18;

/** `onPoint` is told the second under the pointer, null when it leaves. */
export function makePlot(host: HTMLElement, data: PlotData, onPoint: (at: number | null) => void): Plot {
  const colourOf = (property: string): string => readColour(host, property);
  const ink = colourOf('--muted');
  const grid = colourOf('--line-soft');
  let markers: readonly Marker[] = [];
  let isPointing = false;
  const drawMarkers = (plot: uPlot): void => {
    const { ctx, bbox } = plot;
    ctx.save();
    for (const marker of markers) {
      const x = Math.round(plot.valToPos(marker.at, 'x', true)) + 0.5;
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = colourOf(marker.colour);
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
  };
  const lines = data.lines.map((line) => ({ ...line, stroke: colourOf(line.colour) }));
  const axis = { stroke: ink, font: '11px system-ui, sans-serif', ticks: { show: false } };
  const plot = new uPlot(
    {
      width: Math.max(100, host.clientWidth),
      height: PLOT_HEIGHT,
      padding: [6, 8, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: true },
        y: { range: (_plot, _min, max) => [0, roundAbove(max ?? 0)] },
      },
      series: [
        {},
        ...lines.map((line) => ({
          label: line.label,
          stroke: line.stroke,
          // Parts of a whole touch: an edge would be painted over the neighbour.
          width: data.isStacked && lines.length > 1 ? 0 : 1.5,
          dash: [...line.dash],
          spanGaps: false,
          points: { show: false },
          ...(data.isStacked
            ? { fill: `color-mix(in srgb, ${line.stroke} ${lines.length > 1 ? 72 : 35}%, transparent)` }
            : {}),
        })),
      ],
      // Each sum is filled down to the one below it.
      bands: data.isStacked
        ? lines.slice(1).map((_line, index) => ({ series: [index + 2, index + 1] as [number, number] }))
        : [],
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
            return splits.map((split) => (self.valToPos(split, 'x') > end ? '' : formatClock(split * 1000)));
          },
        },
        {
          ...axis,
          grid: { stroke: grid, width: 1 },
          size: AXIS_WIDTH,
          gap: 6,
          space: 34,
          values: (_plot, splits) =>
            splits.map((split) =>
              split < 10 ? String(Number(split.toFixed(2))) : formatCount(split).replace('.0', ''),
            ),
        },
      ],
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      hooks: {
        draw: [drawMarkers],
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
    uData(data),
    host,
  );
  return {
    draw: (next, nextMarkers) => {
      markers = nextMarkers;
      plot.setData(uData(next), false);
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

function uData(data: PlotData): uPlot.AlignedData {
  return [[...data.at], ...drawnValues(data)];
}

/** A canvas takes no `light-dark()`: the browser resolves it on an element. */
function readColour(host: HTMLElement, property: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${property})`;
  host.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
