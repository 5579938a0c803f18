import { xs, ys, type Series } from '../src/base/series.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * At most about 2 × `buckets` points that draw the same curve: the lowest and highest value of each bucket, in order.
 * Non-finite values become gaps, not zeros. O(n), so a run of 10⁶ steps stays cheap.
 */
export function decimate(series: Series, buckets: number, scale = 1): Point[] {
  const x = xs(series), y = ys(series);
  if (x.length <= 2 * buckets) return Array.from(x, (value, i) => ({ x: value * scale, y: y[i]! }));
  const points: Point[] = [];
  const size = x.length / buckets;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.floor(bucket * size), to = Math.floor((bucket + 1) * size);
    let low = from, high = from;
    for (let i = from + 1; i < to; i++) {
      if (y[i]! < y[low]!) low = i;
      if (y[i]! > y[high]!) high = i;
    }
    for (const i of low < high ? [low, high] : low > high ? [high, low] : [low]) points.push({ x: x[i]! * scale, y: y[i]! });
  }
  return points;
}
