import type { Plan } from './plan.ts';

/**
 * The plan of a control that trains. `random-features`: the very plan of the run, on random weights. `scratch`: the same
 * stages, steps, data and seeds, but every layer trains from random weights. Two more things must differ for that to be a
 * fair opponent: frozen statistics of a random network are none, so batch norm follows the batch; and lower layers, which
 * have everything to learn, get the full rate.
 */
export function controlPlan(plan: Plan, control: 'random-features' | 'scratch'): Plan {
  const own: Plan = { ...plan, controls: [] };
  if (control === 'random-features') return own;
  return { ...own, stages: plan.stages.map((stage) => ({ ...stage, train: ['all'], layerDecay: 1, batchNorm: 'batch' })) };
}
