import { join } from 'node:path';
import type { RunManifest } from '../../../protocol/runManifest.ts';
import type { RunState } from '../../../protocol/reduceRun.ts';
import type { Verdict } from '../../../protocol/verdict.ts';
import { foldJournal } from '../../../runs/foldJournal.ts';
import type { ControlOutcome, SeedOutcome } from '../../../evidence/verdict.ts';
import { rightOf } from '../../../evidence/rightness.ts';
import { spreadOf } from '../../../evidence/regression.ts';
import { keptWithin, readTrace, type TraceLine } from '../../../runs/trace.ts';
import { placeOf, runFolder, type RunFolder } from '../../../runs/runFolder.ts';
import { readManifest } from '../../../runs/manifest.ts';
import { readOutcomes, type ItemOutcome } from '../../../runs/outcomes.ts';

/** What a tested run and its controls did on each item, as it lies on the disk. */
export interface StoredOutcome extends SeedOutcome {
  readonly folder: RunFolder;
  readonly manifest: RunManifest;
  readonly state: RunState;
  /** Of the test items, in the order of the outcomes. */
  readonly paths: readonly string[];
  readonly labels: readonly number[];
  readonly missing: Verdict['missing'];
  /** Where numbers are learnt: what `right` is measured by (evidence/regression.ts). */
  readonly spread?: number;
}

/** Undefined for a run that was not tested. */
export async function readOutcome(folder: RunFolder): Promise<StoredOutcome | undefined> {
  const manifest = readManifest(folder);
  if (!manifest.ok) return undefined;
  const state = await foldJournal(folder, manifest.value), task = state.data?.task, own = readOutcomes(folder, 'test', task);
  if (!own.ok) return undefined;
  const trace = readTrace(folder), paths = own.value.map(({ path }) => path), spread = task === 'image-regression' ? spreadOf(own.value.map(({ truth }) => truth[0]!)) : undefined;
  const controls: ControlOutcome[] = [], missing: Verdict['missing'][number][] = [];
  for (const { control, accuracy, runId, matchedSteps } of state.controls) {
    if (!accuracy) continue; // it was begun and not ended: its reason is in `missing` of whoever began it
    const file = runId === undefined ? readOutcomes(folder, control, task) : readOutcomes(runFolder(join(placeOf(folder).runs, runId)), 'test', task);
    const right = file.ok ? rightOn(paths, file.value, spread) : undefined, kept = matchedSteps === undefined ? undefined : rightThen(keptWithin(trace, matchedSteps), own.value, spread);
    if (!right) missing.push({ control, why: runId === undefined ? 'its predictions are not there' : 'its run is not there any more' });
    else if (matchedSteps !== undefined && kept?.length !== paths.length) missing.push({ control, why: 'what the run could do by then is not there' });
    else controls.push({ control, right, ...(kept && { matched: { step: matchedSteps!, right: kept } }) });
  }
  return {
    folder, manifest: manifest.value, state, paths, controls, missing, ...(spread !== undefined && { spread }),
    labels: own.value.map(({ truth }) => truth[0] ?? -1), right: rightOf(own.value, spread),
  };
}

/** How right, by path: undefined unless the very same items were called. */
function rightOn(paths: readonly string[], outcomes: readonly ItemOutcome[], spread: number | undefined): number[] | undefined {
  const each = rightOf(outcomes, spread), of = new Map(outcomes.map(({ path }, i) => [path, each[i]!]));
  const right = paths.flatMap((path) => of.get(path) ?? []);
  return right.length === paths.length && of.size === paths.length ? right : undefined;
}

/** How right the run was at an earlier evaluation. */
const rightThen = (line: TraceLine | undefined, items: readonly ItemOutcome[], spread: number | undefined): number[] | undefined =>
  line && (line.said ? rightOf(line.said.map((said, i) => ({ truth: items[i]?.truth ?? [], said: [said] })), spread) : Array.from(line.right ?? '', Number));

/** The outcomes of `other` in the order of `head`'s items; undefined when it was tested on others. */
export function aligned(head: StoredOutcome, other: StoredOutcome): StoredOutcome | undefined {
  if (other.manifest.dataFingerprint !== head.manifest.dataFingerprint || other.paths.length !== head.paths.length) return undefined;
  const at = new Map(other.paths.map((path, i) => [path, i])), order = head.paths.map((path) => at.get(path) ?? -1);
  if (order.includes(-1)) return undefined;
  const sorted = (right: ArrayLike<number>): number[] => order.map((i) => right[i]!);
  return {
    ...other, right: sorted(other.right),
    controls: other.controls.map((control) => ({ ...control, right: sorted(control.right), ...(control.matched && { matched: { ...control.matched, right: sorted(control.matched.right) } }) })),
  };
}
