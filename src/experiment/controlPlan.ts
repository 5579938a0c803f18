import type { Plan } from './plan.ts';

/**
 * The plan of a control that trains. `random-features`: the very plan of the run, on random weights, but for LwF: no source
 * task speaks through them. `scratch`: the same stages, steps, losses, augmentation, data and seeds, but every layer trains
 * from random weights. More must differ for that to be a fair opponent: frozen statistics of a random network are none, so
 * batch norm follows the batch; lower layers, which have everything to learn, get the full rate; and nothing holds it to, or
 * leads it back to, where it began.
 */
export function controlPlan(plan: Plan, control: 'random-features' | 'scratch'): Plan {
  const own: Plan = { ...plan, controls: [] };
  if (control === 'random-features') return { ...own, stages: plan.stages.map((stage) => ({ ...stage, regularize: { ...stage.regularize, lwf: 0 } })) };
  const unrestrained = { regularize: { l2sp: 0, delta: 0, bss: 0, lwf: 0 }, wiseFt: 'off', headStart: 'kept' } as const;
  return { ...own, stages: plan.stages.map((stage) => ({ ...stage, ...unrestrained, train: ['all'], layerDecay: 1, batchNorm: 'batch' })) };
}
