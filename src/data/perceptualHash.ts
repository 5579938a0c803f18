/**
 * Two hashes by which the same picture is found again at another size, quality, brightness or slight crop. Both start
 * from the image in 32 x 32 greys.
 * `coarse`, 64 bits: signs of the lowest 8 x 8 cosine frequencies against their median (Zauner 2010, "Implementation and
 * Benchmarking of Perceptual Image Hash Functions"; the constant term left out). It is cheap to search by.
 * `fine`, 240 bits: of 16 x 16 greys, whether each is brighter than its left neighbour. It settles what `coarse` proposes.
 */
import { resizeWindow } from './resize.ts';
import type { Pixels } from './sample.ts';

/** [coarse, fine] as hexadecimal digits, or none for an image too small or too plain to be told by its looks. */
export function perceptualHashes(pixels: Pixels): readonly string[] {
  if (Math.min(pixels.width, pixels.height) < side) return []; // icons and 8 x 8 digits look alike without being the same
  const grey = greysOf(pixels);
  return isPlain(grey) ? [] : [hex(coarseBits(grey)), hex(fineBits(grey))];
}

const side = 32;

function greysOf(pixels: Pixels): Float32Array {
  const size = { width: side, height: side };
  const small = resizeWindow(pixels, size, { ...size, left: 0, top: 0 }, 'bilinear');
  return Float32Array.from({ length: side * side }, (_, i) => 0.299 * small[3 * i]! + 0.587 * small[3 * i + 1]! + 0.114 * small[3 * i + 2]!);
}

/** Standard deviation under two of 255 levels: what differs is noise. */
function isPlain(grey: Float32Array): boolean {
  const mean = grey.reduce((sum, value) => sum + value, 0) / grey.length;
  return grey.reduce((sum, value) => sum + (value - mean) ** 2, 0) / grey.length < 4;
}

const frequencies = 8;
/** cosines[frequency * side + position]: type-II DCT, unscaled. */
const cosines = Float32Array.from({ length: frequencies * side }, (_, i) => Math.cos(Math.PI * (2 * (i % side) + 1) * Math.floor(i / side) / (2 * side)));

function coarseBits(grey: Float32Array): boolean[] {
  const rows = product(grey, (y, x) => y * side + x, side); // [frequency of x, y]
  const both = product(rows, (u, y) => u * side + y, frequencies); // [frequency of y, frequency of x]
  const varying = [...both.subarray(1)];
  const median = varying.toSorted((a, b) => a - b)[varying.length >> 1]!;
  return [false, ...varying.map((value) => value > median)];
}

/** Cosine transform along the second index of `from`; the result is [frequency, first index]. */
function product(from: Float32Array, at: (first: number, second: number) => number, firsts: number): Float32Array {
  const out = new Float32Array(frequencies * firsts);
  for (let u = 0; u < frequencies; u++) {
    for (let first = 0; first < firsts; first++) {
      let sum = 0;
      for (let second = 0; second < side; second++) sum += cosines[u * side + second]! * from[at(first, second)]!;
      out[u * firsts + first] = sum;
    }
  }
  return out;
}

function fineBits(grey: Float32Array): boolean[] {
  const half = side / 2, bits: boolean[] = [];
  const block = (y: number, x: number): number => {
    const at = 2 * y * side + 2 * x;
    return grey[at]! + grey[at + 1]! + grey[at + side]! + grey[at + side + 1]!;
  };
  for (let y = 0; y < half; y++) for (let x = 1; x < half; x++) bits.push(block(y, x) > block(y, x - 1));
  return bits;
}

function hex(bits: readonly boolean[]): string {
  let digits = '';
  for (let i = 0; i < bits.length; i += 4) {
    digits += (8 * Number(bits[i]) + 4 * Number(bits[i + 1]) + 2 * Number(bits[i + 2]) + Number(bits[i + 3])).toString(16);
  }
  return digits;
}
