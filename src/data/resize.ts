/**
 * Antialiased resizing, equal to Pillow 13's 8-bit path bit for bit (Pillow: src/libImaging/Resample.c), because the
 * backbones were evaluated behind it: separable; the filter's support grows with the reduction; weights rounded to 22
 * bits; the result of the first pass rounded and clipped to 8 bits before the second. Only the pixels of `window` and
 * what they depend on are computed. The two passes are WebAssembly (resizeKernel.wat): 6 to 8 times as fast as the same loops
 * in JavaScript. Goldens: prep.* (test/parity/resize.test.ts).
 */
import { resizeKernel } from './resizeKernel.ts';
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
  const needed = pixels.data.subarray(rows.from * pixels.width * 3, rows.to * pixels.width * 3); // whole source lines
  const span = columns.to - columns.from, lines = rows.to - rows.from, rowBytes = pixels.width * 3;
  const shrunkRows = pixels.height - size.height, shrunkColumns = pixels.width - size.width;
  // Pillow 13 chooses the cheaper order for tall images; older releases always went horizontally first.
  const rowsFirst = shrunkRows > 0 && shrunkRows > 2 * shrunkColumns;
  const middleBytes = 3 * (rowsFirst ? window.height * span : lines * window.width), outBytes = 3 * window.height * window.width;
  const memory = new Layout();
  const source = memory.put(needed), across = memory.putTaps(columns), down = memory.putTaps(rows);
  const middle = memory.room(middleBytes), out = memory.room(outBytes);
  if (rowsFirst) {
    kernel.rows(source + columns.from * 3, rowBytes, middle, span * 3, ...down);
    kernel.columns(middle, span * 3, out, window.height, ...across);
  } else {
    kernel.columns(source + columns.from * 3, rowBytes, middle, lines, ...across);
    kernel.rows(middle, window.width * 3, out, window.width * 3, ...down);
  }
  return new Uint8Array(kernel.memory.buffer.slice(out, out + outBytes));
}

type KernelTaps = readonly [count: number, first: number, length: number, weights: number, strideBytes: number];

/** resizeKernel.wat, whose head says what the numbers mean. */
interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  columns(source: number, sourceRow: number, target: number, rows: number, ...taps: KernelTaps): void;
  rows(source: number, sourceRow: number, target: number, rowLength: number, ...taps: KernelTaps): void;
}

const kernel = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(resizeKernel, 'base64'))).exports as Kernel;

const pageBytes = 65536;

/** Where things lie in the kernel's memory during one call: one behind the other, with room to overrun. */
class Layout {
  #end = 0;

  /** Returns the address. Earlier views on the memory are void after this: it may have moved. */
  room(lengthBytes: number): number {
    const at = this.#end, { memory } = kernel;
    this.#end = 16 * Math.ceil((at + lengthBytes) / 16 + 1);
    if (this.#end > memory.buffer.byteLength) memory.grow(Math.ceil((this.#end - memory.buffer.byteLength) / pageBytes));
    return at;
  }

  put(bytes: Uint8Array): number {
    const at = this.room(bytes.length);
    new Uint8Array(kernel.memory.buffer).set(bytes, at);
    return at;
  }

  putTaps({ count, first, length, weights, stride }: Taps): KernelTaps {
    const put = ({ buffer }: Int32Array): number => this.put(new Uint8Array(buffer));
    return [count, put(first), put(length), put(weights), 4 * stride];
  }
}

/** Which source lines each output line reads, and how much of each. */
interface Taps {
  readonly count: number;
  /** Source lines [from, to) that any output line reads. */
  readonly from: number;
  readonly to: number;
  /** Counted from `from`. */
  readonly first: Int32Array;
  readonly length: Int32Array;
  /** Row i of `stride` weights in 1/2^22. */
  readonly weights: Int32Array;
  readonly stride: number;
}

const precisionBits = 22; // 32 − 8 bits of pixel − 2 of headroom, as in Pillow

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
  const lines = Array.from({ length: count }, (_, i) => {
    const centre = (start + i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - reach + 0.5)), high = Math.min(sourceSize, Math.trunc(centre + reach + 0.5));
    const exact = Array.from({ length: high - low }, (_, tap) => weight((tap + low - centre + 0.5) * (1 / reduction)));
    const sum = exact.reduce((a, b) => a + b, 0);
    const fixed = exact.map((value) => roundHalfAway((sum !== 0 ? value / sum : value) * (1 << precisionBits)));
    // Zeros at the ends change nothing: without them, a line that is kept as it is reads one source line, not five.
    const begin = Math.max(0, fixed.findIndex((value) => value !== 0));
    return { first: low + begin, kept: fixed.slice(begin, fixed.findLastIndex((value) => value !== 0) + 1) };
  });
  const from = lines[0]!.first, last = lines.at(-1)!, stride = Math.max(...lines.map(({ kept }) => kept.length));
  const weights = new Int32Array(count * stride);
  lines.forEach(({ kept }, i) => weights.set(kept, i * stride));
  return {
    count, from, to: last.first + last.kept.length, weights, stride,
    first: Int32Array.from(lines, ({ first }) => first - from), length: Int32Array.from(lines, ({ kept }) => kept.length),
  };
}

const roundHalfAway = (value: number): number => Math.trunc(value < 0 ? value - 0.5 : value + 0.5);
