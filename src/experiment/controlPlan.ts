import type { ControlKind } from '../protocol/verdict.ts';
import type { Plan, StagePlan } from './plan.ts';

/** Controls that are trained, each in a run of its own. */
export type TrainedControl = Exclude<ControlKind, 'blind' | 'knn'>;

export const isTrained = (control: ControlKind): control is TrainedControl => control !== 'blind' && control !== 'knn';

/**
 * The stages of a control that trains for as many epochs as its run took: equal steps.
 * `random-features`: the very stages of the run, on random weights.
 * `scratch`: one stage in which every layer trains from random weights, with the batches, schedule and decay of the run's last
 * stage. Three things differ, for that to be a fair opponent: frozen statistics of a random network are none, so batch norm
 * follows the batch; lower layers, which have everything to learn, get the full rate; and the rate is its own (`ratesToTry`).
 * `linear-probe`: a head on the pretrained features as they are, likewise with a rate of its own.
 */
export function controlStages(plan: Plan, control: TrainedControl, epochs = epochsOf(plan)): readonly StagePlan[] {
  const last = plan.stages.at(-1)!, [rate] = ratesToTry[control].slice(1);
  switch (control) {
    case 'random-features': return cutTo(plan.stages, epochs);
    case 'scratch': return [{ ...last, name: 'from scratch', train: ['all'], epochs, rate: rate!, layerDecay: 1, batchNorm: 'batch' }];
    case 'linear-probe': return [{ ...last, name: 'linear probe', train: ['head'], epochs, rate: rate!, layerDecay: 1, batchNorm: 'stored' }];
  }
}

/**
 * Rates of AdamW that a control tries for a while before it goes on with the best: a control with a bad rate would be a
 * straw man. The middle one stands where there is no time to try. Random features get the run's own.
 */
export const ratesToTry: Readonly<Record<TrainedControl, readonly number[]>> = {
  scratch: [3e-4, 1e-3, 3e-3],
  'linear-probe': [1e-3, 3e-3, 1e-2],
  'random-features': [],
};

/** Epochs that each rate is tried for: a tenth of the way. With fewer than five in all, trying would cost more than it could gain. */
export const epochsToTry = (epochs: number): number => epochs < 5 ? 0 : Math.max(1, Math.round(epochs / 10));

export const epochsOf = ({ stages }: Pick<Plan, 'stages'>): number => stages.reduce((sum, { epochs }) => sum + epochs, 0);

function cutTo(stages: readonly StagePlan[], epochs: number): readonly StagePlan[] {
  let left = epochs;
  return stages.flatMap((stage) => {
    const own = Math.min(stage.epochs, left);
    left -= own;
    return own > 0 ? [{ ...stage, epochs: own }] : [];
  });
}

/** Milliseconds that the from-scratch control gets after a run that took `runMs`. */
export function scratchBudgetMs({ scratchBudget }: Pick<Plan, 'scratchBudget'>, runMs: number): number {
  if (scratchBudget === 'auto') return Math.max(60_000, runMs);
  return typeof scratchBudget === 'number' ? scratchBudget * 60_000 : Number.parseFloat(scratchBudget) * runMs;
}
