import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { splitAt } from '../../src/backbones/boundary.ts';
import { forward, type Pass } from '../../src/engine/forward.ts';
import type { Kernels } from '../../src/engine/kernels.ts';
import { normalise } from '../../src/engine/normalise.ts';
import { deviceParameters, writeParameters } from '../../src/engine/parameters.ts';
import { TensorStore } from '../../src/engine/tensorStore.ts';
import { goldenPixels, lite0, lite0Card, lite0Golden, lite0Weights } from './lite0.ts';

/** Declares the test of the bundled network on the current engine: its logits and features of a photo, against PyTorch + timm. */
export function lite0Parity(engine: string, kernels: Kernels): void {
  test(`EfficientNet-Lite0 on ${engine} gives the logits and features of PyTorch on a photo`, async () => {
    const parameters = new TensorStore();
    writeParameters(parameters, deviceParameters(lite0), lite0Weights());
    const pass: Pass = { kernels: kernels, parameters, batchStatistics: new Set() };
    const x = tf.tensor(normalise(await goldenPixels(), lite0Card.input), [1, 224, 224, 3]);
    const { logits, pooled_features: features } = lite0Golden();
    // The reference has six significant digits: 5e-5 at logits of up to 17, 5e-6 at features of up to 3.
    await compare(forward(lite0, x, pass), logits, 2e-4, 'logits');
    await compare(forward(splitAt(lite0, 'global_pool').prefix, x, pass), features, 5e-5, 'features');
    x.dispose();
    parameters.dispose();
  });
}

async function compare(output: tf.Tensor, want: readonly number[], tolerance: number, what: string): Promise<void> {
  const got = await output.data();
  output.dispose();
  assert.equal(got.length, want.length);
  const worst = want.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i]!)), 0);
  assert.ok(worst < tolerance, `${what} off by ${worst}`);
}
