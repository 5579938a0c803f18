/**
 * Learning-rate schedules: pure functions from completed updates to what the peak rate is multiplied by. Definitions are
 * those of torch.optim.lr_scheduler, transformers and timm, which differ in how they start: see `warmedUp`.
 * Left out: what needs the metrics of the run (ReduceLROnPlateau), tanh decay, momentum that mirrors the rate.
 * Parity: test/parity/engine/schedule.test.ts.
 */
import type { StagePlan } from '../experiment/plan.ts';

/** The factor for the update that follows `step` completed ones. */
export type Schedule = (step: number) => number;

export const constant: Schedule = () => 1;

/** Half a cosine from 1 to `lowest` (Loshchilov & Hutter 2017, arXiv:1608.03983). */
export const cosine = (steps: number, lowest = 0): Schedule => (step) => halfCosine(1, lowest, Math.min(1, step / Math.max(1, steps)));

/** From 1 to `lowest` along (1 − progress)^power; linear without one. */
export const polynomial = (steps: number, { power = 1, lowest = 0 } = {}): Schedule =>
  (step) => lowest + (1 - lowest) * Math.max(0, 1 - step / steps) ** power;

/** Times `factor` after each of the updates `at`. */
export const multistep = (at: readonly number[], factor: number): Schedule => (step) => factor ** at.filter((milestone) => milestone <= step).length;

/** Times `factor` every `steps` updates; exponential decay where that is every update. */
export const stepped = (steps: number, factor: number): Schedule => (step) => factor ** Math.floor(step / steps);

/** As 1 / √step, 1 for the first `steps` updates (Vaswani et al. 2017, arXiv:1706.03762 §5.3). */
export const inverseRoot = (steps: number): Schedule => (step) => Math.sqrt(steps / Math.max(steps, step));

/** `cycle` again and again: after `steps` updates, then after `growth` times as many each time. */
export const restarted = (cycle: (steps: number) => Schedule, steps: number, growth = 1): Schedule => (step) => {
  let from = 0, length = steps;
  while (step >= from + length) {
    from += length;
    length *= growth;
  }
  return cycle(length)(step - from);
};

/**
 * The first `steps` updates rise linearly from `from` towards 1. Then `after` runs, from its beginning (transformers,
 * torch's SequentialLR, timm's `warmup_prefix`) or, with `hides`, as if it had run all along (timm otherwise).
 */
export const warmedUp = (steps: number, after: Schedule, { from = 0, hides = false } = {}): Schedule =>
  (step) => step < steps ? from + (1 - from) * step / steps : after(hides ? step : step - steps);

export interface OneCycle {
  readonly steps: number;
  /** Share of them in which the rate rises. */
  readonly rise: number;
  /** What it rises from, and ends at. */
  readonly first: number;
  readonly last: number;
  readonly shape: 'cosine' | 'linear';
  /** Falls as long as it rose, back to `first`, before it goes to `last`. */
  readonly symmetric: boolean;
}

/** Up to 1 and down again (Smith & Topin 2018, arXiv:1708.07120), as torch's OneCycleLR. */
export function oneCycle({ steps, rise, first, last, shape, symmetric }: OneCycle): Schedule {
  const between = shape === 'cosine' ? halfCosine : (a: number, b: number, share: number): number => a + (b - a) * share;
  const corners: (readonly [step: number, factor: number])[] = [[0, first], [rise * steps - 1, 1]];
  if (symmetric) corners.push([2 * rise * steps - 2, first]);
  corners.push([steps - 1, last]);
  return (completed) => {
    const step = Math.min(completed, steps - 1);
    const end = Math.max(1, corners.findIndex(([at]) => step <= at)); // step 0 begins the first piece
    const [[from, a], [to, b]] = [corners[end - 1]!, corners[end]!];
    return between(a, b, (step - from) / (to - from));
  };
}

const halfCosine = (a: number, b: number, share: number): number => b + (a - b) * 0.5 * (1 + Math.cos(Math.PI * share));

export interface ScheduleLength {
  /** Updates in the stage. */
  readonly totalSteps: number;
  /** Updates over which the rate rises linearly from 0; less than `totalSteps`. */
  readonly warmupSteps: number;
}

/**
 * The schedules of an experiment file over a stage: transformers' get_…_schedule_with_warmup, hence the first update of a
 * warm-up has rate 0; `step` is torch's StepLR over thirds of what follows the warm-up; one-cycle is torch's OneCycleLR
 * with the warm-up, of two updates at least, as its rise.
 */
export function scheduleFactor({ schedule, power }: Pick<StagePlan, 'schedule' | 'power'>, step: number, { totalSteps, warmupSteps }: ScheduleLength): number {
  const rest = totalSteps - warmupSteps;
  switch (schedule) {
    case 'constant': return warmedUp(warmupSteps, constant)(step);
    case 'cosine': return warmedUp(warmupSteps, cosine(rest))(step);
    case 'polynomial': return warmedUp(warmupSteps, polynomial(Math.max(1, rest), { power }))(step);
    case 'step': return warmedUp(warmupSteps, stepped(Math.max(1, Math.ceil(rest / 3)), 0.1))(step);
    case 'one-cycle': return oneCycle({ steps: totalSteps, rise: Math.max(warmupSteps, 2) / totalSteps, first: 1 / 25, last: 1 / 25e4, shape: 'cosine', symmetric: false })(step);
  }
}
