import type { CardInput } from '../../../backbones/card.ts';
import type { Dataset } from '../photos/dataset.ts';
import type { FeatureSource } from './featureSource.ts';
import { prepared } from '../../../data/prepare.ts';
import { viewsOfSame } from './rereading.ts';

/**
 * Pixels for a network that trains from its first layer on: decoded ahead of the step that wants them, each epoch anew.
 * Decoding takes a few milliseconds an image where a training step takes a hundred, so keeping them would only cost disk.
 */
export function pixelSource({ folder, samples }: Dataset, input: CardInput): FeatureSource {
  const width = input.height * input.width * 3;
  return {
    from: 'input',
    width,
    async *blocks(rows, size, signal) {
      const files = rows.map(({ sample }) => samples[sample]!);
      let block = new Uint8Array(size * width), filled = 0, at = 0;
      for await (const item of prepared({ folder, files }, input, (index) => [rows[index]!.view], signal ? { signal } : {})) {
        const decoded = viewsOfSame(files[at]!, item)!; // nothing was known beforehand: it had to be decoded
        block.set(decoded.get(rows[at++]!.view)!, filled++ * width);
        if (filled === size) {
          yield block;
          block = new Uint8Array(size * width);
          filled = 0;
        }
      }
      if (filled > 0) yield block;
    },
  };
}
