/**
 * How the features of one view lie in the cache, little-endian: as float16, which halves disk and memory and costs no
 * accuracy that could be measured (docs/decisions/feature-precision.md), or as float32, which tests compare with.
 */
import { decodeHalf, encodeHalf } from '../backbones/halfFloat.ts';

export type FeaturePrecision = 'float16' | 'float32';

export interface RecordFormat {
  readonly bytesPerValue: number;
  encode(values: Float32Array): Uint8Array;
  /** `bytes` begin at a multiple of their value's size. */
  decode(bytes: Uint8Array, into: Float32Array): void;
}

export const recordFormats: Readonly<Record<FeaturePrecision, RecordFormat>> = {
  float16: {
    bytesPerValue: 2,
    encode: (values) => {
      const halves = encodeHalf(values);
      // A value beyond ±65504 stays the largest that there is: infinite, it would make every loss NaN.
      for (let i = 0; i < halves.length; i++) if ((halves[i]! & 0x7fff) === 0x7c00) halves[i]! -= 1;
      return new Uint8Array(halves.buffer);
    },
    decode: (bytes, into) => void decodeHalf(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2), into),
  },
  float32: {
    bytesPerValue: 4,
    encode: (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    decode: (bytes, into) => into.set(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)),
  },
};
