import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Plan } from '../../experiment/plan.ts';
import type { RunWriter } from './runWriter.ts';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { formatResolved } from '../../experiment/format.ts';
import { resolveExperiment } from '../../experiment/resolve.ts';
import { valueOf } from './dataset.ts';

/** The run's plan with every default filled in; plan.resolved.yaml then says each value and where it came from. */
export async function resolveRun({ folder, manifest, updateManifest }: RunWriter): Promise<Plan> {
  const { experimentFile, request } = manifest;
  const { plan, origins } = valueOf(resolveExperiment(await readFile(folder.plan), {
    file: experimentFile,
    folderOf: (written) => resolve(dirname(experimentFile), written),
    overrides: Object.fromEntries(Object.entries(request?.overrides ?? {}).map(([path, value]) => [path, String(value)])),
  }));
  atomicWrite(folder.resolvedPlan, formatResolved(plan, origins));
  updateManifest({ dataFolder: plan.data.folder, backbone: plan.backbone });
  return plan;
}
