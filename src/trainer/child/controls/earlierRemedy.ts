import type { CauseFacts } from '../../../evidence/causes.ts';
import { filledBlocks } from '../../../backbones/blocks.ts';
import { earlierBlocks, networkUpTo } from '../../../backbones/earlierFeatures.ts';
import { matchPatterns } from '../../../backbones/freezePlan.ts';
import { headPath } from '../../../backbones/freezeTree.ts';
import type { Network } from '../../../backbones/op.ts';
import type { Plan } from '../../../experiment/plan.ts';

/**
 * The block two thirds of the way up, as a first one to try: general enough to be another view of the photos, not so early that
 * it knows only edges and colours (measured: docs/decisions/earlier-features.md). Stages that name what lies above it train as
 * many blocks right below the head as before; what needs the source task's head is taken out. Undefined: there is nothing earlier.
 */
export function earlierRemedy(network: Network, { stages, sourceData }: Pick<Plan, 'stages' | 'sourceData'>): CauseFacts['earlier'] {
  const blocks = earlierBlocks(network), block = blocks[Math.floor(blocks.length * 2 / 3)];
  if (block === undefined) return undefined;
  const cut = networkUpTo(network, block), ofStages = stages.flatMap(({ train, regularize: { lwf } }, i): (readonly [string, string])[] => {
    const moved = movedDown(network, cut, train);
    return [...moved ? [[`stages.${i}.train`, `[${moved.join(', ')}]`] as const] : [], ...lwf > 0 ? [[`stages.${i}.regularize.lwf`, '0'] as const] : []];
  });
  return { block, edits: [['features', block], ...ofStages, ...sourceData === 'none' ? [] : [['sourceData', 'none'] as const]] };
}

/** Undefined: the list holds for `cut` too. */
function movedDown(network: Network, cut: Network, train: readonly string[]): readonly string[] | undefined {
  const { unmatched } = matchPatterns(cut, train), lost = unmatched.map(({ pattern }) => pattern), kept = train.filter((pattern) => !lost.includes(pattern));
  if (lost.length === 0) return undefined;
  const blocksOf = (of: Network, patterns: readonly string[]): readonly string[] => {
    const { trained } = matchPatterns(of, patterns);
    return filledBlocks(of).filter(({ parameters }) => parameters.some(({ name }) => trained.has(name))).map(({ path }) => path);
  };
  const taken = [headPath, ...blocksOf(cut, kept)], free = filledBlocks(cut).map(({ path }) => path).filter((path) => !taken.includes(path));
  return [...free.slice(-blocksOf(network, lost).length), ...kept];
}
