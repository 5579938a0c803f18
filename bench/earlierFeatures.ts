/**
 * Do the features of an earlier block carry more where the source does not fit? A head alone, trained to its end, on each block
 * of ResNet-20: after sources that learnt nonsense (those of the study of verdicts), after photographs, and from random weights.
 * 360 digits to train on, 120 to judge by. `npm run bench -- earlier-features`; what it gave: docs/decisions/earlier-features.md.
 */
import { earlierBlocks, networkUpTo } from '../src/backbones/earlierFeatures.ts';
import { fitWeights } from '../src/backbones/fitWeights.ts';
import { randomWeights, withNewHead } from '../src/backbones/initialise.ts';
import type { Network } from '../src/backbones/op.ts';
import type { Weights } from '../src/backbones/tensorData.ts';
import type { Kernels } from '../src/engine/kernels.ts';
import { Observer } from '../src/engine/observer.ts';
import { recalibrated } from '../src/engine/recalibrate.ts';
import { bundledBackbones } from '../src/backbones/backbones.ts';
import { resolveExperiment } from '../src/experiment/resolve.ts';
import { pretrained } from '../src/trainer/child/weights/cardWeights.ts';
import { valueOf } from '../src/trainer/child/photos/dataset.ts';
import type { FeatureSource } from '../src/trainer/child/features/featureSource.ts';
import { train } from '../src/trainer/child/loop.ts';
import { isJudged, predictedOf } from '../src/trainer/child/stages/trace.ts';
import { digits, type Digits } from '../test/support/digits.ts';
import { backbones, card, network, nonsense } from './negativeTransfer.ts';
import { table } from './support.ts';

const seeds = [1, 2, 3, 4, 5], batch = 30;

/** Some five minutes on two cores, most of it the sources. */
export async function earlierFeaturesBench(): Promise<void> {
  const { startEngine } = await import('../test/support/engines.ts'), { tensorflow } = await import('../src/engine/rungs/tensorflow.ts');
  const engine = await startEngine(tensorflow);
  if ('skip' in engine) throw new Error(engine.skip);
  const { kernels } = engine.started, natural = await digits(), some = natural.dataset.rows.train.slice(0, 32).map((sample) => ({ sample, view: 'centre' as const })), blocks = [...earlierBlocks(network), 'last'];
  const sources = { ...await nonsense(40, kernels), 'photographs (CIFAR-10)': await pretrained(card, network, backbones, 1), 'random weights': await recalibrated(network, randomWeights(network, 1), (await natural.source.blocks(some, some.length).next()).value as Uint8Array, card.input, kernels) };
  const rows: string[][] = [];
  for (const [name, source] of Object.entries(sources)) {
    const cells: string[] = [];
    for (const block of blocks) {
      const used = block === 'last' ? network : networkUpTo(network, block), features = await featuresOf(used, source, natural, kernels), accuracies: number[] = [];
      for (const seed of seeds) accuracies.push(100 * await accuracyOf(used, source, seed, { ...natural, source: features }, kernels));
      const mean = accuracies.reduce((a, b) => a + b, 0) / seeds.length;
      cells.push(`${mean.toFixed(1)} ± ${Math.sqrt(accuracies.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (seeds.length - 1)).toFixed(1)}`);
    }
    rows.push([name, ...cells]);
  }
  console.log(`\n### Test accuracy (%) of a head alone on the features of each block, ${seeds.length} seeds of the head: ResNet-20, digits\n`);
  table(['source', ...blocks], rows);
}

/** What the head would stand on, of every digit. */
async function featuresOf(used: Network, source: Weights, { dataset: { samples }, source: pixels }: Digits, kernels: Kernels): Promise<FeatureSource> {
  const from = used.nodes.at(-1)!.inputs[0]!, observer = new Observer({ network: used, from: 'input', input: card.input, kernels }), seen: Float32Array[] = [];
  observer.wear(startOf(used, source, 1));
  for await (const x of pixels.blocks(samples.map((_, sample) => ({ sample, view: 'centre' })), batch)) seen.push((await observer.look(x, batch, new Set([from]))).means.get(from)!);
  observer.dispose();
  const width = seen[0]!.length / batch, all = Float32Array.from(seen.flatMap((each) => Array.from(each)));
  return {
    from, width,
    async *blocks(wanted, size) {
      for (let at = 0; at < wanted.length; at += size) {
        const block = new Float32Array(size * width);
        wanted.slice(at, at + size).forEach(({ sample }, i) => block.set(all.subarray(sample * width, (sample + 1) * width), i * width));
        yield await Promise.resolve(block);
      }
    },
  };
}

const startOf = (used: Network, source: Weights, seed: number): Weights => valueOf(fitWeights(used, withNewHead(used, source, seed), 'the source'));

/** Of the test digits, by the epoch that was best on validation. */
async function accuracyOf(used: Network, source: Weights, seed: number, { dataset, source: features }: Digits, kernels: Kernels): Promise<number> {
  const text = `thaw: 1\ndata: { folder: digits }\nbackbone: ${card.name}\nstages:\n  - { train: [head], epochs: 200, rate: 3e-2, augment: none }\nstop: { patience: 200 }\nseed: ${seed}\n`;
  const { plan } = valueOf(resolveExperiment(text, { file: 'bench', folderOf: (written) => written, backbones: bundledBackbones }));
  const { trace } = await train({
    network: used, input: card.input, kernels, plan, weights: startOf(used, source, seed), dataset, sourceOf: () => Promise.resolve(features),
    append: () => undefined, checkpoint: () => undefined, timed: () => undefined, stop: new AbortController().signal,
  });
  const { classes, labels, rows } = dataset, answers = predictedOf(trace.filter(isJudged).at(-1)!.testLogits, classes.length);
  return rows.test.filter((row, i) => labels[row] === answers[i]).length / rows.test.length;
}
