/** IEEE 754 half precision (binary16), which Node 20 has no array for. */

let table: Float32Array | undefined;

/** Half-precision bits → values, into `decoded`. By table: 65,536 values cover them all, and 4.6 million weights decode in milliseconds. */
export function decodeHalf(bits: Uint16Array, decoded: Float32Array = new Float32Array(bits.length)): Float32Array {
  const values = table ??= Float32Array.from({ length: 65536 }, (_, half) => halfValue(half));
  for (let i = 0; i < bits.length; i++) decoded[i] = values[bits[i]!]!;
  return decoded;
}

function halfValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1, exponent = (half >> 10) & 31, fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24; // zero and subnormal
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Values → nearest half-precision bits, ties to even; beyond ±65504 becomes infinite. */
export function encodeHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length), halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) halves[i] = halfBits(bits[i]!); // `from` with a function takes ten times as long
  return halves;
}

/** float32 bits → float16 bits. */
function halfBits(single: number): number {
  const sign = (single >>> 16) & 0x8000, magnitude = single & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds beyond 65504
  if (magnitude < 0x33000000) return sign; // below half of the smallest subnormal
  // Drop 13 bits of the fraction (more for subnormals, whose hidden bit becomes a real one), rounding to even.
  const subnormal = magnitude < 0x38800000;
  const shift = subnormal ? 126 - (magnitude >>> 23) : 13;
  const kept = subnormal ? (magnitude & 0x7fffff) | 0x800000 : magnitude - 0x38000000;
  const half = kept >>> shift, rest = kept & ((1 << shift) - 1), tie = 1 << (shift - 1);
  return sign | (half + (rest > tie || (rest === tie && half & 1) ? 1 : 0)); // a carry runs into the exponent, as it should
}
