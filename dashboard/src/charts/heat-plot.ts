/** Paints a heat map: a cell for each step and band. */
import { edgeWords, gather, type HeatData, shade } from './heat-data.ts';
import { type Frame, makePicture, type Picture, type PictureHooks, readColour } from './picture.ts';

/** Labels stand at the powers of ten. */
const isRound = (ms: number): boolean => Number.isInteger(Math.log10(ms));

export function makeHeatPlot(host: HTMLElement, first: HeatData, hooks: PictureHooks): Picture<HeatData> {
  const colour = readColour(host, '--latency-2');
  return makePicture(host, first, hooks, {
    isLog: false,
    rangeOf: ({ edgesMs }) => [0, edgesMs.length + 1],
    ticksOf: () => first.edgesMs.flatMap((edge, band) => (isRound(edge) ? [band + 1] : [])),
    labelOf: (tick) => edgeWords(first.edgesMs[tick - 1] ?? 0),
    paint: (frame, data) => paintCells(frame, data, colour),
  });
}

/** Steps that are narrower than a pixel are drawn as one: their counts add up. */
function paintCells({ context, width, xOf, yOf }: Frame, data: HeatData, colour: string): void {
  const groupSize = Math.max(1, Math.ceil(data.at.length / width));
  const groups = gather(data.counts, groupSize);
  const most = groups.reduce((max, bands) => Math.max(max, ...(bands ?? [0])), 0);
  const cell = (width * groupSize) / Math.max(1, data.at.length - 1);
  // Whole pixels of the screen: cells touch, and none is painted twice.
  const whole = (place: number): number => Math.round(place * devicePixelRatio) / devicePixelRatio;
  const edges = Array.from({ length: data.edgesMs.length + 2 }, (_, band) => whole(yOf(band)));
  context.save();
  context.fillStyle = colour;
  for (const [group, bands] of groups.entries()) {
    if (bands === null) continue;
    const middle = xOf(data.at[group * groupSize] ?? 0);
    const left = whole(middle - cell / groupSize / 2);
    const right = whole(middle - cell / groupSize / 2 + cell);
    for (const [band, count] of bands.entries()) {
      if (count === 0) continue;
      const [bottom = 0, top = 0] = [edges[band], edges[band + 1]];
      context.globalAlpha = shade(count, most);
      context.fillRect(left, top, right - left, bottom - top);
    }
  }
  context.restore();
}
