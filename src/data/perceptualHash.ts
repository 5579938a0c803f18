import { resizeWindow } from './resize.ts';
import type { Pixels } from './sample.ts';

/**
 * 64-bit difference hash as 16 hex digits (Krawetz 2013, "Kind of like that"): the image in 9 x 8 greys, one bit per
 * neighbouring pair. Same picture at another size, quality or brightness: a few bits differ.
 */
export function differenceHash(pixels: Pixels): string {
  const small = resizeWindow(pixels, { width: 9, height: 8 }, { left: 0, top: 0, width: 9, height: 8 }, 'bilinear');
  const grey = (at: number): number => 299 * small[at]! + 587 * small[at + 1]! + 114 * small[at + 2]!;
  let hash = 0n;
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      const at = (y * 9 + x) * 3;
      hash = (hash << 1n) | (grey(at) < grey(at + 3) ? 1n : 0n);
    }
  }
  return hash.toString(16).padStart(16, '0');
}
