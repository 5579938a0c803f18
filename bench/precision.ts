import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Dataset } from '../src/trainer/child/photos/dataset.ts';
import type { FeatureSource } from '../src/trainer/child/features/featureSource.ts';
import type { StagePlan } from '../src/experiment/plan.ts';
import type { Trained } from '../src/trainer/child/stages/trainJob.ts';
import { BoundaryFeatures } from '../src/trainer/child/features/features.ts';
import { cardOf } from '../src/backbones/cards.ts';
import { fileStore } from '../src/runs/fileStore.ts';
import { freezeBoundary } from '../src/backbones/boundary.ts';
import { machineOf } from '../src/trainer/child/machine/machine.ts';
import { matchPatterns } from '../src/backbones/freezePlan.ts';
import { openEngine, type Engine } from '../src/trainer/child/machine/engine.ts';
import { predictedOf } from '../src/trainer/child/stages/trace.ts';
import { pretrained } from '../src/trainer/child/weights/cardWeights.ts';
import { readDataset, valueOf } from '../src/trainer/child/photos/dataset.ts';
import { recordFormats } from '../src/engine/featureRecord.ts';
import { scanFolder } from '../src/data/scan.ts';
import { sharedFolder, table } from './support.ts';
import { stageOf } from '../test/support/stage.ts';
import { train } from '../src/trainer/child/loop.ts';
import { usualPart } from '../src/engine/timedPart.ts';
import { userCacheFolder } from '../src/base/environment.ts';

const stage = stageOf({ rate: 3e-3, augment: 'none' });
const cuts: readonly { readonly stage: StagePlan; readonly seeds: number }[] = [
  { stage, seeds: 8 },
  { stage: { ...stage, train: ['head', 'conv_head', 'blocks.6'], epochs: 6, rate: 3e-4 }, seeds: 2 },
];

/** What float16 features cost in accuracy: the same training twice, from float32 features and from what the cache keeps of them. */
export async function precisionBench(): Promise<void> {
  const machine = machineOf(`file://${resolve('dist')}/cli.mjs`, userCacheFolder(), { endpoint: '' }), engine = await openEngine(machine, usualPart), shared = sharedFolder();
  const sets: [name: string, folder: string][] = [['recycling6', 'samples/recycling6'], ...shared ? ['flowers5', 'hymenoptera'].map((name): [string, string] => [name, join(shared, name, 'images')]) : []];
  const rows: string[][] = [];
  for (const [name, folder] of sets) for (const { stage, seeds } of cuts) rows.push([name, stage.train.join(', '), ...await compare(resolve(folder), stage, seeds, engine)]);
  console.log('\n### Test accuracy from float32 and from float16 features of EfficientNet-Lite0 (goal: at most 0.1 points apart)\n');
  table(['set', 'trains', 'test items × seeds', 'float32', 'float16', 'difference (points)', 'other predictions', 'largest difference of a loss'], rows);
}

async function compare(folder: string, stage: StagePlan, seeds: number, engine: Engine): Promise<string[]> {
  const card = cardOf('efficientnet_lite0')!, scan = valueOf(await scanFolder(folder)), cache = mkdtempSync(join(tmpdir(), 'thaw-precision-'));
  const network = card.network(new Set(scan.files.map(({ label }) => label)).size), weights = await pretrained(card, network, resolve('backbones'), 1);
  const boundary = freezeBoundary(network, matchPatterns(network, stage.train).trained);
  const features = await BoundaryFeatures.open({
    network, weights, boundary, input: card.input, store: fileStore(cache, 'never'), threads: availableParallelism(), views: ['centre'], precision: 'float32',
    worker: new URL(`file://${resolve('dist/prefixWorker.mjs')}`), report: ({ message }) => console.log(message), engine: () => Promise.resolve(engine),
  });
  const signal = new AbortController().signal;
  const dataset = await readDataset(scan, {
    input: card.input, split: { train: 0.5, validation: 0.15, test: 0.35, seed: 7, keepTogether: 'near-duplicates' }, consumer: features,
    known: { get: () => undefined, add: () => undefined }, signal, onProgress: () => undefined, worker: new URL(`file://${resolve('dist/decodeWorker.mjs')}`),
  });
  const exact = await features.source(dataset, signal, () => undefined);
  features.dispose();
  let right32 = 0, right16 = 0, others = 0, furthest = 0, items = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const start = await pretrained(card, network, resolve('backbones'), seed);
    const trained = (source: FeatureSource): Promise<Trained> => train({
      network, input: card.input, kernels: engine.kernels, weights: start, dataset, sourceOf: () => Promise.resolve(source), append: () => undefined, checkpoint: () => undefined,
      timed: () => undefined, stop: signal, plan: { stages: [stage], batch: 32, stop: { patience: 30, metric: 'validation.loss', minImprovement: 0 }, seed },
    });
    const [a, b] = [await trained(exact), await trained(rounded(exact))];
    const [from32, from16] = [predictionsOf(a, dataset), predictionsOf(b, dataset)];
    for (const [i, row] of dataset.rows.test.entries()) {
      items++;
      right32 += Number(from32[i] === dataset.labels[row]);
      right16 += Number(from16[i] === dataset.labels[row]);
      others += Number(from32[i] !== from16[i]);
    }
    furthest = Math.max(furthest, ...a.trace.map(({ validationLoss }, i) => Math.abs(validationLoss - b.trace[i]!.validationLoss)));
  }
  rmSync(cache, { recursive: true });
  const percent = (right: number): string => `${(100 * right / items).toFixed(2)} %`;
  return [String(items), percent(right32), percent(right16), (100 * (right16 - right32) / items).toFixed(2), String(others), furthest.toExponential(1)];
}

const predictionsOf = ({ best }: Trained, { classes }: Dataset): Int32Array => predictedOf(best!.testLogits, classes.length);

/** As the cache would give them. */
const rounded = (source: FeatureSource): FeatureSource => ({
  ...source,
  async *blocks(rows, size, signal) {
    for await (const block of source.blocks(rows, size, signal)) {
      const values = block as Float32Array;
      recordFormats.float16.decode(recordFormats.float16.encode(values), values);
      yield values;
    }
  },
});
