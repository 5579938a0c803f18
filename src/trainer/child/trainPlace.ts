import { decodeSafetensors } from '../../backbones/safetensors.ts';
import { fields, flag, list, number, optional, parsed, text, whole } from '../../protocol/shape.ts';
import { readCheckpoint, type Checkpoint } from '../../runs/checkpoint.ts';
import type { RunFolder } from '../../runs/runFolder.ts';
import type { TrainPlace, TrainPosition } from './stages/trainJob.ts';
import { valueOf } from './photos/dataset.ts';
import { Refused } from '../../protocol/diagnostic.ts';
import type { Weights } from '../../backbones/tensorData.ts';

/** Where the training in a folder was at its last checkpoint; undefined when it has none, or one that cannot be read or is of another Thaw: then it starts anew. */
export function trainPlace(folder: RunFolder): TrainPlace | undefined {
  try {
    const last = valueOf(readCheckpoint(folder, 'last')), best = valueOf(readCheckpoint(folder, 'bestByLast'));
    const state = last && parsed(position, last.state);
    if (!last || !state?.ok) return undefined;
    const { step, weights, optimizer, evaluations } = last;
    return { step, weights: decoded(weights), optimizer: decoded(optimizer), evaluations: decoded(evaluations), bestWeights: best ? decoded(best.weights) : new Map(), state: state.value };
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

const decoded = (bytes: Checkpoint['weights']): Weights => valueOf(decodeSafetensors(bytes, ''));

const position = fields<TrainPosition>({
  stage: whole, begun: flag, epoch: whole, stepInEpoch: whole, since: fields<TrainPosition['since']>({ step: whole, epoch: whole }),
  trainable: list(text), seed: number, rates: list(number), stale: whole, best: optional(whole), watched: optional(whole), leftMs: optional(number),
  evaluations: list(fields<TrainPosition['evaluations'][number]>({ step: whole, validationLoss: number, validationAccuracy: number, predictedClasses: whole, testLoss: optional(number) })),
});
