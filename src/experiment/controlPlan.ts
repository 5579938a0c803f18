import type { ControlKind } from '../protocol/verdict.ts';
import type { Plan, StagePlan } from './plan.ts';
import { stageLength } from './stageLength.ts';

/** Controls that are trained, each in a run of its own. */
export type TrainedControl = Exclude<ControlKind, 'blind' | 'knn'>;

export const isTrained = (control: ControlKind): control is TrainedControl => control !== 'blind' && control !== 'knn';

/** Nothing holds a control to, or leads it back to, where it began. */
const unrestrained = { regularize: { l2sp: 0, delta: 0, bss: 0, lwf: 0 }, wiseFt: 'off', headStart: 'kept' } as const;

/**
 * The stages of a control that trains for as many updates as its run took. `trainSamples`: of the run.
 * `random-features`: the very stages of the run, on random weights, but for LwF: no source task speaks through them.
 * `scratch`: one stage in which every layer trains from random weights, with the losses, augmentation and schedule of the run's
 * last stage. More must differ for that to be a fair opponent: frozen statistics of a random network are none, so batch norm
 * follows the batch; lower layers, which have everything to learn, get the full rate; nothing holds it to where it began; and
 * AdamW trains it at a rate of its own (`ratesToTry`).
 * `linear-probe`: a head on the pretrained features as they are, likewise at a rate of its own.
 */
export function controlStages(plan: Plan, control: TrainedControl, trainSamples: number, steps = stepsOf(plan, trainSamples)): readonly StagePlan[] {
  if (control === 'random-features') return cutTo(plan, trainSamples, steps).map((stage) => ({ ...stage, regularize: { ...stage.regularize, lwf: 0 } }));
  const own: StagePlan = { ...plan.stages.at(-1)!, ...unrestrained, steps, leaveAfter: 0, optimizer: 'adamw', rate: ratesToTry[control][1]!, layerDecay: 1 };
  if (control === 'scratch') return [{ ...own, name: 'from scratch', train: ['all'], batchNorm: 'batch' }];
  return [{ ...own, name: 'linear probe', train: ['head'], batchNorm: 'stored', cutmix: 0, dropPath: 0 }]; // behind the last map there is nothing to cut or to skip
}

/**
 * Rates of AdamW that a control tries for a while before it is trained at the best: a control with a bad rate would be a straw
 * man. The middle one stands where there is no time to try. Random features get the run's own.
 */
export const ratesToTry: Readonly<Record<TrainedControl, readonly number[]>> = {
  scratch: [3e-4, 1e-3, 3e-3],
  'linear-probe': [1e-3, 3e-3, 1e-2],
  'random-features': [],
};

/** Updates that each rate is tried for: a tenth of the way, a pass at least. With fewer than five passes in all, trying would cost more than it could gain. */
export const stepsToTry = (steps: number, perEpoch: number): number => steps < 5 * perEpoch ? 0 : Math.max(perEpoch, Math.round(steps / 10));

const stepsOf = ({ stages, batch }: Plan, trainSamples: number): number => stages.reduce((sum, stage) => sum + stageLength(stage, trainSamples, batch).takenSteps, 0);

/** Stages in whole passes, up to as many updates. */
function cutTo({ stages, batch }: Plan, trainSamples: number, steps: number): readonly StagePlan[] {
  let left = Math.max(1, steps);
  return stages.flatMap((stage) => {
    if (left <= 0) return [];
    const length = stageLength(stage, trainSamples, batch), epochs = Math.min(stage.epochs, Math.ceil(left / length.perEpoch));
    if (length.takenSteps <= left) {
      left -= length.takenSteps;
      return [stage];
    }
    const cut: StagePlan = stage.steps === 'auto' ? { ...stage, epochs, leaveAfter: 0 } : { ...stage, steps: Math.min(length.steps, left), leaveAfter: 0 };
    left -= stageLength(cut, trainSamples, batch).steps;
    return [cut];
  });
}

/** Milliseconds that the from-scratch control gets after a run that took `runMs`. */
export function scratchBudgetMs({ scratchBudget }: Pick<Plan, 'scratchBudget'>, runMs: number): number {
  if (scratchBudget === 'auto') return Math.max(60_000, runMs);
  return typeof scratchBudget === 'number' ? scratchBudget * 60_000 : Number.parseFloat(scratchBudget) * runMs;
}
