import type { CardInput } from '../backbones/card.ts';

/** Pixels 0…255, RGB interleaved → (pixel / 255 − mean) / std per channel, as the backbone was trained. Same length and order. */
export function normalise(pixels: Uint8Array, { mean, std }: Pick<CardInput, 'mean' | 'std'>): Float32Array {
  const tables = mean.map((m, channel) => Float32Array.from({ length: 256 }, (_, value) => (value / 255 - m) / std[channel]!));
  const [red, green, blue] = tables as [Float32Array, Float32Array, Float32Array];
  const out = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 3) {
    out[i] = red[pixels[i]!]!;
    out[i + 1] = green[pixels[i + 1]!]!;
    out[i + 2] = blue[pixels[i + 2]!]!;
  }
  return out;
}
