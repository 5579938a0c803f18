/**
 * Position tables at another image size, as PyTorch's bicubic `interpolate` makes them (align_corners false): half-pixel
 * centres, and one of two filters. With antialias, Pillow's: a = −0.5, wider by the factor by which the grid shrinks,
 * cut at the border and normalised (timm). Without, a = −0.75 and the border repeated (Hugging Face). Keys 1981,
 * IEEE Trans. ASSP 29(6). Parity: pos_embed_resampled of the DINOv2 goldens.
 */
import { sizeOf } from './shapes.ts';
import type { GridResize } from './op.ts';
import type { TensorData } from './tensorData.ts';

/** Row-major [to][from]: what each of `to` points along one axis takes of `from`. */
export function axisWeights(from: number, to: number, antialias: boolean): Float32Array {
  const weights = new Float32Array(to * from), step = from / to;
  const stretch = antialias ? Math.max(1, step) : 1, a = antialias ? -0.5 : -0.75;
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * step, row = weights.subarray(i * from, (i + 1) * from);
    for (let j = Math.floor(centre - 0.5 - 2 * stretch); j <= Math.ceil(centre - 0.5 + 2 * stretch); j++) {
      const weight = cubic((j + 0.5 - centre) / stretch, a);
      if (!antialias) row[Math.min(from - 1, Math.max(0, j))]! += weight;
      else if (j >= 0 && j < from) row[j] = weight;
    }
    const sum = row.reduce((total, weight) => total + weight, 0);
    for (let j = 0; j < from; j++) row[j]! /= sum; // 1 already without antialias, but for rounding
  }
  return weights;
}

/** Keys's cubic convolution kernel. */
function cubic(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
}

/** A table [1, rows, width] with its grid resized: what the op `addTable` adds, where the table is frozen. */
export function resizedTable({ shape, data }: TensorData, { from, to, antialias }: GridResize): TensorData {
  const [, rows, width] = shape as [number, number, number];
  const kept = (rows - sizeOf(from)) * width;
  const down = alongAxis(data.subarray(kept), axisWeights(from[0], to[0], antialias), 1, from[0], from[1] * width);
  const across = alongAxis(down, axisWeights(from[1], to[1], antialias), to[0], from[1], width);
  const resized = new Float32Array(kept + across.length);
  resized.set(data.subarray(0, kept));
  resized.set(across, kept);
  return { shape: [1, resized.length / width, width], data: resized };
}

/** x [outer, from, inner], weights [to, from] → [outer, to, inner]. */
function alongAxis(x: Float32Array, weights: Float32Array, outer: number, from: number, inner: number): Float32Array {
  const to = weights.length / from, out = new Float32Array(outer * to * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < to; i++) {
      for (let k = 0; k < inner; k++) {
        let sum = 0;
        for (let j = 0; j < from; j++) sum += weights[i * from + j]! * x[(o * from + j) * inner + k]!;
        out[(o * to + i) * inner + k] = sum;
      }
    }
  }
  return out;
}
