import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../../../src/engine/kernels.ts';
import { crossEntropy, crossEntropyOfItems, softmaxCrossEntropy } from '../../../src/engine/losses.ts';
import { binaryCrossEntropy } from '../../../src/engine/losses/binaryCrossEntropy.ts';
import { distillation } from '../../../src/engine/losses/distillation.ts';
import { sigmoidFocal, softmaxFocal } from '../../../src/engine/losses/focal.ts';
import { startPenalty } from '../../../src/engine/losses/startPenalty.ts';
import { massOf, mixedTargets, smoothedTargets, type RowWeights } from '../../../src/engine/losses/targets.ts';
import { featureDistance } from '../../../src/engine/losses/featureDistance.ts';
import { spectralShrinkage } from '../../../src/engine/losses/spectralShrinkage.ts';
import { keptShare, mixedRows, type Mixing } from '../../../src/engine/mixing.ts';
import { classification, regression } from '../../../src/engine/objective.ts';
import { cpu } from '../../../src/engine/rungs/cpu.ts';
import { tensorflow } from '../../../src/engine/rungs/tensorflow.ts';
import { engineResources } from '../../support/engines.ts';
import { noTensorFlow } from '../../support/noTensorFlow.ts';
import { assertGolden, bundledCase, type GoldenCase } from '../../support/goldens.ts';

/** Declares a test of one case for each engine. */
function onEachEngine(title: string, name: string, run: (golden: GoldenCase, kernels: Kernels) => void): void {
  for (const [rung, skip] of [[cpu, false], [tensorflow, noTensorFlow]] as const) {
    test(`${title}, on ${rung.name}`, { skip }, async () => {
      const started = await rung.start(engineResources);
      assert.ok(started.ok);
      const before = tf.memory().numTensors;
      tf.tidy(() => { run(bundledCase(name), started.value.kernels); });
      assert.equal(tf.memory().numTensors, before, 'tensors were left behind');
      started.value.dispose();
    });
  }
}

const tensorOf = (golden: GoldenCase, key: string): tf.Tensor => {
  const { data, shape } = golden.tensor(`in/${key}`);
  return tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
};

/** The loss `key` and its gradients by the named inputs. */
function check(golden: GoldenCase, key: string, inputs: readonly string[], lossOf: (...inputs: tf.Tensor[]) => tf.Scalar): void {
  const { value, grads } = tf.valueAndGrads(lossOf)(inputs.map((name) => tensorOf(golden, name)));
  assertGolden(golden, key, value.dataSync());
  for (const [i, name] of inputs.entries()) assertGolden(golden, `${key}/grad/${name}`, grads[i]!.dataSync());
}

const labelsOf = (golden: GoldenCase, key = 'y'): Int32Array => golden.tensor(`in/${key}`).data as Int32Array;
const massTensor = (targets: Float32Array, rows: number, weights?: RowWeights): tf.Tensor2D => tf.tensor2d(massOf(targets, rows, weights), [rows, targets.length / rows]);

function checkLabels(golden: GoldenCase, key: string, labels: ArrayLike<number>, weights: ArrayLike<number>): void {
  const y = tf.tensor1d(Int32Array.from(labels), 'int32'), w = tf.tensor1d(Float32Array.from(weights));
  check(golden, key, ['logits'], (x) => softmaxCrossEntropy(x as tf.Tensor2D, y, w));
}

onEachEngine('softmax cross-entropy and its gradient are torch\'s mean over the batch', 'loss.cross_entropy', (golden) => {
  checkLabels(golden, 'mean', labelsOf(golden), [1, 1, 1, 1, 1, 1]);
});

onEachEngine('with weights the loss is torch\'s weighted mean', 'loss.cross_entropy', (golden) => {
  const classWeights = golden.tensor('in/weight').data, labels = labelsOf(golden);
  checkLabels(golden, 'weighted', labels, Array.from(labels, (label) => classWeights[label]!));
});

onEachEngine('rows of weight 0 are what torch calls ignored', 'loss.cross_entropy', (golden) => {
  const ignoring = labelsOf(golden, 'y_ignore');
  const weights = Array.from(ignoring, (label) => (label < 0 ? 0 : 1));
  assert.ok(weights.includes(0));
  checkLabels(golden, 'ignore_index', Array.from(ignoring, (label) => Math.max(0, label)), weights);
});

onEachEngine('label smoothing, class weights, ignored rows and soft targets are torch\'s, alone and together', 'loss.cross_entropy', (golden) => {
  const labels = labelsOf(golden), classes = golden.tensor('in/weight').data, ignoring = labelsOf(golden, 'y_ignore');
  const compare = (key: string, mass: tf.Tensor2D): void => { check(golden, key, ['logits'], (x) => crossEntropy(x as tf.Tensor2D, mass)); };
  const smoothed = smoothedTargets(labels, 5, 0.1);
  compare('label_smoothing', massTensor(smoothed, 6));
  compare('weighted', massTensor(smoothedTargets(labels, 5), 6, { classes, labels }));
  compare('weighted_smoothing', massTensor(smoothed, 6, { classes, labels }));
  const kept = ignoring.map((label) => Math.max(0, label)), rows = Array.from(ignoring, (label) => label < 0 ? 0 : 1);
  compare('ignore_smoothing_weighted', massTensor(smoothedTargets(kept, 5, 0.1), 6, { classes, labels: kept, rows }));
  compare('soft_targets', massTensor(golden.tensor('in/soft').data as Float32Array, 6));
  compare('sum', tf.tensor2d(smoothedTargets(labels, 5), [6, 5]));
});

onEachEngine('the loss of each item is torch\'s unreduced loss', 'loss.cross_entropy', (golden) => {
  assertGolden(golden, 'none', crossEntropyOfItems(tensorOf(golden, 'logits') as tf.Tensor2D, tensorOf(golden, 'y') as tf.Tensor1D).dataSync());
});

onEachEngine('logits of 10 000 neither overflow nor lose the loss', 'loss.cross_entropy', () => {
  const losses = crossEntropyOfItems(tf.tensor2d([[10000, 0], [0, 10000]]), tf.tensor1d([0, 0], 'int32')).dataSync();
  assert.deepEqual([...losses], [0, 10000]);
});

onEachEngine('mixup and CutMix mix targets as timm does, and their loss is timm\'s', 'loss.mixup', (golden) => {
  const labels = labelsOf(golden), reversed = [5, 4, 3, 2, 1, 0];
  const compare = (key: string, targets: Float32Array): void => { check(golden, key, ['logits'], (x) => crossEntropy(x as tf.Tensor2D, massTensor(targets, 6))); };
  const mixed = mixedTargets(smoothedTargets(labels, 4, 0.1), reversed, 0.3);
  assertGolden(golden, 'targets', mixed);
  compare('soft_ce', mixed);
  compare('timm_label_smoothing', smoothedTargets(labels, 4, 0.1));
  compare('two_label_form', mixedTargets(smoothedTargets(labels, 4), reversed, 0.3));
  const [top, bottom, left, right] = golden.tensor('cutmix_box_y0y1x0x1').data as Int32Array;
  const cut = mixedTargets(smoothedTargets(labels, 4, 0.1), reversed, 1 - (bottom! - top!) * (right! - left!) / 36);
  assertGolden(golden, 'cutmix_targets', cut);
  compare('cutmix_soft_ce', cut);
});

onEachEngine('focal losses are torch\'s and torchvision\'s', 'loss.focal', (golden) => {
  const labels = labelsOf(golden), targets = smoothedTargets(labels, 5), alpha = golden.tensor('in/class_alpha').data;
  check(golden, 'softmax_focal', ['logits'], (x) => softmaxFocal(x as tf.Tensor2D, massTensor(targets, 6), 2));
  check(golden, 'softmax_focal_class_alpha', ['logits'], (x) => softmaxFocal(x as tf.Tensor2D, massTensor(targets, 6, { classes: alpha }), 2));
  check(golden, 'sigmoid_focal', ['logits'], (x) => sigmoidFocal(x, tensorOf(golden, 'multi'), { gamma: 2, alpha: 0.25 }));
});

onEachEngine('binary cross-entropy is torch\'s, at logits of ±40 too', 'loss.bce', (golden) => {
  const targets = tensorOf(golden, 'y');
  check(golden, 'mean', ['logits'], (x) => binaryCrossEntropy(x, targets));
  check(golden, 'pos_weight', ['logits'], (x) => binaryCrossEntropy(x, targets, tensorOf(golden, 'pos_weight')));
  check(golden, 'smoothed', ['logits'], (x) => binaryCrossEntropy(x, tf.add(tf.mul(targets, 0.9), 0.05)));
});

onEachEngine('distillation is temperature² times torch\'s KL divergence, and adds to the loss of the labels', 'loss.distillation', (golden) => {
  const teacher = tensorOf(golden, 'teacher') as tf.Tensor2D, labels = tensorOf(golden, 'y') as tf.Tensor1D;
  const kl = (student: tf.Tensor): tf.Scalar => distillation(student as tf.Tensor2D, teacher, 4);
  check(golden, 'kl_T2', ['student'], kl);
  check(golden, 'kl_batchmean', ['student'], (x) => tf.div(kl(x), 16));
  check(golden, 'kd_total', ['student'], (x) => tf.add(tf.mul(kl(x), 0.7), tf.mul(softmaxCrossEntropy(x as tf.Tensor2D, labels, tf.ones([5])), 0.3)));
});

onEachEngine('L2-SP holds weights to where they started, and the head to 0', 'loss.l2sp', (golden) => {
  const start = (name: string): tf.Tensor => tensorOf(golden, `${name}_start`);
  check(golden, 'squared_distance', ['w1', 'b1'], (w, b) => startPenalty([[w, start('w1')], [b, start('b1')]], 2));
  check(golden, 'l2_sp', ['w1', 'b1', 'head'], (w, b, head) =>
    tf.add(startPenalty([[w, start('w1')], [b, start('b1')]], 0.1), startPenalty([[head, tf.zerosLike(head)]], 0.01)));
});

onEachEngine('batch spectral shrinkage is the square of torch\'s smallest singular value, and so is its gradient', 'loss.misc', (golden) => {
  check(golden, 'bss_k1', ['f'], (f) => spectralShrinkage(f as tf.Tensor2D));
});

onEachEngine('DELTA with every channel alike is half torch\'s mean squared error', 'loss.misc', (golden) => {
  const source = tensorOf(golden, 't');
  check(golden, 'mse', ['z'], (z) => tf.mul(featureDistance([z], [source]), 2));
});

onEachEngine('rows are mixed and cut as timm does', 'loss.mixup', (golden) => {
  const { data, shape } = golden.tensor('in/x'), [rows, channels, height, width] = shape as [number, number, number, number];
  const lastly = (values: ArrayLike<number>): Float32Array => tf.tidy(() => tf.transpose(tf.tensor(Float32Array.from(values), [rows, channels, height, width]), [0, 2, 3, 1]).dataSync<'float32'>().slice());
  const x = lastly(data), partners = Int32Array.of(5, 4, 3, 2, 1, 0), [top, bottom, left, right] = golden.tensor('cutmix_box_y0y1x0x1').data as Int32Array as unknown as [number, number, number, number];
  const compare = (key: string, mixing: Mixing): void => {
    const want = lastly(golden.tensor(key).data), got = mixedRows(x, mixing, [height, width, channels]);
    for (const [i, value] of want.entries()) assert.ok(Math.abs(value - got[i]!) <= golden.tolerances[key]!.atol, `${key} ${i}`);
  };
  compare('mixed_x', { partners, share: 0.3 });
  const box = { top, bottom, left, right };
  compare('cutmix_x', { partners, box, share: keptShare(box, height, width) });
});

onEachEngine('the objective of a stage with smoothing and mixing is timm\'s soft-target loss', 'loss.mixup', (golden, kernels) => {
  const objective = classification({ classes: 4, labelSmoothing: 0.1 });
  const aims = objective.aimsOf({ labels: labelsOf(golden), weights: new Float32Array(6).fill(1) }, { partners: Int32Array.of(5, 4, 3, 2, 1, 0), share: 0.3 });
  check(golden, 'soft_ce', ['logits'], (x) => objective.loss(x as tf.Tensor2D, tf.tensor2d(aims, [6, 4]), kernels));
});

onEachEngine('the objective of a stage with class weights, smoothing and focal loss is torch\'s', 'loss.cross_entropy', (golden, kernels) => {
  const labels = labelsOf(golden), weights = new Float32Array(6).fill(1), classWeights = golden.tensor('in/weight').data as Float32Array;
  const compare = (key: string, objective: ReturnType<typeof classification>): void => {
    check(golden, key, ['logits'], (x) => objective.loss(x as tf.Tensor2D, tf.tensor2d(objective.aimsOf({ labels, weights }), [6, 5]), kernels));
  };
  compare('mean', classification({ classes: 5 }));
  compare('label_smoothing', classification({ classes: 5, labelSmoothing: 0.1 }));
  compare('weighted_smoothing', classification({ classes: 5, labelSmoothing: 0.1, classWeights }));
});

onEachEngine('the objectives of numbers are torch\'s mean squared error and Huber loss', 'loss.misc', (golden, kernels) => {
  const targets = golden.tensor('in/t').data as Float32Array, weights = new Float32Array(6).fill(1);
  for (const [key, objective] of [['mse', regression()], ['huber_1.5', regression({ delta: 1.5 })]] as const) {
    check(golden, key, ['z'], (z) => objective.loss(z as tf.Tensor2D, tf.tensor2d(objective.aimsOf({ labels: new Int32Array(6), weights, targets }), [6, 5]), kernels));
  }
});
