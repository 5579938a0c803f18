import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../protocol/diagnostic.ts';
import type { RunManifest } from '../protocol/runManifest.ts';
import type { Life } from './lease.ts';
import { concludeIfDead, lifeOfRun } from './conclude.ts';
import { isRunId, placesOf, type RunFolder, runFolder, type RunsPlace } from './runFolder.ts';
import { readManifest } from './manifest.ts';

export interface StoredRun {
  readonly folder: RunFolder;
  readonly manifest: RunManifest;
  readonly life: Life | 'ended';
  /** Its control runs, oldest first. */
  readonly controls: readonly StoredRun[];
}

export interface RunIndex {
  /** Newest first; control runs stand under their run only. */
  readonly runs: readonly StoredRun[];
  /** Folders that look like runs and cannot be read. */
  readonly problems: readonly Diagnostic[];
}

/** All runs of a home folder, also those kept elsewhere because it could not be written. Concludes the dead ones. */
export function listRuns(home: string, userData: string): RunIndex {
  const problems: Diagnostic[] = [];
  const folders = placesOf(home, userData).flatMap(runFoldersIn).sort((a, b) => a.id < b.id ? -1 : 1);
  const all = folders.flatMap((folder): StoredRun[] => {
    const read = readManifest(folder);
    if (!read.ok) {
      problems.push(...read.errors);
      return [];
    }
    const manifest = concludeIfDead(folder, read.value);
    return [{ folder, manifest, life: lifeOfRun(folder, manifest), controls: [] }];
  });
  const ids = new Set(all.map(({ folder }) => folder.id));
  const isNested = ({ manifest }: StoredRun): boolean => manifest.controlOf !== undefined && ids.has(manifest.controlOf);
  const runs = all
    .filter((run) => !isNested(run))
    .map((run) => ({ ...run, controls: all.filter(({ manifest }) => manifest.controlOf === run.folder.id) }))
    .reverse();
  return { runs, problems };
}

/** The folder of one run of a home; undefined when it has no such run, or the text is no run id. */
export function findRun(home: string, userData: string, id: string): RunFolder | undefined {
  if (!isRunId(id)) return undefined;
  return placesOf(home, userData).map(({ runs }) => runFolder(join(runs, id))).find(({ path }) => existsSync(path));
}

/** Run folders of one place, in the order of their ids, hence of time. */
export const runFoldersIn = ({ runs }: RunsPlace): readonly RunFolder[] =>
  existsSync(runs) ? readdirSync(runs).filter(isRunId).sort().map((name) => runFolder(join(runs, name))) : [];
