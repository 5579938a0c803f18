/**
 * Points (x, y) that only grow, as a value: `append` returns a new series and leaves the old one as it was, yet costs
 * O(1) on average, because both share one buffer. Only an append to an outdated series copies. A run of 10⁶ logged
 * steps stays a pure fold this way.
 */
export interface Series {
  readonly length: number;
  /** At least `length` long; what lies beyond belongs to newer series. Read it through `xs` and `ys`. */
  readonly buffer: SeriesBuffer;
}

interface SeriesBuffer {
  /** Points written so far, by whichever series is newest. */
  used: number;
  x: Float64Array<ArrayBuffer>;
  y: Float64Array<ArrayBuffer>;
}

/** A series without points. */
export const emptySeries = (): Series => ({ length: 0, buffer: { used: 0, x: new Float64Array(0), y: new Float64Array(0) } });

/** `series` and one point more. */
export function append(series: Series, x: number, y: number): Series {
  const { length } = series;
  let { buffer } = series;
  if (buffer.used !== length || buffer.x.length === length) buffer = grown(buffer, length);
  buffer.x[length] = x;
  buffer.y[length] = y;
  buffer.used = length + 1;
  return { length: length + 1, buffer };
}

/** Views without a copy, oldest point first; read only. */
export const xs = ({ buffer, length }: Series): Float64Array => buffer.x.subarray(0, length);
export const ys = ({ buffer, length }: Series): Float64Array => buffer.y.subarray(0, length);

/** The newest y, or undefined. */
export const lastY = ({ buffer, length }: Series): number | undefined => length > 0 ? buffer.y[length - 1] : undefined;

function grown(buffer: SeriesBuffer, length: number): SeriesBuffer {
  const capacity = Math.max(16, 2 * length);
  const x = new Float64Array(capacity), y = new Float64Array(capacity);
  x.set(buffer.x.subarray(0, length));
  y.set(buffer.y.subarray(0, length));
  return { used: length, x, y };
}
