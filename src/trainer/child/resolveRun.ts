import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Card } from '../../backbones/card.ts';
import type { Machine } from './machine/machine.ts';
import type { Origins, Plan } from '../../experiment/plan.ts';
import type { RunFact } from '../../protocol/runEvent.ts';
import type { RunRequest } from '../../protocol/runManifest.ts';
import type { TrainerRun } from './runWriter.ts';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { formatResolved } from '../../experiment/format.ts';
import { knownBackbones } from '../hub/knownBackbones.ts';
import { obtainCard, weightsHash } from './weights/obtainCard.ts';
import { plannedBackbone } from '../../backbones/earlierFeatures.ts';
import { ProgressLine } from './photos/progressLine.ts';
import { resolveExperiment } from '../../experiment/resolve.ts';
import type { Backbones } from '../../backbones/backbones.ts';
import { valueOf } from './photos/dataset.ts';

/**
 * The run's plan with every default filled in, and its backbone, fetched when it is not on this machine yet;
 * plan.resolved.yaml then says each value and where it came from. A hub's backbone stands there with its commit, so that
 * running that file repeats the run.
 */
export async function resolveRun({ folder, manifest, updateManifest, append, stopRequested: signal }: TrainerRun, machine: Machine): Promise<{ plan: Plan; origins: Origins; card: Card }> {
  const { experimentFile, request } = manifest;
  const { plan, origins, card } = await resolveWithCard(await readFile(folder.plan), { file: experimentFile, overrides: request?.overrides ?? {}, ...(request?.varied && { varied: request.varied }), append, signal }, machine);
  atomicWrite(folder.resolvedPlan, formatResolved(plan, origins));
  updateManifest({ dataFolder: plan.data.folder, backbone: card.name, weights: weightsHash(card) });
  return { plan, origins, card };
}

export interface ResolveOptions {
  readonly file: string;
  readonly overrides: NonNullable<RunRequest['overrides']>;
  readonly varied?: NonNullable<RunRequest['varied']>;
  readonly append: (fact: RunFact) => void;
  readonly signal: AbortSignal;
}

/** The plan that an experiment's text means, and its backbone, fetched when it is not on this machine yet. */
export async function resolveWithCard(text: Uint8Array, { file, overrides, varied, append, signal }: ResolveOptions, { cache, hub }: Machine): Promise<{ plan: Plan; origins: Origins; card: Card }> {
  const known = knownBackbones(cache);
  const resolved = (backbones: Backbones) => valueOf(resolveExperiment(text, {
    file,
    folderOf: (written) => resolve(dirname(file), written),
    overrides: Object.fromEntries(Object.entries(overrides).map(([path, value]) => [path, String(value)])),
    ...(varied && { varied }),
    backbones,
  }));
  const { plan: { backbone } } = resolved(known); // what is wrong with the file is said before anything is fetched for it
  const line = new ProgressLine('fetching', append);
  const { card, remarks } = await obtainCard(backbone, { cache, hub, signal, onBytes: (done, total) => line.at(done, total) });
  for (const diagnostic of remarks) append({ type: 'warning', diagnostic });
  // Once more, now that its layers are known for certain.
  const { plan, origins } = resolved({ ...known, find: () => ({ ok: true, value: card, warnings: [] }) });
  return { plan: { ...plan, backbone: card.name }, origins, card: valueOf(plannedBackbone(card, plan)) };
}
