import type { StagePlan } from '../experiment/plan.ts';

export interface ScheduleLength {
  /** Updates in the stage. */
  readonly totalSteps: number;
  /** Updates over which the rate rises linearly from 0; less than `totalSteps`. */
  readonly warmupSteps: number;
}

/**
 * What the peak rate is multiplied by for the update that follows `step` completed ones: 0…1.
 * Definitions of transformers' get_constant_schedule_with_warmup and get_cosine_schedule_with_warmup (half a cosine
 * from 1 towards 0), hence the first update of a warm-up has rate 0. Cosine: Loshchilov & Hutter 2017, arXiv:1608.03983.
 */
export function scheduleFactor(kind: StagePlan['schedule'], step: number, { totalSteps, warmupSteps }: ScheduleLength): number {
  if (step < warmupSteps) return step / warmupSteps;
  if (kind === 'constant') return 1;
  const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  return 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
