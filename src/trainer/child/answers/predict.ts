import { join } from 'node:path';
import type { Card } from '../../../backbones/card.ts';
import type { DataFacts } from '../../../protocol/runEvent.ts';
import type { FilePrediction } from '../../../protocol/answers.ts';
import type { Machine } from '../machine/machine.ts';
import type { Network } from '../../../backbones/op.ts';
import type { Weights } from '../../../backbones/tensorData.ts';
import type { RunManifest } from '../../../protocol/runManifest.ts';
import { Refused } from '../../../protocol/diagnostic.ts';
import { cardAtHand, weightsHash } from '../weights/obtainCard.ts';
import { decodeSafetensors } from '../../../backbones/safetensors.ts';
import { foldBatchNorm } from '../../../backbones/foldBatchNorm.ts';
import { foldJournal } from '../../../runs/foldJournal.ts';
import { onnxGraph } from '../../../backbones/onnxGraph.ts';
import { openPrefix } from '../../../engine/onnxPrefix.ts';
import { lastFeatures, plannedBackbone } from '../../../backbones/earlierFeatures.ts';
import { prepareFile } from '../../../data/prepareFile.ts';
import { pretrained } from '../weights/cardWeights.ts';
import { probabilitiesOf } from '../stages/trace.ts';
import { sigmoid } from '../stages/task.ts';
import { readCheckpoint } from '../../../runs/checkpoint.ts';
import { readManifest } from '../../../runs/manifest.ts';
import { repairOf } from '../../../backbones/backboneName.ts';
import { runFolder, type RunFolder } from '../../../runs/runFolder.ts';
import { storedPlan } from '../storedPlan.ts';
import { valueOf } from '../photos/dataset.ts';

/** Labels with probabilities, or numbers, for image files, by the run's best checkpoint: the whole network on ONNX Runtime, centre view. */
export async function predictFiles(path: string, files: readonly string[], machine: Machine): Promise<readonly FilePrediction[]> {
  const { card, network, weights, data } = await trainedNetwork(runFolder(path), machine), { classes } = data;
  const model = valueOf(await openPrefix(modelOf(network, weights, card.input), { threads: machine.threads }));
  const predictions: FilePrediction[] = [];
  for (const file of files) predictions.push(await predictOne(file));
  model.dispose();
  return predictions;

  async function predictOne(file: string): Promise<FilePrediction> {
    const prepared = await prepareFile(file, card.input, ['centre']);
    if (!prepared.ok) return { file, top: [], problem: prepared.errors[0]! };
    const outputs = await model.run(prepared.value.views.get('centre')!, 1);
    if (data.scale) return { file, top: [], number: outputs[0]! * data.scale.std + data.scale.mean };
    const probabilities = data.task === 'image-multi-label' ? Array.from(outputs, sigmoid) : probabilitiesOf(outputs, 0, classes.length);
    return { file, top: classes.map((label, i) => ({ label, probability: probabilities[i]! })).sort((a, b) => b.probability - a.probability) };
  }
}

/** The network of a run's best checkpoint, and the data that it was trained on. */
export async function trainedNetwork(run: RunFolder, machine: Machine): Promise<{ readonly card: Card; readonly network: Network; readonly weights: Weights; readonly data: DataFacts }> {
  const manifest = valueOf(readManifest(run)), { data } = await foldJournal(run, manifest), checkpoint = valueOf(readCheckpoint(run, 'best'));
  if (!data || !checkpoint) {
    throw new Refused([{ code: 'no-run', severity: 'error', message: `the run "${manifest.title}" has no trained network yet`, fix: 'choose a run that was trained to its first evaluation' }]);
  }
  const card = valueOf(plannedBackbone(await cardOfRun(manifest, machine), storedPlan(run) ?? { inputSize: 'auto', features: lastFeatures })), network = card.network(data.classes.length);
  const trained = valueOf(decodeSafetensors(checkpoint.weights, join(run.checkpoints, 'best.json')));
  return { card, network, data, weights: new Map([...await pretrained(card, network, machine.backbones, 0), ...trained]) };
}

/** The very weights that the run was trained on; predicting fetches nothing. */
async function cardOfRun({ backbone, weights, title }: RunManifest, { cache }: Machine): Promise<Card> {
  const found = await cardAtHand(backbone, cache);
  if (!found) throw new Refused([{ code: 'weights-missing', severity: 'error', message: `the backbone of the run "${title}" is not on this machine`, fix: repairOf(backbone) }]);
  if (weights !== undefined && weightsHash(found.card) !== weights) {
    throw new Refused([{ code: 'bad-weights', severity: 'error', message: `the weights in ${backbone} are not those that the run "${title}" was trained on`, fix: 'put the former ones back, or run the experiment again' }]);
  }
  return found.card;
}

function modelOf(network: Network, weights: Weights, normalise: { readonly mean: readonly number[]; readonly std: readonly number[] }): Uint8Array {
  const folded = foldBatchNorm(network, weights);
  return onnxGraph(folded.network, folded.weights, { normalise });
}
