/** Draws a heat map: the axes, markers and cursor of every picture, and a cell for each step and band. */
import type uPlot from 'uplot';
import { edgeWords, gather, type HeatData, shade } from './heat-data.ts';
import { makePicture, type Picture, type PictureHooks, readColour } from './plot.ts';

/** Labels stand at the powers of ten. */
const isRound = (ms: number): boolean => Number.isInteger(Math.log10(ms));

export function makeHeatPlot(host: HTMLElement, data: HeatData, hooks: PictureHooks): Picture<HeatData> {
  const colour = readColour(host, '--latency-2');
  const bandCount = data.edgesMs.length + 1;
  const splits = data.edgesMs.flatMap((edge, band) => (isRound(edge) ? [band + 1] : []));
  return makePicture(host, data, hooks, {
    // A line that is never seen: without one there would be no scale.
    valuesOf: ({ at }) => [at.map(() => null)],
    scale: { auto: false, range: () => [0, bandCount] },
    splits: () => splits,
    labelOf: (split) => edgeWords(data.edgesMs[split - 1] ?? 0),
    series: [{ points: { show: false } }],
    bands: [],
    paint: (plot, now) => paintCells(plot, now, colour),
  });
}

/** Steps that are narrower than a pixel are drawn as one: their counts add up. */
function paintCells(plot: uPlot, data: HeatData, colour: string): void {
  const { ctx, bbox } = plot;
  const pixels = bbox.width / devicePixelRatio;
  const groupSize = Math.max(1, Math.ceil(data.at.length / pixels));
  const groups = gather(data.counts, groupSize);
  const most = groups.reduce((max, bands) => Math.max(max, ...(bands ?? [0])), 0);
  const width = (bbox.width * groupSize) / Math.max(1, data.at.length - 1);
  const tops = Array.from({ length: data.edgesMs.length + 2 }, (_, band) => Math.round(plot.valToPos(band, 'y', true)));
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour;
  for (const [group, bands] of groups.entries()) {
    if (bands === null) continue;
    const left = Math.floor(plot.valToPos(data.at[group * groupSize] ?? 0, 'x', true) - width / groupSize / 2);
    const right = Math.max(left + 1, Math.floor(left + width));
    for (const [band, count] of bands.entries()) {
      if (count === 0) continue;
      const [bottom = 0, top = 0] = [tops[band], tops[band + 1]];
      ctx.globalAlpha = shade(count, most);
      ctx.fillRect(left, top, right - left, Math.max(1, bottom - top));
    }
  }
  ctx.restore();
}
