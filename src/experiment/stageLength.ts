import type { StagePlan } from './plan.ts';

export interface StageLength {
  /** Updates in one pass over the training samples. */
  readonly perEpoch: number;
  /** Updates in the stage, at most. */
  readonly steps: number;
  /** Passes, the last one perhaps not to its end. */
  readonly epochs: number;
}

/** How long a stage is: its epochs, or its steps, by what one update takes in. `batch`: the plan's. */
export function stageLength(stage: Pick<StagePlan, 'epochs' | 'steps' | 'accumulate'>, trainSamples: number, batch: number): StageLength {
  const perEpoch = Math.ceil(trainSamples / (batch * stage.accumulate));
  if (stage.steps === 'auto') return { perEpoch, steps: stage.epochs * perEpoch, epochs: stage.epochs };
  return { perEpoch, steps: stage.steps, epochs: Math.ceil(stage.steps / Math.max(1, perEpoch)) };
}
