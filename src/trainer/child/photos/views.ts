import type { Rng } from '../../../base/rng.ts';
import type { StagePlan } from '../../../experiment/plan.ts';
import type { View } from '../../../data/sample.ts';
import { recipeOf } from '../../../experiment/augmentation.ts';
import { viewOf } from '../../../data/augment.ts';

/** Every view that is kept for these stages: storedViewCount (experiment/augmentation.ts) counts them. */
export function storedViews(stages: readonly Pick<StagePlan, 'augment' | 'views'>[]): readonly View[] {
  const drawn = stages.flatMap((stage) => {
    const recipe = recipeOf(stage);
    return recipe ? Array.from({ length: stage.views }, (_, draw) => viewOf(recipe, draw)) : [];
  });
  return [...new Set<View>(['centre', ...stages.some(({ augment }) => augment === 'flip') ? ['flip'] as const : [], ...drawn])];
}

/** The view in which a photo is trained on next: one of those that are kept, or a fresh draw where nothing is. */
export function nextView(stage: Pick<StagePlan, 'augment' | 'views'>, isCached: boolean, { next, int }: Rng): View {
  if (stage.augment === 'flip') return next() < 0.5 ? 'flip' : 'centre';
  const recipe = recipeOf(stage);
  return recipe ? viewOf(recipe, int(isCached ? stage.views : 2 ** 31)) : 'centre';
}
