import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Plan } from '../../../experiment/plan.ts';
import type { RunId } from '../../../protocol/runManifest.ts';
import type { SampleId, Split } from '../../../data/sample.ts';
import { parseManifest } from '../../../data/manifest.ts';
import type { RunFolder, RunsPlace } from '../../../runs/runFolder.ts';
import { readManifest } from '../../../runs/manifest.ts';
import { storedPlan } from '../storedPlan.ts';
import { runFoldersIn } from '../../../runs/runIndex.ts';
import { unless } from '../../../runs/systemError.ts';

/**
 * Where the newest earlier run on the same folder, by the same split plan, put its photos: they stay there, so that
 * adding photos does not move what was tested into training. Another seed or other shares begin anew. `but`: the run that asks.
 */
export function earlierSplits(place: RunsPlace, { folder, split }: Plan['data'], but?: RunId): ReadonlyMap<SampleId, Split> {
  for (const earlier of runFoldersIn(place).filter(({ id }) => id !== but).reverse()) {
    const manifest = readManifest(earlier);
    if (!manifest.ok || manifest.value.controlOf !== undefined || manifest.value.dataFolder !== folder) continue;
    const splits = splitsIn(earlier);
    if (splits && isDeepStrictEqual(storedPlan(earlier)?.data.split, split)) return splits;
  }
  return new Map();
}

/** Where a run put its photos; undefined when it never got so far. */
export function splitsIn(run: RunFolder): ReadonlyMap<SampleId, Split> | undefined {
  const files = unless(['ENOENT'], () => readFileSync(run.dataManifest, 'utf8'));
  return files === undefined ? undefined : new Map(parseManifest(files).lines.flatMap((line) => line.split ? [[line.path as SampleId, line.split] as const] : []));
}
