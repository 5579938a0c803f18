import { filledBlocks } from './blocks.ts';
import { headPath } from './freezeTree.ts';
import type { Network } from './op.ts';

/** The order in which a pretrained network thaws: blocks from right below the head down to the input. */
const fromTheTop = (network: Network): readonly string[] => filledBlocks(network).map(({ path }) => path).filter((path) => path !== headPath).reverse();

/** The top third of the blocks, as it stands in a `train` list: from the input upwards. */
export function topBlocks(network: Network): readonly string[] {
  const blocks = fromTheTop(network);
  return blocks.slice(0, Math.max(1, Math.round(blocks.length / 3))).reverse();
}

/** All blocks in at most `most` groups of about as many, from the top; the upper ones take what is left over. */
export function thawGroups(network: Network, most: number): readonly (readonly string[])[] {
  const blocks = fromTheTop(network), groups = Math.min(most, blocks.length), small = Math.floor(blocks.length / groups), larger = blocks.length % groups;
  return Array.from({ length: groups }, (_, i) => blocks.slice(i * small + Math.min(i, larger), (i + 1) * small + Math.min(i + 1, larger)).reverse());
}
