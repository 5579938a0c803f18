import { concludeIfDead } from '../../../runs/conclude.ts';
import { hasEnded } from '../../../protocol/hasEnded.ts';
import { readManifest } from '../../../runs/manifest.ts';
import { placeOf, removeRun, type RunFolder } from '../../../runs/runFolder.ts';
import { runFoldersIn } from '../../../runs/runIndex.ts';
import { underLock } from '../../../runs/lock.ts';
import type { EngineFacts } from '../../../protocol/runEvent.ts';
import type { RunManifest } from '../../../protocol/runManifest.ts';
import type { RunWriter } from '../runWriter.ts';
import type { TrainPlace } from '../stages/trainJob.ts';
import { takeOver } from '../takeOver.ts';
import { trainPlace } from '../trainPlace.ts';

/** A control that was interrupted, as another that is the very same one goes on from it. */
export interface TakenUp {
  readonly place: TrainPlace;
  /** Of its time. */
  readonly spentMs: number;
}

interface Interrupted {
  readonly folder: RunFolder;
  readonly manifest: RunManifest;
  readonly place: TrainPlace;
}

/**
 * Looks for the same control, by its key, that did not get to its end, and gives its checkpoints and its curve to `writer`'s
 * folder. Only on the same engine: there, going on gives the weights that not stopping would have given. What it leaves behind in
 * the same run is removed: all of it has been taken over.
 */
export async function takeUp(writer: RunWriter, key: string, engine: EngineFacts['name']): Promise<TakenUp | undefined> {
  const { folder, manifest: { id, controlOf } } = writer, found = interruptedControl(writer, key, engine);
  if (!found) return undefined;
  const { place } = found, { budgetMs = 0 } = found.manifest;
  await takeOver(writer, found.folder, place);
  writer.append({ type: 'warning', diagnostic: { code: 'control-continued', severity: 'information', message: `it goes on from step ${place.step}, where ${found.manifest.controlOf === controlOf ? 'it' : `the same control of ${found.manifest.controlOf ?? id}`} was interrupted` } });
  if (found.manifest.controlOf === controlOf) underLock(placeOf(folder).upkeep, () => removeRun(found.folder));
  return { place, spentMs: Math.max(0, budgetMs - (place.state.leftMs ?? budgetMs)) };
}

/** The newest that can go on. One whose loss was no number would come to that again. */
function interruptedControl({ folder: own }: RunWriter, key: string, engine: EngineFacts['name']): Interrupted | undefined {
  for (const folder of [...runFoldersIn(placeOf(own))].reverse()) {
    const read = folder.id === own.id ? undefined : readManifest(folder);
    if (!read?.ok || read.value.controlKey !== key || read.value.status === 'finished') continue;
    const manifest = concludeIfDead(folder, read.value);
    if (!hasEnded(manifest.status) || manifest.engine?.name !== engine || manifest.problem?.code === 'non-finite-loss') continue;
    const place = trainPlace(folder);
    if (place) return { folder, manifest, place };
  }
  return undefined;
}
