/**
 * A whole tiny network against PyTorch + timm, on whatever engine is current: activations, loss, gradients, running
 * statistics, and three optimizer steps through engine/step.ts. Every parameter is compared, and how many is asserted.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { splitAt } from '../../src/backbones/boundary.ts';
import { parametersOf } from '../../src/backbones/parameters.ts';
import type { Weights } from '../../src/backbones/tensorData.ts';
import { forward, type Pass } from '../../src/engine/forward.ts';
import type { Kernels } from '../../src/engine/kernels.ts';
import { softmaxCrossEntropy } from '../../src/engine/losses.ts';
import { adamW, sgd } from '../../src/engine/optimizer.ts';
import { deviceParameters, download, writeParameters } from '../../src/engine/parameters.ts';
import { createState, disposeState, setStage, takeLoss, trainStep, weightsOf, type Batch, type StageSettings } from '../../src/engine/step.ts';
import { TensorStore } from '../../src/engine/tensorStore.ts';
import { assertFingerprint, assertGolden, goldenCase, type GoldenCase } from './goldens.ts';
import { goldenName, liteOf, toNchw, toNhwc, weightsOfCase } from './goldenNetwork.ts';

const modes = [{ mode: 'eval', bnStatistics: 'stored' }, { mode: 'train', bnStatistics: 'batch' }] as const;
const activations = { 'blocks.0': 'blocks.0.0.add', 'blocks.3': 'blocks.3.0.bn3', 'blocks.6': 'blocks.6.0.bn3' };

/** Declares the tests of one case on the current engine. */
export function networkParity(name: string, engine: string, kernels: Kernels): void {
  const golden = goldenCase(name);
  for (const { mode, bnStatistics } of modes) {
    const declare = (title: string, run: (golden: GoldenCase) => Promise<number>): void => {
      test(`${name} on ${engine}, batch norm on ${bnStatistics === 'stored' ? 'stored' : 'the batch\'s'} statistics: ${title}`,
        { skip: golden ? false : 'this golden is not on this machine' }, async (t) => {
          t.diagnostic(`largest difference: ${(100 * await run(golden!)).toFixed(0)} % of the tolerance`);
        });
    };
    declare('activations, logits and loss', (golden) => checkForward(golden, mode, kernels));
    declare('gradients of all parameters', (golden) => checkGradients(golden, mode, kernels));
    declare('three steps of SGD', (golden) => checkSteps(golden, mode, bnStatistics, 'sgd3', kernels));
    declare('three steps of AdamW', (golden) => checkSteps(golden, mode, bnStatistics, 'adamw3', kernels));
  }
}

type Mode = (typeof modes)[number]['mode'];

/** These return the largest difference in units of its tolerance. */
async function checkForward(golden: GoldenCase, mode: Mode, kernels: Kernels): Promise<number> {
  const shares: number[] = [];
  const { network, pass, x, labels, weights, dispose } = onDevice(golden, mode, kernels);
  for (const [module, node] of Object.entries(activations)) {
    const output = forward(splitAt(network, node).prefix, x, pass);
    shares.push(assertGolden(golden, `${mode}/act/${module}`, toNchw(await output.data(), output.shape)));
    output.dispose();
  }
  const pooled = forward(splitAt(network, 'global_pool').prefix, x, pass);
  shares.push(assertGolden(golden, `${mode}/pooled`, await pooled.data()));
  const logits = forward(network, x, pass) as tf.Tensor2D;
  shares.push(assertGolden(golden, `${mode}/logits`, await logits.data()));
  const loss = softmaxCrossEntropy(logits, labels, weights);
  shares.push(assertGolden(golden, `${mode}/loss`, await loss.data()));
  tf.dispose([pooled, logits, loss]);
  dispose();
  return Math.max(...shares);
}

async function checkGradients(golden: GoldenCase, mode: Mode, kernels: Kernels): Promise<number> {
  const shares: number[] = [];
  const { network, pass, x, labels, weights, dispose } = onDevice(golden, mode, kernels);
  const trained = deviceParameters(network).filter(({ buffer }) => !buffer);
  const lossOf = (): tf.Scalar => softmaxCrossEntropy(forward(network, x, pass) as tf.Tensor2D, labels, weights);
  const { value, grads } = tf.valueAndGrads(lossOf)(trained.map(({ name }) => pass.parameters.get(name)));
  for (const [i, { name, layout }] of trained.entries()) {
    shares.push(assertGolden(golden, `${mode}/grad/${goldenName(name)}`, (await download(grads[i]!, layout)).data));
  }
  assert.equal(trained.length, Object.keys(golden.tolerances).filter((key) => key.startsWith(`${mode}/grad/`)).length);
  if (mode === 'train') {
    const buffers = deviceParameters(network).filter(({ buffer }) => buffer);
    for (const { name } of buffers) shares.push(assertGolden(golden, `train/after1/buf/${name}`, await pass.parameters.get(name).data()));
    assert.ok(buffers.length > 0);
  }
  tf.dispose([value, grads]);
  dispose();
  return Math.max(...shares);
}

async function checkSteps(golden: GoldenCase, mode: Mode, bnStatistics: StageSettings['bnStatistics'], optimizer: 'sgd3' | 'adamw3', kernels: Kernels): Promise<number> {
  const { lr, momentum, weight_decay: weightDecay } = golden.facts.optimizers[optimizer];
  const network = liteOf(golden), batch = batchOf(golden);
  const state = createState({
    network, from: 'input', input: { mean: [0, 0, 0], std: [1, 1, 1] }, weights: weightsOfCase(golden), kernels,
    optimizer: optimizer === 'sgd3' ? sgd({ momentum }) : adamW(),
  });
  const names = parametersOf(network).filter(({ buffer }) => !buffer).map(({ name }) => name);
  setStage(state, { bnStatistics, groups: [{ names, rateFactor: 1, weightDecay }] });
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    trainStep(state, batch, lr);
    losses.push(await takeLoss(state));
  }
  const weights = await weightsOf(state);
  disposeState(state);
  return Math.max(assertGolden(golden, `${mode}/${optimizer}/losses`, losses), checkParameters(golden, mode, optimizer, weights));
}

function checkParameters(golden: GoldenCase, mode: Mode, optimizer: 'sgd3' | 'adamw3', weights: Weights): number {
  const noisy = optimizer === 'adamw3' ? golden.facts.adamw_noise_driven?.[mode] ?? [] : [];
  const fingerprints = Object.entries(golden.facts.stats[mode]![`${optimizer}/param`]!).filter(([name]) => !noisy.includes(name));
  assert.ok(fingerprints.length > 50, 'the case covers all parameters');
  const byGoldenName = new Map([...weights].map(([name, tensor]) => [goldenName(name), tensor.data]));
  for (const [name, fingerprint] of fingerprints) assertFingerprint(byGoldenName.get(name)!, fingerprint, `${golden.name} ${mode}/${optimizer} ${name}`);
  const stored = Object.keys(golden.tolerances).filter((key) => key.startsWith(`${mode}/${optimizer}/param/`) || key.startsWith(`${mode}/${optimizer}/buf/`));
  assert.ok(stored.length >= 8, 'the case holds some parameters in full');
  return Math.max(...stored.map((key) => assertGolden(golden, key, byGoldenName.get(key.split('/').at(-1)!)!)));
}

function batchOf(golden: GoldenCase): Batch {
  const labels = Int32Array.from(golden.tensor('in/y').data);
  return { x: toNhwc(golden.tensor('in/x')), labels, weights: new Float32Array(labels.length).fill(1) };
}

interface OnDevice {
  readonly network: ReturnType<typeof liteOf>;
  readonly pass: Pass;
  readonly x: tf.Tensor;
  readonly labels: tf.Tensor1D;
  readonly weights: tf.Tensor1D;
  readonly dispose: () => void;
}

function onDevice(golden: GoldenCase, mode: Mode, kernels: Kernels): OnDevice {
  const network = liteOf(golden), batch = batchOf(golden), parameters = new TensorStore();
  writeParameters(parameters, deviceParameters(network), weightsOfCase(golden));
  const norms = network.nodes.filter(({ op }) => op.op === 'batchNorm').map(({ name }) => name);
  const x = tf.tensor(batch.x, [batch.labels.length, ...network.input]);
  const labels = tf.tensor1d(batch.labels, 'int32'), weights = tf.tensor1d(batch.weights);
  return {
    network, x, labels, weights,
    pass: { kernels, parameters, batchStatistics: new Set(mode === 'train' ? norms : []) },
    dispose() { parameters.dispose(); tf.dispose([x, labels, weights]); },
  };
}
