/**
 * A picture over time on a canvas: axes, event markers, cursor and selection, and below them what
 * its kind paints. It knows no pools and no signals; `chart-frame.tsx` gives it data and is told
 * where the hand is. Colours are custom properties of the page, read when the picture is made:
 * another theme means another picture.
 *
 * Drawn by hand and not by a library: what charts need here is less than a tenth of what those
 * bring, and the whole page has 120 kB.
 */
import { formatTick } from '../format.ts';
import { localOffset, timeTicks, valueTicks } from './axis.ts';
import { attachBrush, type BrushHooks } from './brush.ts';
import type { Selection } from './cursor.ts';
import type { Slots } from './plot-data.ts';

export interface Marker {
  /** Seconds since the epoch. */
  readonly at: number;
  /** Custom property of its colour. */
  readonly colour: string;
}

export interface Picture<Data extends Slots> {
  readonly draw: (data: Data, markers: readonly Marker[]) => void;
  /** Puts the cursor line on a moment, or takes it away. */
  readonly point: (at: number | null) => void;
  /** Lays a ground below a stretch of time, or takes it away. */
  readonly select: (selection: Selection | null) => void;
  /** After its host has become wider or narrower. */
  readonly resize: () => void;
  readonly destroy: () => void;
}

/** What a picture tells of the hand on it. */
export type PictureHooks = BrushHooks;

/** Where something is on the canvas, in pixels of the page. */
export interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly xOf: (at: number) => number;
  readonly yOf: (value: number) => number;
}

/** What makes a kind of picture. */
export interface PictureKind<Data extends Slots> {
  /** The values at the foot and at the head. */
  readonly rangeOf: (data: Data) => readonly [least: number, most: number];
  readonly isLog: boolean;
  /** Where the lines of the grid are; null for wherever they fit. */
  readonly ticksOf: ((least: number, most: number) => readonly number[]) | null;
  readonly labelOf: (tick: number) => string;
  readonly paint: (frame: Frame, data: Data) => void;
}

const LEFT = 46;
const RIGHT = 8;
const TOP = 6;
const BOTTOM = 22;
/** Room that a label of time, and one of values, needs. */
const TIME_ROOM = 76;
const VALUE_ROOM = 34;
const LABEL_HEIGHT = 14;
const HALF_LABEL = 20;
const FONT = '11px system-ui, sans-serif';
/** Where the style sheet gives no height. */
const LEAST_HEIGHT = 100;

export function makePicture<Data extends Slots>(
  host: HTMLElement,
  first: Data,
  hooks: PictureHooks,
  kind: PictureKind<Data>,
): Picture<Data> {
  const canvas = document.createElement('canvas');
  const area = addPart(host, 'plot-area');
  const cursor = addPart(area, 'plot-cursor');
  const ground = addPart(area, 'plot-selection');
  host.prepend(canvas);
  const context = canvas.getContext('2d');
  const ink = readColour(host, '--muted');
  const lines = readColour(host, '--line-soft');
  const markerColours = new Map<string, string>();
  const markerColour = (property: string): string => {
    const colour = markerColours.get(property) ?? readColour(host, property);
    markerColours.set(property, colour);
    return colour;
  };
  let data = first;
  let markers: readonly Marker[] = [];
  let pointed: number | null = null;
  let selected: Selection | null = null;

  const widthOf = (): number => Math.max(LEFT + RIGHT + 1, host.clientWidth) - LEFT - RIGHT;
  const span = (): readonly [number, number] => [data.at[0] ?? 0, Math.max(data.at.at(-1) ?? 1, (data.at[0] ?? 0) + 1)];
  /** From the left edge of the area. */
  const placeOf = (at: number): number => {
    const [from, to] = span();
    return ((at - from) / (to - from)) * widthOf();
  };
  const momentAt = (place: number): number => {
    const [from, to] = span();
    const at = from + (place / widthOf()) * (to - from);
    return data.at[Math.round((at - from) / data.stepSeconds)] ?? at;
  };

  const lay = (): void => {
    const width = widthOf();
    const place = pointed === null ? -1 : placeOf(pointed);
    cursor.hidden = place < 0 || place > width;
    cursor.style.insetInlineStart = `${place}px`;
    const ends = selected === null ? [0, 0] : [placeOf(selected.anchorAt), placeOf(selected.headAt)];
    const [from, to] = [Math.max(0, Math.min(...ends)), Math.min(width, Math.max(...ends))];
    ground.hidden = to <= from;
    ground.style.insetInlineStart = `${from}px`;
    ground.style.inlineSize = `${to - from}px`;
  };

  const paint = (): void => {
    if (context === null) return;
    const [outerWidth, outerHeight] = [widthOf() + LEFT + RIGHT, Math.max(LEAST_HEIGHT, host.clientHeight)];
    const scale = devicePixelRatio;
    canvas.width = Math.round(outerWidth * scale);
    canvas.height = Math.round(outerHeight * scale);
    canvas.style.inlineSize = `${outerWidth}px`;
    canvas.style.blockSize = `${outerHeight}px`;
    context.scale(scale, scale);
    const [least, most] = kind.rangeOf(data);
    const height = outerHeight - TOP - BOTTOM;
    const rank = (value: number): number => (kind.isLog ? Math.log(value) : value);
    const frame: Frame = {
      context,
      left: LEFT,
      top: TOP,
      width: widthOf(),
      height,
      xOf: (at) => LEFT + placeOf(at),
      yOf: (value) => TOP + height * (1 - (rank(value) - rank(least)) / (rank(most) - rank(least))),
    };
    paintGrid(frame, kind.ticksOf?.(least, most) ?? valueTicks(most, height / VALUE_ROOM), kind.labelOf, ink, lines);
    paintTimes(frame, span(), data, ink);
    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top - 1, frame.width, frame.height + 2);
    context.clip();
    kind.paint(frame, data);
    for (const marker of markers) paintMarker(frame, marker.at, markerColour(marker.colour));
    context.restore();
    lay();
  };

  const stopBrush = attachBrush(area, momentAt, hooks);
  paint();
  return {
    draw: (next, nextMarkers) => {
      data = next;
      markers = nextMarkers;
      paint();
    },
    point: (at) => {
      pointed = at;
      lay();
    },
    select: (next) => {
      selected = next;
      lay();
    },
    resize: paint,
    destroy: () => {
      stopBrush();
      canvas.remove();
      area.remove();
    },
  };
}

function addPart(parent: HTMLElement, className: string): HTMLElement {
  const part = document.createElement('div');
  part.className = className;
  parent.append(part);
  return part;
}

/** A line of one pixel is sharp only between two of them. */
const sharp = (place: number): number => Math.round(place - 0.5) + 0.5;

function paintGrid(
  { context, left, width, yOf }: Frame,
  ticks: readonly number[],
  labelOf: (tick: number) => string,
  ink: string,
  colour: string,
): void {
  context.font = FONT;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.fillStyle = ink;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  let lastLabel = Number.POSITIVE_INFINITY;
  for (const tick of ticks) {
    const y = yOf(tick);
    context.moveTo(left, sharp(y));
    context.lineTo(left + width, sharp(y));
    // Lines of a logarithm lie closer than labels can.
    if (lastLabel - y < LABEL_HEIGHT) continue;
    context.fillText(labelOf(tick), left - 6, y);
    lastLabel = y;
  }
  context.stroke();
}

function paintTimes(frame: Frame, [from, to]: readonly [number, number], data: Slots, ink: string): void {
  const { context, left, top, width, height, xOf } = frame;
  const seconds = data.at.length * data.stepSeconds;
  context.textAlign = 'center';
  context.textBaseline = 'top';
  context.fillStyle = ink;
  for (const at of timeTicks(from, to, width / TIME_ROOM, localOffset)) {
    // A label that would be cut off at the right edge is left out.
    if (xOf(at) <= left + width - HALF_LABEL)
      context.fillText(formatTick(at * 1000, seconds), xOf(at), top + height + 6);
  }
}

function paintMarker({ context, top, height, xOf }: Frame, at: number, colour: string): void {
  const x = sharp(xOf(at));
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, top + height);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(x - 4, top);
  context.lineTo(x + 4, top);
  context.lineTo(x, top + 5.5);
  context.fill();
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
