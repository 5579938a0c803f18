import { gramOf } from './products.ts';
import { neighboursOf, votesOf } from './transferability/neighbours.ts';

/** A photo whose label its look-alikes do not share. */
export interface LabelHint {
  readonly item: number;
  /** Class that they stand in, and how many of them. */
  readonly instead: number;
  readonly votes: number;
  readonly of: number;
}

/** Neighbours that are asked, and how many must agree on another class while none shares the photo's own. */
const asked = 10, agreeing = 8;

/**
 * Photos that may stand in the wrong class: none of the ten nearest others, by the pretrained features, shares its class
 * and at least eight agree on another one. A hint, never more: what a backbone cannot see, neighbours cannot tell. After
 * the edited nearest neighbours of Wilson 1972. The surest first. features: [items, width].
 */
export function labelHints(features: Float32Array, labels: ArrayLike<number>, classes: number): LabelHint[] {
  const items = labels.length;
  if (items <= asked) return [];
  const counts = votesOf(Array.from({ length: items }, (_, i) => i), labels, classes);
  return neighboursOf(gramOf(features, features.length / items), items, asked).of.flatMap((neighbours, item): LabelHint[] => {
    const votes = votesOf(neighbours, labels, classes), most = Math.max(...votes), own = labels[item]!;
    if (votes[own]! > 0 || most < agreeing || counts[own]! <= asked / 2) return []; // of a rare class there are too few to agree
    return [{ item, instead: votes.indexOf(most), votes: most, of: asked }];
  }).sort((a, b) => b.votes - a.votes);
}
