import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import type { Dataset } from './photos/dataset.ts';
import type { Machine } from './machine/machine.ts';
import type { Prepared } from './training.ts';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { continuedFolder } from './continuedRun.ts';
import { earlierSplits, splitsIn } from './photos/earlierSplits.ts';
import { formatManifestLine } from '../../data/manifest.ts';
import { journalledWarnings, type RunWriter, type TrainerRun } from './runWriter.ts';
import { openExperiment } from './openExperiment.ts';
import { placeOf, type RunFolder } from '../../runs/runFolder.ts';
import { resolveRun } from './resolveRun.ts';

/** Reads plan, weights and folder; undefined when a stop came first. `controlled`: the run that this one is a control of, whose splits it takes. */
export async function prepareRun(run: TrainerRun, machine: Machine, controlled?: RunFolder): Promise<Prepared | undefined> {
  return readAll(run, machine, controlled).catch((error: unknown) => {
    if (run.stopRequested.aborted) return undefined; // scanning and reading reject when they are called off
    throw error;
  });
}

async function readAll(run: TrainerRun, machine: Machine, controlled: RunFolder | undefined): Promise<Prepared | undefined> {
  const { folder, manifest, append, stopRequested: stop } = run, place = placeOf(folder);
  const { plan, origins, card } = await resolveRun(run, machine);
  const same = controlled ?? continuedFolder(run);
  const opened = await openExperiment({
    plan, card, place, earlier: (same && splitsIn(same)) ?? earlierSplits(place, plan.data, folder.id), engine: manifest.request?.engine, append, stop, onDataset: (dataset) => announce(run, dataset, controlled === undefined), ...(controlled === undefined && { preflight: true as const }),
  }, machine);
  if (!opened) return undefined;
  const { name, title } = opened.engine.facts;
  run.updateManifest({ versions: { thaw: machine.version, node: process.version, [name]: title } });
  return { ...opened, run, origins };
}

/** A control leaves out what its run has said already. */
function announce(run: RunWriter, { facts, fingerprint, manifest, diagnostics }: Dataset, inFull: boolean): void {
  if (inFull) {
    mkdirSync(join(run.folder.dataManifest, '..'), { recursive: true });
    atomicWrite(run.folder.dataManifest, manifest.map(formatManifestLine).join(''));
  }
  run.updateManifest({ dataFingerprint: fingerprint });
  run.append({ type: 'data', data: facts });
  if (inFull) for (const diagnostic of diagnostics.slice(0, journalledWarnings)) run.append({ type: 'warning', diagnostic });
}
