import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { anyBackbone } from '../../backbones/backbones.ts';
import type { Plan } from '../../experiment/plan.ts';
import type { RunId } from '../../protocol/runManifest.ts';
import type { SampleId, Split } from '../../data/sample.ts';
import { parseManifest } from '../../data/manifest.ts';
import type { RunFolder, RunsPlace } from '../../runs/runFolder.ts';
import { readManifest } from '../../runs/manifest.ts';
import { resolveExperiment } from '../../experiment/resolve.ts';
import { runFoldersIn } from '../../runs/runIndex.ts';
import { unless } from '../../runs/systemError.ts';

/**
 * Where the newest earlier run on the same folder, by the same split plan, put its photos: they stay there, so that
 * adding photos does not move what was tested into training. Another seed or other shares begin anew. `but`: the run that asks.
 */
export function earlierSplits(place: RunsPlace, { folder, split }: Plan['data'], but?: RunId): ReadonlyMap<SampleId, Split> {
  for (const earlier of runFoldersIn(place).filter(({ id }) => id !== but).reverse()) {
    const manifest = readManifest(earlier);
    if (!manifest.ok || manifest.value.controlOf !== undefined || manifest.value.dataFolder !== folder) continue;
    const files = unless(['ENOENT'], () => readFileSync(earlier.dataManifest, 'utf8'));
    if (files === undefined || !isDeepStrictEqual(splitPlanOf(earlier), split)) continue;
    return new Map(parseManifest(files).lines.flatMap((line) => line.split ? [[line.path as SampleId, line.split] as const] : []));
  }
  return new Map();
}

function splitPlanOf(run: RunFolder): Plan['data']['split'] | undefined {
  const text = unless(['ENOENT'], () => readFileSync(run.resolvedPlan));
  const resolved = text && resolveExperiment(text, { file: run.resolvedPlan, folderOf: (written) => written, backbones: anyBackbone });
  return resolved?.ok ? resolved.value.plan.data.split : undefined;
}
