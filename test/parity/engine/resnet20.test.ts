/** The bundled ResNet-20 on a picture, on ONNX Runtime and in plain JavaScript, against PyTorch: golden.json beside the picture. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { cardOf } from '../../../src/backbones/cards.ts';
import { fitWeights } from '../../../src/backbones/fitWeights.ts';
import { foldBatchNorm } from '../../../src/backbones/foldBatchNorm.ts';
import { splitAt } from '../../../src/backbones/boundary.ts';
import { onnxGraph } from '../../../src/backbones/onnxGraph.ts';
import { decodeSafetensors } from '../../../src/backbones/safetensors.ts';
import { mapOf, shapesOf } from '../../../src/backbones/shapes.ts';
import { fromSourceNames } from '../../../src/backbones/weightNames.ts';
import { forward } from '../../../src/engine/forward.ts';
import { portable } from '../../../src/engine/kernels.ts';
import { normalise } from '../../../src/engine/normalise.ts';
import { openPrefix } from '../../../src/engine/onnxPrefix.ts';
import { deviceParameters, writeParameters } from '../../../src/engine/parameters.ts';
import { TensorStore } from '../../../src/engine/tensorStore.ts';
import '../../support/cpuEngine.ts';
import { repoRoot } from '../../support/root.ts';

interface Golden {
  readonly logits: readonly number[];
  readonly pooled_features: readonly number[];
  readonly activations: Readonly<Record<string, { readonly shape: readonly number[]; readonly mean: number; readonly first8: readonly number[] }>>;
}

const folder = join(repoRoot, 'test', 'fixtures', 'resnet20_cifar10');
const golden = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as Golden;
const card = cardOf('resnet20_cifar10')!, network = card.network(card.sourceClasses), { file } = card.weights[0]!;
const decoded = decodeSafetensors(readFileSync(join(repoRoot, 'backbones', file)), file);
assert.ok(decoded.ok);
const fitted = fitWeights(network, fromSourceNames(decoded.value, card.sourceHead), file);
assert.ok(fitted.ok);
const weights = fitted.value, pixels = new Uint8Array(await sharp(join(folder, 'golden.png')).removeAlpha().raw().toBuffer());

// golden.json has six significant digits, its logits reach 29
const tolerance = 2e-4;
const worst = (got: ArrayLike<number>, want: readonly number[]): number => {
  assert.equal(got.length, want.length);
  return want.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i]!)), 0);
};

test('ResNet-20 has the maps that PyTorch reports', () => {
  const shapes = shapesOf(network), modules = Object.entries(golden.activations);
  assert.equal(modules.length, 10);
  for (const [module, { shape: [, channels, height, width] }] of modules) {
    const last = [...shapes.keys()].findLast((name) => name === module || name.startsWith(`${module}.`))!;
    assert.deepEqual(mapOf(shapes.get(last)), [height, width, channels], module);
  }
});

test('ResNet-20 gives the logits of PyTorch on ONNX Runtime', async () => {
  const folded = foldBatchNorm(splitAt(network, 'head').prefix, weights);
  const opened = await openPrefix(onnxGraph(folded.network, folded.weights, { normalise: card.input }), { threads: 1 });
  assert.ok(opened.ok);
  const logits = await opened.value.run(pixels, 1);
  opened.value.dispose();
  assert.ok(worst(logits, golden.logits) < tolerance, [...logits].join(' '));
});

test('ResNet-20 gives the logits and features of PyTorch in plain JavaScript', async () => {
  const parameters = new TensorStore();
  writeParameters(parameters, deviceParameters(network), weights);
  const pass = { kernels: portable, parameters, batchStatistics: new Set<string>() };
  const outputs = tf.tidy(() => {
    const x = tf.tensor(normalise(pixels, card.input), [1, 32, 32, 3]);
    return { logits: forward(network, x, pass), pooled: forward(splitAt(network, network.nodes.at(-1)!.inputs[0]!).prefix, x, pass) };
  });
  assert.ok(worst(await outputs.logits.data(), golden.logits) < tolerance);
  assert.ok(worst(await outputs.pooled.data(), golden.pooled_features) < tolerance);
});
