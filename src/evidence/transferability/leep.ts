import { Bug } from '../../base/bug.ts';

/**
 * LEEP: how well the source task's own predictions, without any training, tell the classes apart (Nguyen et al. 2020,
 * "LEEP: A New Measure to Evaluate Transferability of Learned Representations", ICML). The mean over the photos of
 * ln Σ_z P(label | z) θ(photo)_z, where θ are the source head's probabilities and P(label | z) is counted from them.
 * Nats, 0 at best; only comparable on the same photos. probabilities: [items, source classes].
 */
export function leep(probabilities: Float32Array | Float64Array, labels: ArrayLike<number>, classes: number): number {
  const items = labels.length, sources = probabilities.length / items;
  if (!Number.isInteger(sources)) throw new Bug(`${probabilities.length} probabilities for ${items} items`);
  const joint = new Float64Array(classes * sources), marginal = new Float64Array(sources);
  for (let i = 0; i < items; i++) {
    for (let z = 0; z < sources; z++) {
      const share = probabilities[i * sources + z]! / items;
      joint[labels[i]! * sources + z]! += share;
      marginal[z]! += share;
    }
  }
  let sum = 0;
  for (let i = 0; i < items; i++) {
    let expected = 0;
    for (let z = 0; z < sources; z++) if (marginal[z]! > 0) expected += probabilities[i * sources + z]! * joint[labels[i]! * sources + z]! / marginal[z]!;
    sum += Math.log(expected);
  }
  return sum / items;
}
