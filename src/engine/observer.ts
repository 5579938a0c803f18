/**
 * Runs what of a network lies behind a node only to look at it: its outputs, and what its blocks gave on the way, as the
 * mean of each channel over all positions (or tokens): of a map [batch, height, width, channels], [batch, channels].
 */
import * as tf from '@tensorflow/tfjs-core';
import { splitAt } from '../backbones/boundary.ts';
import type { CardInput } from '../backbones/card.ts';
import type { Network } from '../backbones/op.ts';
import type { Weights } from '../backbones/tensorData.ts';
import type { Disposable } from '../base/owner.ts';
import { forward } from './forward.ts';
import type { Kernels } from './kernels.ts';
import { normalise } from './normalise.ts';
import { deviceParameters, writeParameters, type DeviceParameter } from './parameters.ts';
import { TensorStore } from './tensorStore.ts';

export interface ObserverSetup {
  readonly network: Network;
  /** The node whose output is looked at from, or `input`. */
  readonly from: string;
  readonly input: Pick<CardInput, 'mean' | 'std'>;
  readonly kernels: Kernels;
}

export interface Seen {
  /** [rows, ...] of the last node. */
  readonly outputs: Float32Array;
  /** Node → [rows, channels]. */
  readonly means: ReadonlyMap<string, Float32Array>;
}

export class Observer implements Disposable {
  /** What lies behind `from`: taps and norms are named as here. */
  readonly network: Network;
  readonly #setup: ObserverSetup;
  readonly #held: readonly DeviceParameter[];
  readonly #parameters = new TensorStore();

  constructor(setup: ObserverSetup) {
    this.network = splitAt(setup.network, setup.from).suffix;
    this.#setup = setup;
    this.#held = deviceParameters(this.network);
  }

  /** Puts these in place of what the network has; parameters that they leave out stay as they are. */
  wear(weights: Weights): void {
    writeParameters(this.#parameters, this.#held.filter(({ name }) => weights.has(name)), weights);
  }

  /** x: [rows, ...shape at `from`], pixels as uint8. `byBatch`: norms that go by the statistics of these very rows. */
  async look(x: Float32Array | Uint8Array, rows: number, taps: ReadonlySet<string> = new Set(), byBatch: ReadonlySet<string> = new Set()): Promise<Seen> {
    const { kernels, input } = this.#setup;
    const seen = tf.tidy(() => {
      const outputs = new Map<string, tf.Tensor>(), values = tf.tensor(x instanceof Uint8Array ? normalise(x, input) : x, [rows, ...this.network.input], 'float32');
      const last = forward(this.network, values, { kernels, parameters: this.#parameters, batchStatistics: byBatch, taps: { names: taps, outputs } });
      return { last, means: [...outputs].map(([name, value]) => [name, meansOf(value)] as const) };
    });
    const [outputs, ...means] = await Promise.all([seen.last, ...seen.means.map(([, mean]) => mean)].map(async (tensor) => (await tensor.data<'float32'>()).slice()));
    tf.dispose(seen);
    return { outputs: outputs!, means: new Map(seen.means.map(([name], i) => [name, means[i]!])) };
  }

  dispose(): void {
    this.#parameters.dispose();
  }
}

const meansOf = (value: tf.Tensor): tf.Tensor => value.rank > 2 ? tf.mean(value, value.shape.slice(1, -1).map((_, axis) => axis + 1)) : value.clone();
