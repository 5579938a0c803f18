import { readFileSync } from 'node:fs';
import { anyBackbone } from '../../backbones/backbones.ts';
import type { Plan } from '../../experiment/plan.ts';
import { resolveExperiment } from '../../experiment/resolve.ts';
import type { RunFolder } from '../../runs/runFolder.ts';
import { unless } from '../../runs/systemError.ts';

/** The plan that a run has followed, from plan.resolved.yaml; undefined when it never got so far, or this Thaw cannot read it. */
export function storedPlan(run: RunFolder): Plan | undefined {
  const text = unless(['ENOENT'], () => readFileSync(run.resolvedPlan));
  const resolved = text && resolveExperiment(text, { file: run.resolvedPlan, folderOf: (written) => written, backbones: anyBackbone });
  return resolved?.ok ? resolved.value.plan : undefined;
}
