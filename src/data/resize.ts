/**
 * Antialiased resizing, equal to Pillow 13's 8-bit path bit for bit (Pillow: src/libImaging/Resample.c), because the
 * backbones were evaluated behind it: separable; the filter's support grows with the reduction; weights rounded to 22
 * bits; the result of the first pass rounded and clipped to 8 bits before the second. Only the pixels of `window` and
 * what they depend on are computed. Goldens: prep.* (test/parity/resize.test.ts).
 */
import type { Pixels } from './sample.ts';

export type Interpolation = 'bicubic' | 'bilinear';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Window extends Size {
  readonly left: number;
  readonly top: number;
}

/** The part `window` of `pixels` resized to `size`: uint8 [window.height, window.width, 3]. */
export function resizeWindow(pixels: Pixels, size: Size, window: Window, interpolation: Interpolation): Uint8Array<ArrayBuffer> {
  const columns = tapsOf(pixels.width, size.width, window.left, window.width, interpolation);
  const rows = tapsOf(pixels.height, size.height, window.top, window.height, interpolation);
  const shrunkRows = pixels.height - size.height, shrunkColumns = pixels.width - size.width;
  // Pillow 13 chooses the cheaper order for tall images; older releases always went horizontally first.
  return shrunkRows > 0 && shrunkRows > 2 * shrunkColumns
    ? acrossColumns(acrossRows(pixels, rows, columns), columns, { from: 0, to: window.height }).data
    : acrossRows(acrossColumns(pixels, columns, rows), rows, { from: 0, to: window.width }).data;
}

/** A part of an image: its pixel (0, 0) is the source's (left, top). */
interface Part extends Size {
  readonly data: Uint8Array;
  readonly left?: number;
  readonly top?: number;
}

/** Which source lines each output line reads, and how much of each. */
interface Taps {
  readonly count: number;
  /** Source lines [from, to) that any output line reads. */
  readonly from: number;
  readonly to: number;
  /** Nothing to compute: each output line is a source line. */
  readonly copies: boolean;
  readonly first: Int32Array;
  readonly length: Int32Array;
  /** Row i of `stride` weights in 1/2^22. */
  readonly weights: Int32Array;
  readonly stride: number;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const precisionBits = 22; // 32 − 8 bits of pixel − 2 of headroom, as in Pillow
const half = 1 << (precisionBits - 1);

/** Horizontal pass over the rows of `span`. */
function acrossColumns({ data, width, left = 0, top = 0 }: Part, taps: Taps, span: Span): { data: Uint8Array<ArrayBuffer> } & Part {
  const { count, first, length, weights, stride } = taps;
  const height = span.to - span.from;
  if (taps.copies) return { ...cropped({ data, width, left, top }, { left: taps.from, top: span.from, width: count, height }), top: span.from };
  const out = new Uint8ClampedArray(height * count * 3); // storing clips to 0…255
  for (let y = 0, o = 0; y < height; y++) {
    const row = (y + span.from - top) * width - left;
    for (let x = 0; x < count; x++, o += 3) {
      const start = x * stride, end = start + length[x]!;
      let red = half, green = half, blue = half;
      for (let tap = start, i = (row + first[x]!) * 3; tap < end; tap++, i += 3) {
        const weight = weights[tap]!;
        red = (red + Math.imul(weight, data[i]!)) | 0;
        green = (green + Math.imul(weight, data[i + 1]!)) | 0;
        blue = (blue + Math.imul(weight, data[i + 2]!)) | 0;
      }
      out[o] = red >> precisionBits;
      out[o + 1] = green >> precisionBits;
      out[o + 2] = blue >> precisionBits;
    }
  }
  return { data: new Uint8Array(out.buffer), width: count, height, top: span.from };
}

/** Vertical pass over the columns of `span`. */
function acrossRows({ data, width, top = 0 }: Part, taps: Taps, span: Span): { data: Uint8Array<ArrayBuffer> } & Part {
  const { count, first, length, weights, stride } = taps;
  const columns = span.to - span.from, rowLength = columns * 3;
  if (taps.copies) return { ...cropped({ data, width, top }, { left: span.from, top: taps.from, width: columns, height: count }), left: span.from };
  const out = new Uint8ClampedArray(count * rowLength);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < count; y++) {
    const start = y * rowLength, last = length[y]! - 1;
    const lineOf = (tap: number): number => ((first[y]! + Math.min(tap, last) - top) * width + span.from) * 3;
    if (last >= 4) sums.fill(0);
    for (let tap = 0; tap <= last; tap += 4) { // four lines at a time: 40 % faster than one by one
      const at = y * stride + tap; // weights beyond `last` are 0
      const a = weights[at]!, b = weights[at + 1]!, c = weights[at + 2]!, d = weights[at + 3]!;
      const lineA = lineOf(tap), lineB = lineOf(tap + 1), lineC = lineOf(tap + 2), lineD = lineOf(tap + 3);
      if (last < 4) { // enlarged: no more than four lines, no sums to keep
        for (let i = 0; i < rowLength; i++) {
          out[start + i] = (half + Math.imul(a, data[lineA + i]!) + Math.imul(b, data[lineB + i]!) + Math.imul(c, data[lineC + i]!) + Math.imul(d, data[lineD + i]!)) >> precisionBits;
        }
      } else {
        for (let i = 0; i < rowLength; i++) {
          sums[i] = (sums[i]! + Math.imul(a, data[lineA + i]!) + Math.imul(b, data[lineB + i]!) + Math.imul(c, data[lineC + i]!) + Math.imul(d, data[lineD + i]!)) | 0;
        }
      }
    }
    if (last >= 4) for (let i = 0; i < rowLength; i++) out[start + i] = (sums[i]! + half) >> precisionBits;
  }
  return { data: new Uint8Array(out.buffer), width: columns, height: count, left: span.from };
}

/** The window as it is. */
function cropped({ data, width, left = 0, top = 0 }: Omit<Part, 'height'>, window: Window): Size & { data: Uint8Array<ArrayBuffer> } {
  const rowLength = window.width * 3, out = new Uint8Array(window.height * rowLength);
  for (let y = 0; y < window.height; y++) {
    const from = ((y + window.top - top) * width + window.left - left) * 3;
    out.set(data.subarray(from, from + rowLength), y * rowLength);
  }
  return { data: out, width: window.width, height: window.height };
}

const filters: Readonly<Record<Interpolation, { readonly support: number; readonly weight: (x: number) => number }>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys 1981 with a = −0.5, evaluated in Pillow's order so that rounding agrees.
  bicubic: {
    support: 2,
    weight: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    },
  },
};

const cachedTaps = new Map<string, Taps>();
const mostCachedTaps = 256; // a folder of photos has few sizes; one of scraps must not fill the memory

function tapsOf(sourceSize: number, size: number, start: number, count: number, interpolation: Interpolation): Taps {
  const key = `${sourceSize} ${size} ${start} ${count} ${interpolation}`;
  let taps = cachedTaps.get(key);
  if (!taps) {
    if (cachedTaps.size >= mostCachedTaps) cachedTaps.clear();
    cachedTaps.set(key, taps = computeTaps(sourceSize, size, start, count, interpolation));
  }
  return taps;
}

function computeTaps(sourceSize: number, size: number, start: number, count: number, interpolation: Interpolation): Taps {
  const { support, weight } = filters[interpolation];
  const scale = sourceSize / size, reduction = Math.max(scale, 1), reach = support * reduction;
  const stride = 4 * Math.ceil((2 * Math.ceil(reach) + 1) / 4); // whole fours, see acrossRows
  const first = new Int32Array(count), length = new Int32Array(count), weights = new Int32Array(count * stride);
  for (let i = 0; i < count; i++) {
    const centre = (start + i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - reach + 0.5)), high = Math.min(sourceSize, Math.trunc(centre + reach + 0.5));
    const exact = Array.from({ length: high - low }, (_, tap) => weight((tap + low - centre + 0.5) * (1 / reduction)));
    const sum = exact.reduce((a, b) => a + b, 0);
    const fixed = exact.map((value) => roundHalfAway((sum !== 0 ? value / sum : value) * (1 << precisionBits)));
    // Zeros at the ends change nothing: without them, a line that is kept as it is reads one source line, not five.
    const begin = Math.max(0, fixed.findIndex((value) => value !== 0));
    const kept = fixed.slice(begin, fixed.findLastIndex((value) => value !== 0) + 1);
    first[i] = low + begin;
    length[i] = kept.length;
    weights.set(kept, i * stride);
  }
  const last = count - 1;
  return { count, from: first[0]!, to: first[last]! + length[last]!, copies: sourceSize === size, first, length, weights, stride };
}

const roundHalfAway = (value: number): number => Math.trunc(value < 0 ? value - 0.5 : value + 0.5);
