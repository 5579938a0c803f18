/**
 * How alike two sets of features of the same items are, whatever turns or scales one of them: linear centred kernel
 * alignment (Kornblith et al. 2019, arXiv:1905.00414) with the unbiased estimate of HSIC (Song et al. 2012, JMLR 13;
 * Nguyen et al. 2021, arXiv:2010.15327). The plain estimate nears 1 for any two sets once features outnumber items, as they
 * do here; this one stays near 0 for unrelated ones, and may fall below. Reference: test/fixtures/goldens/metric.cka.
 */
import { Bug } from '../base/bug.ts';
import { gramOf } from './products.ts';

/** Features [items, width] of the same items, in their order, at least 4; widths may differ. NaN where one of the sets is constant. */
export function cka(a: Float32Array | Float64Array, b: Float32Array | Float64Array, items: number): number {
  return ckaOfGrams(zeroedGram(a, items), zeroedGram(b, items), items);
}

/** Of what zeroedGram gave: a set that is compared often is multiplied out once. */
export const ckaOfGrams = (k: Float64Array, l: Float64Array, items: number): number =>
  hsic(k, l, items) / Math.sqrt(hsic(k, k, items) * hsic(l, l, items));

/** Inner products of each two items, [items, items]; the diagonal is left out, as 0. Taken about the mean, which changes nothing but rounding. */
export function zeroedGram(features: Float32Array | Float64Array, items: number): Float64Array {
  const width = features.length / items;
  const centred = Float64Array.from(features);
  for (let k = 0; k < width; k++) {
    let mean = 0;
    for (let i = 0; i < items; i++) mean += features[i * width + k]! / items;
    for (let i = 0; i < items; i++) centred[i * width + k]! -= mean;
  }
  const gram = gramOf(centred, width);
  for (let i = 0; i < items; i++) gram[i * items + i] = 0;
  return gram;
}

/** (tr KL + ΣK ΣL / ((n−1)(n−2)) − 2 / (n−2) · 1ᵀKL1) / (n (n−3)), diagonals 0. */
function hsic(k: Float64Array, l: Float64Array, n: number): number {
  if (n < 4) throw new Bug(`CKA of ${n} items`);
  let trace = 0, sumK = 0, sumL = 0, cross = 0;
  for (let i = 0; i < n; i++) {
    let rowK = 0, rowL = 0;
    for (let j = 0; j < n; j++) {
      const a = k[i * n + j]!, b = l[i * n + j]!;
      trace += a * b;
      rowK += a;
      rowL += b;
    }
    sumK += rowK;
    sumL += rowL;
    cross += rowK * rowL; // both are symmetric
  }
  return (trace + sumK * sumL / ((n - 1) * (n - 2)) - 2 / (n - 2) * cross) / (n * (n - 3));
}
