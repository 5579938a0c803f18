import type { CardInput } from '../../backbones/card.ts';
import type { Dataset } from './dataset.ts';
import type { FeatureSource, Row } from './featureSource.ts';
import type { View } from '../../data/sample.ts';
import { Bug } from '../../base/bug.ts';
import { prepared } from '../../data/prepare.ts';

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
      const views = [...new Set(rows.map(({ view }) => view))];
      const files = rows.map(({ sample }) => samples[sample]!);
      let block = new Uint8Array(size * width), filled = 0, at = 0;
      for await (const item of prepared({ folder, files }, input, views, signal ? { signal } : {})) {
        block.set(pixelsOf(item, rows[at++]!), filled++ * width);
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

type Item = { readonly views?: ReadonlyMap<View, Uint8Array> } | { readonly problem: { readonly message: string } };

function pixelsOf(item: Item, { view }: Row): Uint8Array {
  const pixels = 'views' in item ? item.views?.get(view) : undefined;
  if (!pixels) throw new Bug(`an image that could be read before cannot be now: ${'problem' in item ? item.problem.message : 'no pixels'}`);
  return pixels;
}
