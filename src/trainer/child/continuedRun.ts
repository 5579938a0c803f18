import { join } from 'node:path';
import { hasEnded } from '../../protocol/hasEnded.ts';
import { readManifest, writeManifest } from '../../runs/manifest.ts';
import { placeOf, removeRun, runFolder, type RunFolder } from '../../runs/runFolder.ts';
import { readJournal } from '../../runs/journal.ts';
import { Refused } from '../../protocol/diagnostic.ts';
import { runFoldersIn } from '../../runs/runIndex.ts';
import { takeOver } from './takeOver.ts';
import { trainPlace } from './trainPlace.ts';
import { underLock } from '../../runs/lock.ts';
import type { Prepared } from './training.ts';
import type { RunWriter } from './runWriter.ts';
import type { TrainPlace } from './stages/trainJob.ts';
import { valueOf } from './photos/dataset.ts';

export interface Continued {
  /** Undefined: it had no checkpoint yet, and begins anew. */
  readonly place: TrainPlace | undefined;
  readonly spentMs: number;
}

/** The folder of the interrupted run that this one goes on from. */
export const continuedFolder = ({ folder, manifest: { continues } }: RunWriter): RunFolder | undefined => continues && runFolder(join(placeOf(folder).runs, continues.run));

/**
 * Where a run goes on that takes the place of an interrupted one: from its last checkpoint, on the same photos, splits and weights, so
 * that its weights are those that not stopping would have given. What was taken over is then removed.
 */
export async function continuedRun({ run, dataset }: Pick<Prepared, 'run' | 'dataset'>): Promise<Continued | undefined> {
  const before = continuedFolder(run);
  if (!before) return undefined;
  const { dataFingerprint, weights, continues } = valueOf(readManifest(before)), place = trainPlace(before);
  if (place && dataFingerprint !== dataset.fingerprint) throw changed('the photos are not those that the run has trained on');
  if (place && weights !== run.manifest.weights) throw changed('the weights of the backbone are not those that the run began with');
  const spentMs = (continues?.spentMs ?? 0) + (place ? tookMs(await firstOf(before), await takeOver(run, before, place)) : 0);
  run.updateManifest({ continues: { run: before.id, spentMs } });
  run.append({ type: 'warning', diagnostic: { code: 'run-continued', severity: 'information', message: place ? `it goes on from step ${place.step}, where it was interrupted` : 'it was interrupted before its first checkpoint: it begins anew' } });
  underLock(placeOf(run.folder).upkeep, () => {
    repointSeeds(before, run);
    removeRun(before);
  });
  return { place, spentMs };
}

const changed = (message: string): Refused => new Refused([{ code: 'data-changed', severity: 'error', message: `${message}: it cannot go on`, fix: 'run the experiment again' }]);

async function firstOf(run: RunFolder): Promise<string | undefined> {
  for await (const { events: [first] } of readJournal(run.journal)) if (first) return first.at;
  return undefined;
}

const tookMs = (from: string | undefined, to: string | undefined): number => from === undefined || to === undefined ? 0 : Date.parse(to) - Date.parse(from);

/** Runs that repeat it with other seeds repeat the one that takes its place. */
function repointSeeds(before: RunFolder, { folder }: RunWriter): void {
  for (const other of runFoldersIn(placeOf(folder))) {
    const read = readManifest(other);
    if (read.ok && read.value.seedOf === before.id && hasEnded(read.value.status)) writeManifest(other, { ...read.value, seedOf: folder.id });
  }
}
