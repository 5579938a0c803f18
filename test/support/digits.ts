import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { SampleId, Split } from '../../src/data/sample.ts';
import type { Dataset } from '../../src/trainer/child/photos/dataset.ts';
import type { FeatureSource } from '../../src/trainer/child/features/featureSource.ts';
import { repoRoot } from './root.ts';

/** Handwritten digits of test/fixtures/digits8, in memory, as 16 × 16 pixels: what a network of a quarter of a million weights learns in seconds. */
export interface Digits {
  readonly dataset: Dataset;
  readonly source: FeatureSource;
}

const side = 8, scale = 2, width = (side * scale) ** 2 * 3, perClass = 60, perRow = 25;

/**
 * scrambled: the cells of each digit in another order, the same for all. labelOf: what a digit is said to be, for sources
 * that learn nonsense; its own class if left out.
 */
export async function digits({ scrambled = false, labelOf = (_: number, own: number): number => own } = {}): Promise<Digits> {
  const folder = join(repoRoot, 'test', 'fixtures', 'digits8');
  const { data, info } = await sharp(join(folder, 'digits.png')).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  const { splits, permutation } = JSON.parse(readFileSync(join(folder, 'digits.json'), 'utf8')) as { splits: string; permutation: readonly number[] };
  const cellOf = (sample: number, i: number): number => data[(Math.floor(sample / perRow) * side + Math.floor(i / side)) * info.width + sample % perRow * side + i % side]!;
  const pixels = Array.from(splits, (_, sample) => enlarged((i) => cellOf(sample, scrambled ? permutation[i]! : i)));
  const labels = Int32Array.from(splits, (_, sample) => labelOf(sample, Math.floor(sample / perClass)));
  const rowsOf = (letter: string): number[] => Array.from(splits).flatMap((each, sample) => each === letter ? [sample] : []);
  const rows: Record<Split, number[]> = { train: rowsOf('t'), validation: rowsOf('v'), test: rowsOf('e') };
  const samples = Array.from(splits, (_, i) => ({
    id: `${i}.png` as SampleId, label: String(labels[i]), sizeBytes: 1,
    facts: { sha256: i.toString(16).padStart(64, '0'), width: side * scale, height: side * scale, format: 'PNG' as const, hashes: [], notes: [] },
  }));
  const classes = Array.from('0123456789');
  return {
    dataset: {
      folder, classes, samples, labels, rows, fingerprint: '', manifest: [], diagnostics: [],
      facts: { classes, train: [], validation: [], test: [], leftOut: {}, converted: {}, duplicateGroups: 0, splitBy: '' },
    },
    source: {
      from: 'input',
      width,
      async *blocks(wanted, size) {
        for (let at = 0; at < wanted.length; at += size) {
          const block = new Uint8Array(size * width);
          wanted.slice(at, at + size).forEach(({ sample }, i) => block.set(pixels[sample]!, i * width));
          yield await Promise.resolve(block);
        }
      },
    },
  };
}

/** Grey cells → uint8 [16, 16, 3]. */
function enlarged(cell: (i: number) => number): Uint8Array {
  const wide = side * scale;
  return Uint8Array.from({ length: width }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return cell(Math.floor(pixel / wide / scale) * side + Math.floor(pixel % wide / scale));
  });
}
