/** Looking back at a network of a few hundred weights that really was trained, on WebAssembly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomWeights } from '../../../../../src/backbones/initialise.ts';
import { recalibrated } from '../../../../../src/engine/recalibrate.ts';
import type { Card } from '../../../../../src/backbones/card.ts';
import type { Weights } from '../../../../../src/backbones/tensorData.ts';
import type { Transfer } from '../../../../../src/protocol/insight.ts';
import type { FeatureSource } from '../../../../../src/trainer/child/features/featureSource.ts';
import type { Machine } from '../../../../../src/trainer/child/machine/machine.ts';
import { train } from '../../../../../src/trainer/child/loop.ts';
import { transferOf } from '../../../../../src/trainer/child/controls/transfer.ts';
import { stageOf } from '../../../../support/stage.ts';
import { tinyDataset, tinyInput, tinyPixels, tinySource } from '../../../../support/tinyData.ts';
import { tinyLite } from '../../../../support/tinyLite.ts';
import { startEngine } from '../../../../support/engines.ts';
import { wasm } from '../../../../../src/engine/rungs/wasm.ts';

const engine = await startEngine(wasm);
assert.ok('started' in engine);
const { kernels } = engine.started;

const network = tinyLite(), start = randomWeights(network, 5), dataset = tinyDataset(216);
const whole = stageOf({ train: ['head', 'conv_head', 'blocks.2', 'blocks.1', 'blocks.0', 'stem'], epochs: 6, rate: 0.01, warmup: 0, batchNorm: 'batch' });
const card: Pick<Card, 'input' | 'weights' | 'title' | 'sourceHead'> = { input: tinyInput, weights: [], title: 'Tiny', sourceHead: 'head' };

const trained = await train({
  network, input: tinyInput, kernels, weights: start, dataset, plan: { stages: [whole], batch: 16, stop: { patience: 9, metric: 'validation.loss', minImprovement: 0 }, seed: 1 },
  sourceOf: () => Promise.resolve(tinySource), append: () => undefined, checkpoint: () => undefined, timed: () => undefined, stop: new AbortController().signal,
});

/** The pictures of other datasets than the whole one, by the names of their samples. */
const sourceOf = (_boundary: string, { samples }: typeof dataset): Promise<FeatureSource> => Promise.resolve({
  ...tinySource,
  async *blocks(rows) {
    const block = new Uint8Array(rows.length * tinySource.width);
    rows.forEach(({ sample, view }, i) => block.set(tinyPixels(Number.parseInt(samples[sample]!.id, 10), view), i * tinySource.width));
    yield await Promise.resolve(block);
  },
});

const lookAt = (weights: Weights, { stages = [whole], budgetMs = 60_000, seed = 1 } = {}): Promise<Transfer> => transferOf(
  { network, start, dataset, card: card as Card, machine: { backbones: '/nowhere' } as Machine, engine: { kernels }, plan: { seed } },
  { weights, stages }, { sourceOf, stop: new AbortController().signal, budgetMs });

/** To measure batch norms on. */
async function pixels(): Promise<Uint8Array> {
  const block = await tinySource.blocks(dataset.rows.train.slice(0, 32).map((sample) => ({ sample, view: 'centre' })), 32).next();
  return block.value as Uint8Array;
}

test('a trained network: what moved, how like itself each block still is, and what it loses without it', async () => {
  const { changes, blocks, images, rewindImages, sourceHead, notes } = await lookAt(trained.weights);
  assert.ok(trained.best!.validationAccuracy > 0.9, String(trained.best!.validationAccuracy));
  assert.deepEqual([images, rewindImages], [32, 32]);
  assert.deepEqual(blocks.map(({ path }) => path), ['stem', 'blocks.0', 'blocks.1', 'blocks.2', 'conv_head']);
  assert.ok(changes.length > blocks.length && changes.every(({ change }) => change > 0));
  for (const { path, cka, rewind } of blocks) {
    assert.ok(cka!.value <= 1 + 1e-9 && cka!.control <= 1 + 1e-9, `${path}: ${cka!.value}, control ${cka!.control}`);
    for (const { value, low, high } of [rewind!.pretrained, rewind!.random]) assert.ok(low <= value && value <= high && low >= -1);
  }
  const mean = (of: 'value' | 'control'): number => blocks.reduce((sum, { cka }) => sum + cka![of] / blocks.length, 0);
  assert.ok(mean('value') > mean('control'), `${mean('value')}, control ${mean('control')}`);
  assert.ok(blocks.some(({ rewind }) => rewind!.random.high < 0), 'without one of its blocks the network is worse');
  assert.equal(sourceHead, undefined);
  assert.match(notes.join(), /came without the head/);
});

test('sanity: a network whose weights are random numbers is no more like the pretrained one than the control', async () => {
  const x = await pixels(), gaps: number[] = [];
  for (let seed = 0; seed < 4; seed++) {
    const { blocks } = await lookAt(await recalibrated(network, randomWeights(network, 90 + seed), x, tinyInput, kernels), { seed });
    gaps.push(...blocks.map(({ cka }) => cka!.value - cka!.control));
  }
  const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
  assert.ok(Math.abs(mean) < 0.2, `of ${gaps.length} pairs of draws: ${mean}`); // one draw of a block of 4 channels is off by up to 0.6
});

test('a network that did not move is wholly like itself; blocks that did not move are not rewound', async () => {
  const moved = new Map([...start, ['conv_head.weight', { ...start.get('conv_head.weight')!, data: start.get('conv_head.weight')!.data.map((value) => 1.25 * value) }] as const]);
  const { blocks } = await lookAt(moved);
  assert.deepEqual(blocks.filter(({ rewind }) => rewind).map(({ path }) => path), ['conv_head']);
  for (const { cka } of blocks.slice(0, -1)) assert.ok(Math.abs(cka!.value - 1) < 1e-9);
});

test('a trained head alone needs no look; without time, or with few images, that is said', async () => {
  const notesOf = async (...args: Parameters<typeof lookAt>): Promise<string> => (await lookAt(...args)).notes.join();
  assert.match(await notesOf(start), /^Only the head has changed/);
  assert.match(await notesOf(trained.weights, { budgetMs: 0 }), /^Features were not compared: 16 images take [\d.]+ s each time/);
});
