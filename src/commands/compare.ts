import { readFile } from 'node:fs/promises';
import { anyBackbone } from '../backbones/backbones.ts';
import { planDifferences, planValues } from '../experiment/planValues.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { PlanValue } from '../protocol/previewMessages.ts';
import type { RunManifest } from '../protocol/runManifest.ts';
import { readManifest } from '../runs/manifest.ts';
import { runFolder } from '../runs/runFolder.ts';
import type { Options } from '../terminal/arguments.ts';
import { compareTable } from '../terminal/compareTable.ts';
import { ink, print, wrongUsage } from './output.ts';
import { runNamed } from './places.ts';
import { refused, valueOf } from './problems.ts';

/** What two runs have not in common, and what came of it. */
export async function compare([left, right, ...more]: readonly string[], options: Options): Promise<number> {
  if (left === undefined || right === undefined || more.length > 0) return wrongUsage('thaw compare <run> <run>');
  const [one, other] = await Promise.all([comparedRun(left, options), comparedRun(right, options)]), differences = planDifferences(one.values, other.values);
  return print(options.json ? formatJson({ runs: [one.manifest, other.manifest], differences }) : compareTable([one.manifest, other.manifest], differences, ink));
}

async function comparedRun(name: string, options: Options): Promise<{ readonly manifest: RunManifest; readonly values: readonly PlanValue[] }> {
  const folder = runFolder(runNamed(name, options).folder), manifest = valueOf(readManifest(folder));
  const text = await readFile(folder.resolvedPlan).catch(() => { throw refused('no-run', 'this run ended before its plan was resolved', folder.path, 'compare another run'); });
  const { plan: resolved, origins } = valueOf(resolveExperiment(text, { file: folder.resolvedPlan, folderOf: (written) => written, backbones: anyBackbone }));
  return { manifest, values: planValues(resolved, origins) };
}
