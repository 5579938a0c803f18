import { xs, ys, type Series } from '../src/base/series.ts';

export interface Point {
  readonly x: number;
  /** NaN is a gap. */
  readonly y: number;
}

/**
 * At most 2 × `buckets` points that draw the same curve: the lowest and highest value of each bucket, in order.
 * A value that is not finite is a gap, as is a bucket without any other. O(n), so a run of 10⁶ steps stays cheap.
 */
export function decimate(series: Series, buckets: number, scale = 1): Point[] {
  const x = xs(series), y = ys(series);
  const pointAt = (i: number): Point => ({ x: x[i]! * scale, y: Number.isFinite(y[i]) ? y[i]! : NaN });
  if (x.length <= 2 * buckets) return Array.from(x, (_, i) => pointAt(i));
  const points: Point[] = [];
  const size = x.length / buckets;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.floor(bucket * size), to = Math.floor((bucket + 1) * size);
    let low = from, high = from;
    for (let i = from + 1; i < to; i++) {
      if (!Number.isFinite(y[i])) continue;
      if (!(y[i]! >= y[low]!)) low = i; // also when y[low] is no number
      if (!(y[i]! <= y[high]!)) high = i;
    }
    for (const i of low < high ? [low, high] : low > high ? [high, low] : [low]) points.push(pointAt(i));
  }
  return points;
}
