/** Draws a heat map: the axes, markers and cursor of every picture, and a cell for each step and band. */
import type uPlot from 'uplot';
import { edgeWords, type HeatData, shade } from './heat-data.ts';
import { makePicture, type Picture, readColour } from './plot.ts';

/** Labels stand at the powers of ten. */
const isRound = (ms: number): boolean => Number.isInteger(Math.log10(ms));

export function makeHeatPlot(
  host: HTMLElement,
  data: HeatData,
  onPoint: (at: number | null) => void,
): Picture<HeatData> {
  const colour = readColour(host, '--latency-2');
  const bandCount = data.edgesMs.length + 1;
  const splits = data.edgesMs.flatMap((edge, band) => (isRound(edge) ? [band + 1] : []));
  return makePicture(host, data, onPoint, {
    // A line that is never seen: without one there would be no scale.
    valuesOf: ({ at }) => [at.map(() => null)],
    scale: { auto: false, range: () => [0, bandCount] },
    splits,
    labelOf: (split) => edgeWords(data.edgesMs[split - 1] ?? 0),
    series: [{ points: { show: false } }],
    bands: [],
    paint: (plot, now) => paintCells(plot, now, colour),
  });
}

function paintCells(plot: uPlot, data: HeatData, colour: string): void {
  const { ctx, bbox } = plot;
  const width = Math.max(1, bbox.width / Math.max(1, data.at.length - 1));
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour;
  for (const [slot, bands] of data.counts.entries()) {
    if (bands === null) continue;
    const left = Math.floor(plot.valToPos(data.at[slot] ?? 0, 'x', true) - width / 2);
    const right = Math.floor(left + width);
    for (const [band, count] of bands.entries()) {
      if (count === 0) continue;
      const top = Math.round(plot.valToPos(band + 1, 'y', true));
      const bottom = Math.round(plot.valToPos(band, 'y', true));
      ctx.globalAlpha = shade(count, data.most);
      ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
    }
  }
  ctx.restore();
}
