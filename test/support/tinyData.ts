import type { CardInput } from '../../src/backbones/card.ts';
import type { Dataset } from '../../src/trainer/child/photos/dataset.ts';
import type { FeatureSource } from '../../src/trainer/child/features/featureSource.ts';
import type { SampleId, View } from '../../src/data/sample.ts';
import { rng } from '../../src/base/rng.ts';

/** Pictures of 16 pixels a side for tinyLite: each class has a tint, the rest is noise. */
export const tinyInput: CardInput = { height: 16, width: 16, cropShare: 1, interpolation: 'bicubic', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

const side = 16, pixelsPerImage = side * side * 3;

/** `count` samples of three classes, two thirds to train on, the rest half and half. Nothing of it lies on a disk. */
export function tinyDataset(count = 18): Dataset {
  const samples = Array.from({ length: count }, (_, i) => ({
    id: `${i}.png` as SampleId, label: String(i % 3), sizeBytes: 1,
    facts: { sha256: i.toString(16).padStart(64, '0'), width: side, height: side, format: 'PNG' as const, hashes: [], notes: [] },
  }));
  const rowsOf = (wanted: readonly number[]): number[] => [...samples.keys()].filter((i) => wanted.includes(Math.floor(i / 3) % 6));
  return {
    folder: '/nowhere', classes: ['0', '1', '2'], samples, labels: Int32Array.from(samples, (_, i) => i % 3),
    rows: { train: rowsOf([0, 1, 2, 3]), validation: rowsOf([4]), test: rowsOf([5]) },
    facts: { classes: ['0', '1', '2'], train: [], validation: [], test: [], leftOut: {}, converted: {}, duplicateGroups: 0, splitBy: '' },
    fingerprint: '', manifest: [], diagnostics: [],
  };
}

/** uint8 [16, 16, 3]. */
export function tinyPixels(sample: number, view: View): Uint8Array {
  const { int } = rng(sample, 'pixels');
  const pixels = Uint8Array.from({ length: pixelsPerImage }, (_, i) => int(160) + (i % 3 === sample % 3 ? 90 : 0));
  if (view === 'centre') return pixels;
  return Uint8Array.from(pixels, (_, i) => {
    const row = Math.floor(i / (side * 3)), column = Math.floor(i / 3) % side;
    return pixels[(row * side + side - 1 - column) * 3 + i % 3]!;
  });
}

/** Pixels for a network whose frozen part runs anew for every row, as if there were no cache. */
export const tinySource: FeatureSource = {
  from: 'input',
  width: pixelsPerImage,
  async *blocks(rows, size) {
    for (let at = 0; at < rows.length; at += size) {
      const block = new Uint8Array(size * pixelsPerImage);
      rows.slice(at, at + size).forEach(({ sample, view }, i) => block.set(tinyPixels(sample, view), i * pixelsPerImage));
      yield await Promise.resolve(block);
    }
  },
};
