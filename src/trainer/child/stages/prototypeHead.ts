import type { Dataset } from '../photos/dataset.ts';
import type { FeatureSource } from '../features/featureSource.ts';
import type { Weights } from '../../../backbones/tensorData.ts';

/**
 * A head without training: each class's weights are the mean of its training photos' features at unit length, at unit
 * length again; biases are 0 (weight imprinting: Qi et al. 2018, arXiv:1712.07136, section 3.2). Left out: that the head
 * divides what it is fed by its length too, and the scale that is learnt for it; the mean length of the features, which all
 * classes share, takes their place. So logits are cosines times `sharpness`, for features of about one length.
 * source: features right before the head; centre views. Returns `head.weight` [classes, features] and `head.bias` [classes].
 */
export async function prototypeHead(source: FeatureSource, { classes, labels, rows }: Pick<Dataset, 'classes' | 'labels' | 'rows'>, batch: number): Promise<Weights> {
  const { width } = source, sums = new Float64Array(classes.length * width);
  let lengths = 0, at = 0;
  for await (const block of source.blocks(rows.train.map((sample) => ({ sample, view: 'centre' })), batch)) {
    for (const [i, row] of rows.train.slice(at, at + batch).entries()) {
      const features = block.subarray(i * width, (i + 1) * width), length = lengthOf(features), from = labels[row]! * width;
      if (length > 0) features.forEach((value, j) => { sums[from + j]! += value / length; });
      lengths += length;
    }
    at += batch;
  }
  const scale = sharpness * rows.train.length / Math.max(lengths, Number.MIN_VALUE), data = new Float32Array(sums.length);
  for (let from = 0; from < sums.length; from += width) {
    const sum = sums.subarray(from, from + width), length = lengthOf(sum);
    if (length > 0) data.set(sum.map((value) => scale * value / length), from);
  }
  return new Map([['head.weight', { shape: [classes.length, width], data }], ['head.bias', { shape: [classes.length], data: new Float32Array(classes.length) }]]);
}

/** Cosines of features after a ReLU differ by a tenth or two between classes. */
const sharpness = 20;

function lengthOf(values: Float32Array | Float64Array | Uint8Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
