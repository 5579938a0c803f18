import * as tf from '@tensorflow/tfjs-core';
import type { Disposable } from '../base/owner.ts';
import { TensorStore } from './tensorStore.ts';

/**
 * An exponential moving average of weights (Polyak & Juditsky 1992; as in Tan & Le 2019, arXiv:1905.11946, batch-norm
 * statistics included). The first updates would leave it where training began, so it follows faster at first: decay is
 * at most (1 + updates) / (10 + updates), TensorFlow's rule.
 */
export class WeightAverage implements Disposable {
  /** The averages; of all that does not move, the weights themselves. */
  readonly weights: TensorStore;
  /** Updates that it has followed. */
  steps = 0;
  readonly #from: TensorStore;
  readonly #names: readonly string[];
  readonly #decay: number;

  constructor(from: TensorStore, names: readonly string[], decay: number) {
    this.weights = new TensorStore(from);
    this.#from = from;
    this.#names = names;
    this.#decay = decay;
    this.begin();
  }

  /** From the weights as they are now. */
  begin(steps = 0): void {
    this.steps = steps;
    for (const name of this.#names) this.weights.set(name, tf.clone(this.#from.get(name)));
  }

  /** After each update. */
  follow(): void {
    this.steps++;
    const decay = Math.min(this.#decay, (1 + this.steps) / (10 + this.steps));
    for (const name of this.#names) {
      const old = this.weights.get(name);
      this.weights.set(name, tf.tidy(() => tf.add(old, tf.mul(tf.sub(this.#from.get(name), old), 1 - decay))));
    }
  }

  dispose(): void {
    this.weights.dispose();
  }
}
