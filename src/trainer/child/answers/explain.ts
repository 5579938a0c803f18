import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { atomicWrite } from '../../../runs/atomicWrite.ts';
import { encodePng } from '../../../data/encodePng.ts';
import type { ExplainProgress, FileExplanation } from '../../../protocol/answers.ts';
import { gradCam, lastMap } from '../../../engine/gradCam.ts';
import { heatOverlay } from '../../../data/heatOverlay.ts';
import type { Machine } from '../machine/machine.ts';
import { openEngine } from '../machine/engine.ts';
import { Observer } from '../../../engine/observer.ts';
import { prepareFile } from '../../../data/prepareFile.ts';
import { probabilitiesOf } from '../stages/trace.ts';
import { Refused } from '../../../protocol/diagnostic.ts';
import { randomWeights } from '../../../backbones/initialise.ts';
import { rankCorrelation } from '../../../evidence/rankCorrelation.ts';
import { recalibrated } from '../../../engine/recalibrate.ts';
import { runFolder } from '../../../runs/runFolder.ts';
import { trainedNetwork } from './predict.ts';
import { usualPart } from '../../../engine/timedPart.ts';

export interface ExplainOptions {
  /** No further image is begun. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ExplainProgress) => void;
}

/**
 * Grad-CAM of what a run's best checkpoint sees first in each image, drawn over it: a PNG in the run's evidence/explained/. Beside
 * it, how much the map is like that of the same network with random weights, its batch norms by this very image.
 */
export async function explainFiles(path: string, files: readonly string[], machine: Machine, { signal, onProgress }: ExplainOptions): Promise<readonly FileExplanation[]> {
  const run = runFolder(path), { card, network, weights, data } = await trainedNetwork(run, machine), { classes } = data, at = lastMap(network);
  if (data.task || !at) {
    throw new Refused([{ code: 'cannot-explain', severity: 'error', message: at ? 'only predictions of one class per image can be explained' : `${card.title} has no map of features to look at`, fix: at ? 'choose a run of another task' : 'choose a run of a convolutional network' }]);
  }
  const { kernels } = await openEngine(machine, usualPart), input = card.input, folder = join(run.evidence, 'explained');
  const observer = new Observer({ network, from: 'input', input, kernels });
  observer.wear(weights);
  const explained: FileExplanation[] = [], random = randomWeights(network, 1);
  for (const file of files) {
    onProgress({ done: explained.length, total: files.length });
    if (signal.aborted) break;
    const prepared = await prepareFile(file, input, ['centre']);
    if (!prepared.ok) {
      explained.push({ file, problem: prepared.errors[0]! });
      continue;
    }
    const image = prepared.value.views.get('centre')!, probabilities = probabilitiesOf((await observer.look(image, 1)).outputs, 0, classes.length), label = probabilities.indexOf(Math.max(...probabilities));
    const { values, height, width } = await gradCam({ network, weights, input, kernels }, image, at, label);
    const unlearnt = await gradCam({ network, weights: await recalibrated(network, random, image, input, kernels), input, kernels }, image, at, label);
    const drawn = heatOverlay(image, [input.height, input.width], values, [height, width]);
    const overlay = join(folder, `${basename(file).replace(/[^\w.-]+/g, '_').slice(0, 80)}-${createHash('sha256').update(file).digest('hex').slice(0, 6)}.png`);
    mkdirSync(folder, { recursive: true });
    atomicWrite(overlay, encodePng(drawn.pixels, drawn.width, drawn.height));
    explained.push({ file, label: classes[label]!, probability: probabilities[label]!, overlay, sanity: rankCorrelation(values, unlearnt.values) });
  }
  observer.dispose();
  return explained;
}
