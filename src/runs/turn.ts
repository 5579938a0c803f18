import { existsSync } from 'node:fs';
import type { RunId } from '../protocol/runManifest.ts';
import type { RunFolder, RunsPlace } from './runFolder.ts';
import { lifeOfRun } from './conclude.ts';
import { readManifest } from './manifest.ts';
import { runFoldersIn } from './runIndex.ts';

/** Whether no earlier run of the place waits for its turn. Only order; that one trains at a time is the lock's business. */
export const isNext = (place: RunsPlace, id: RunId): boolean =>
  !runFoldersIn(place).some((run) => run.id < id && mayWait(run) && waits(run));

/** Cheap and almost right, so that a thousand old manifests need not be read: somebody has it, or nobody has begun it. */
const mayWait = (run: RunFolder): boolean => existsSync(run.lease) || !existsSync(run.journal);

function waits(run: RunFolder): boolean {
  const manifest = readManifest(run);
  return manifest.ok && manifest.value.status === 'queued' && lifeOfRun(run, manifest.value) === 'alive';
}
