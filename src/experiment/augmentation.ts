import type { AugmentOp, StagePlan } from './plan.ts';

/**
 * How a stage varies its photos: `none` and `flip` are views that every run shares; all else is drawn, as often as one
 * asks, by a recipe. A recipe and the number of the draw make a view (data/augment.ts).
 */
export interface Recipe {
  readonly ops: readonly AugmentOp[];
  /** 0…1: of what each op may do at most. */
  readonly strength: number;
}

const recipes = {
  light: { ops: ['crop', 'flip', 'color'], strength: 0.5 },
  strong: { ops: ['crop', 'flip', 'rotate', 'color', 'erase'], strength: 1 },
} as const satisfies Record<'light' | 'strong', Recipe>;

/** Undefined where nothing is drawn. */
export function recipeOf({ augment }: Pick<StagePlan, 'augment'>): Recipe | undefined {
  if (augment === 'none' || augment === 'flip') return undefined;
  return typeof augment === 'string' ? recipes[augment] : { ops: augment, strength: 1 };
}

/** `crop+flip+color@0.5`: what the same draw of gives the same view. */
export const recipeName = ({ ops, strength }: Recipe): string => `${ops.join('+')}@${strength}`;

/** Kept views of each sample, for all stages together: the centre, its mirror image, and the draws of each recipe. */
export function storedViewCount(stages: readonly Pick<StagePlan, 'augment' | 'views'>[]): number {
  const drawn = new Map<string, number>();
  for (const stage of stages) {
    const recipe = recipeOf(stage), name = recipe && recipeName(recipe);
    if (name !== undefined) drawn.set(name, Math.max(drawn.get(name) ?? 0, stage.views));
  }
  return 1 + Number(stages.some(({ augment }) => augment === 'flip')) + [...drawn.values()].reduce((sum, views) => sum + views, 0);
}
