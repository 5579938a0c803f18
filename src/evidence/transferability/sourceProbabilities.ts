import { products } from '../products.ts';

interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * What a source task's own head makes of features: softmax of F Wᵀ + b, [items, source classes]. weight: [source classes,
 * width]. Undefined where there is no head that takes these features, or one with nothing to tell apart.
 */
export function sourceProbabilities(features: Float32Array, width: number, weight: Tensor | undefined, bias: Tensor | undefined): Float32Array | undefined {
  const [sources = 0, inputs] = weight?.shape ?? [];
  if (!weight || weight.shape.length !== 2 || inputs !== width || sources < 2) return undefined;
  const items = features.length / width, out = Float32Array.from(products(features, weight.data, width));
  for (let i = 0; i < items; i++) {
    const row = out.subarray(i * sources, (i + 1) * sources);
    for (let z = 0; z < sources; z++) row[z]! += bias?.data[z] ?? 0;
    const top = row.reduce((a, b) => Math.max(a, b));
    let total = 0;
    for (let z = 0; z < sources; z++) total += row[z] = Math.exp(row[z]! - top);
    for (let z = 0; z < sources; z++) row[z]! /= total;
  }
  return out;
}
