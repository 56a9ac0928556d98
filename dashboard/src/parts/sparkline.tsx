/** A small line without axes: the shape of the last minutes. The figure beside it is the value. */
import type { Cell } from '../history.ts';

const WIDTH = 120;
const HEIGHT = 28;

/** The path of a column; a gap lifts the pen. `top` is what reaches the upper edge; left out, the highest. Pure. */
export function sparkPath(values: readonly Cell[], width: number, height: number, top?: number): string {
  const highest = top ?? (values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0) || 1);
  const stepX = width / Math.max(1, values.length - 1);
  let path = '';
  let isDown = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDown = false;
      return;
    }
    const y = height - 1 - (value / highest) * (height - 2);
    path += `${isDown ? 'L' : 'M'}${(index * stepX).toFixed(1)} ${y.toFixed(1)}`;
    isDown = true;
  });
  return path;
}

/** Means of `count` stretches of equal length; a stretch without a value stays a gap. */
export function thin(values: readonly Cell[], count: number): Cell[] {
  if (values.length <= count) return [...values];
  const size = values.length / count;
  return Array.from({ length: count }, (_, index) => {
    const part = values.slice(Math.floor(index * size), Math.floor((index + 1) * size));
    const known = part.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0) / known.length;
  });
}

/** The highest of each of `count` stretches: for percentiles, which have no mean. */
export function peaks(values: readonly Cell[], count: number): Cell[] {
  const size = Math.max(1, values.length / count);
  return Array.from({ length: Math.min(count, values.length) }, (_, index) => {
    const known = values
      .slice(Math.floor(index * size), Math.floor((index + 1) * size))
      .filter((value) => value !== null);
    return known.length === 0 ? null : Math.max(...known);
  });
}

interface SparklineProps {
  readonly values: readonly Cell[];
  readonly tone?: 'bad';
  /** What reaches the upper edge, for lines that are to be compared; left out, the highest value. */
  readonly highest?: number;
}

export function Sparkline({ values, tone, highest }: SparklineProps) {
  return (
    <svg
      class="spark"
      data-tone={tone}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={sparkPath(thin(values, 60), WIDTH, HEIGHT, highest)} fill="none" vector-effect="non-scaling-stroke" />
    </svg>
  );
}
