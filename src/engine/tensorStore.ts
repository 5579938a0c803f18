import * as tf from '@tensorflow/tfjs-core';
import { Bug } from '../base/bug.ts';

/**
 * Tensors by name that outlive every tidy scope: parameters, buffers, optimizer moments. Plain tensors rather than
 * tf.Variable, whose names live in one registry per process: a run and its control would clash there.
 */
export class TensorStore {
  readonly #tensors = new Map<string, tf.Tensor>();
  readonly #otherwise: TensorStore | undefined;

  /** otherwise: where names are looked up that are not here; it keeps its own. */
  constructor(otherwise?: TensorStore) {
    this.#otherwise = otherwise;
  }

  get(name: string): tf.Tensor {
    const tensor = this.#tensors.get(name) ?? this.#otherwise?.get(name);
    if (!tensor) throw new Bug(`no tensor "${name}" on the device`);
    return tensor;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  names(): string[] {
    return [...this.#tensors.keys()];
  }

  /** Owns `tensor` from now on; what had the name before is freed. */
  set(name: string, tensor: tf.Tensor): void {
    this.delete(name);
    this.#tensors.set(name, tf.keep(tensor));
  }

  delete(name: string): void {
    this.#tensors.get(name)?.dispose();
    this.#tensors.delete(name);
  }

  dispose(): void {
    for (const name of this.names()) this.delete(name);
  }
}
