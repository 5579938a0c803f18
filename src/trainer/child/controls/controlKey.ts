import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Plan, StagePlan } from '../../../experiment/plan.ts';
import type { RunId, RunManifest } from '../../../protocol/runManifest.ts';
import type { TrainedControl } from '../../../experiment/controlPlan.ts';
import { lastFeatures } from '../../../backbones/earlierFeatures.ts';
import { ratesToTry } from '../../../experiment/controlPlan.ts';
import { formatJson } from '../../../protocol/jsonText.ts';
import { predictionsFile } from '../../../runs/predictions.ts';
import { readManifest } from '../../../runs/manifest.ts';
import { runFoldersIn } from '../../../runs/runIndex.ts';
import type { RunFolder, RunsPlace } from '../../../runs/runFolder.ts';

/** Another number when controls are trained otherwise than before, from the same plan. */
const version = 1;

export interface ControlFacts {
  readonly control: TrainedControl;
  readonly fingerprint: string;
  /** Name of the network's card, and of its weights: a control on random weights does not depend on the latter. */
  readonly backbone: string;
  readonly weights: string;
  readonly plan: Pick<Plan, 'batch' | 'stop' | 'seed' | 'inputSize' | 'features'>;
  readonly stages: readonly StagePlan[];
}

/**
 * What a control that trains depends on, and nothing else: the same key is the same control. Time is not part of it: one
 * that its budget cut short fits too, if it had as much time (`reusableControl`). How long its stages are stands behind a
 * dash: what is before it says of what kind it is (`isSameKind`).
 */
export function controlKey({ control, fingerprint, backbone, weights, plan: { batch, stop, seed, inputSize, features }, stages }: ControlFacts): string {
  const settings = stages.map(({ name: _name, epochs: _epochs, steps: _steps, leaveAfter: _left, ...stage }) => stage);
  const lengths = stages.map(({ epochs, steps, leaveAfter }) => steps === 'auto' ? [epochs, leaveAfter] : [`${steps} steps`, leaveAfter]);
  const rests = [version, control, fingerprint, backbone, control === 'linear-probe' ? weights : '', batch, stop.metric, seed, settings, ratesToTry[control], inputSize, ...features === lastFeatures ? [] : [features]];
  return `${hash(rests).slice(0, 32)}-${hash(lengths).slice(0, 8)}`;
}

const hash = (facts: readonly unknown[]): string => createHash('sha256').update(formatJson(facts)).digest('hex');

/** Whether two keys are of the same control, however long: the run that it was made for may have stopped early, or gone on for longer. */
export const isSameKind = (a: string, b: string): boolean => a.split('-')[0] === b.split('-')[0];

export interface ReusableControl {
  readonly folder: RunFolder;
  readonly manifest: RunManifest & { readonly controlOf: RunId };
}

/** The newest finished control of the place that is the same one; of those that their time cut short, none that had less than half of `budgetMs`. */
export function reusableControl(place: RunsPlace, key: string, budgetMs: number | undefined): ReusableControl | undefined {
  for (const folder of [...runFoldersIn(place)].reverse()) {
    const read = readManifest(folder);
    if (!read.ok || read.value.controlKey !== key || read.value.status !== 'finished' || read.value.controlOf === undefined) continue;
    if (!existsSync(predictionsFile(folder, 'test'))) continue;
    const { cutAtStep, budgetMs: had = 0 } = read.value;
    if (cutAtStep === undefined || had >= (budgetMs ?? 0) / 2) return { folder, manifest: { ...read.value, controlOf: read.value.controlOf } };
  }
  return undefined;
}
