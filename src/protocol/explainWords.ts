import type { FileExplanation } from './answers.ts';

/** From there on a map is called like that of random weights. */
const alike = 0.7;

/** "like random weights: 0.12": the sanity check of a map, in a few words. */
export function sanityText({ sanity = 0 }: Pick<FileExplanation, 'sanity'>): string {
  const shown = sanity.toFixed(2).replace('-', '−');
  return sanity < alike ? `map correlates ${shown} with that of random weights` : `not to be trusted: random weights draw the same map (correlation ${shown})`;
}

/** What a map shows, and what it cannot. */
export const explainNote = 'Hot is where the evidence for the label lies, as coarse as the last map (Grad-CAM). It cannot show what is seen there, nor that the label rests on nothing else. Sanity check: the same network with random weights should draw another map.';
