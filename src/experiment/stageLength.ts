import type { StagePlan } from './plan.ts';

export interface StageLength {
  /** Updates in one pass over the training samples. */
  readonly perEpoch: number;
  /** Updates in the stage, at most: what its schedule is for. */
  readonly steps: number;
  /** Passes, the last one perhaps not to its end. */
  readonly epochs: number;
  /** Of those the updates and passes that are taken: all, or up to where the stage is left. */
  readonly takenSteps: number;
  readonly takenEpochs: number;
}

/** How long a stage is: its epochs, or its steps, by what one update takes in. `batch`: the plan's. */
export function stageLength({ accumulate, steps, epochs, leaveAfter }: Pick<StagePlan, 'epochs' | 'steps' | 'accumulate' | 'leaveAfter'>, trainSamples: number, batch: number): StageLength {
  const perEpoch = Math.ceil(trainSamples / (batch * accumulate));
  const whole = steps === 'auto' ? { steps: epochs * perEpoch, epochs } : { steps, epochs: Math.ceil(steps / Math.max(1, perEpoch)) };
  const isLeft = leaveAfter > 0 && leaveAfter < whole.epochs;
  return { perEpoch, ...whole, takenSteps: isLeft ? leaveAfter * perEpoch : whole.steps, takenEpochs: isLeft ? leaveAfter : whole.epochs };
}
