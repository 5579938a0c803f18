import { concludeIfDead } from '../../../runs/conclude.ts';
import { controlKinds } from '../../../protocol/verdict.ts';
import { foldJournal } from '../../../runs/foldJournal.ts';
import { hasEnded } from '../../../protocol/hasEnded.ts';
import { readManifest } from '../../../runs/manifest.ts';
import { isSameKind } from './controlKey.ts';
import { isTrained, type TrainedControl } from '../../../experiment/controlPlan.ts';
import { keyOf } from './controls.ts';
import { lengthOf } from '../stages/trainJob.ts';
import { placeOf, type RunsPlace } from '../../../runs/runFolder.ts';
import { reasonAgainst } from './judging.ts';
import { runFoldersIn } from '../../../runs/runIndex.ts';
import type { EarlierControl } from '../../../protocol/runEvent.ts';
import type { Prepared } from '../training.ts';

/**
 * What a run can be compared with from its first epoch on, long before its own controls train: of each that it will have, one
 * that an earlier run had made. The same but for its length, since how long this run will be is not known yet; of `scratch`, that
 * is one of any plan whose last stage has the same losses, augmentation and schedule, whatever it froze. One that was
 * interrupted will do as far as it came.
 */
export async function earlierControls(prepared: Prepared): Promise<readonly EarlierControl[]> {
  const { run, plan } = prepared, steps = plan.stages.reduce((sum, stage) => sum + lengthOf(prepared, stage).takenSteps, 0);
  const found = controlKinds.filter(isTrained).filter((control) => reasonAgainst(control, prepared) === undefined)
    .map((control) => farthest(placeOf(run.folder), control, keyOf(control, { prepared, steps })));
  return (await Promise.all(found)).filter((each) => each !== undefined);
}

/** Of the controls of that kind, the one whose curve is the longest; of several, the newest. */
async function farthest(place: RunsPlace, control: TrainedControl, key: string): Promise<EarlierControl | undefined> {
  let best: { readonly runId: string; readonly step: number } | undefined;
  for (const folder of runFoldersIn(place)) {
    const read = readManifest(folder);
    if (!read.ok || read.value.controlKey === undefined || !isSameKind(read.value.controlKey, key)) continue;
    const manifest = concludeIfDead(folder, read.value);
    if (!hasEnded(manifest.status)) continue;
    const { step, validationAccuracy } = await foldJournal(folder, manifest);
    if (validationAccuracy.length > 0 && step >= (best?.step ?? 0)) best = { runId: folder.id, step };
  }
  return best && { control, runId: best.runId };
}
