import { bundledBackbones } from '../../src/backbones/backbones.ts';
import type { Plan, StagePlan } from '../../src/experiment/plan.ts';
import { resolveExperiment } from '../../src/experiment/resolve.ts';

/** The plan of the shortest file there is. */
export function defaultPlan(): Plan {
  const resolved = resolveExperiment('thaw: 1\ndata: { folder: photos }\n', { file: '', folderOf: (folder) => folder, backbones: bundledBackbones });
  if (!resolved.ok) throw new Error(resolved.errors[0]?.message);
  return resolved.value.plan;
}

/** A stage with every default but `changes`. */
export const stageOf = (changes: Partial<StagePlan> = {}): StagePlan => ({ ...defaultPlan().stages[0]!, ...changes });
