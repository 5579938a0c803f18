import type { Weights } from './tensorData.ts';

/** A file's classifier (`classifier.weight`) → our `head.weight`; all other names are the same on both sides. */
export const fromSourceNames = (weights: Weights, sourceHead: string): Weights => renamed(weights, sourceHead, 'head');

/** Our `head.weight` → the library's `classifier.weight`, so that an exported file loads there. */
export const toSourceNames = (weights: Weights, sourceHead: string): Weights => renamed(weights, 'head', sourceHead);

function renamed(weights: Weights, from: string, to: string): Weights {
  return new Map([...weights].map(([name, tensor]) =>
    [name.startsWith(`${from}.`) ? to + name.slice(from.length) : name, tensor]));
}
