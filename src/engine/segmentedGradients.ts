/**
 * Gradient checkpointing (Chen et al. 2016, arXiv:1604.06174): of each segment of the network only the input is kept on the
 * way forward; on the way back its activations are computed again, used, and freed before the segment before it. One more
 * forward pass (a third of a step), for memory that grows with the square root of the depth. One segment: nothing is
 * computed twice. Where to cut: backbones/segments.ts.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '../backbones/op.ts';
import { forward, type Pass } from './forward.ts';
import { valueAndGradients } from './valueAndGradients.ts';

export interface Segment {
  readonly network: Network;
  /** Of the parameters that train in it. */
  readonly names: readonly string[];
}

/** Loss, and gradients by name. x stays the caller's, as the logits do; the rest is freed within. */
export function segmentedGradients(segments: readonly Segment[], x: tf.Tensor, pass: Pass, lossOf: (output: tf.Tensor) => tf.Scalar): { readonly value: tf.Scalar; readonly gradients: ReadonlyMap<string, tf.Tensor> } {
  const inputs = [x], last = segments.length - 1, gradients = new Map<string, tf.Tensor>();
  for (const { network } of segments.slice(0, last)) inputs.push(tf.tidy(() => forward(network, inputs.at(-1)!, pass)));
  const backThrough = <T extends tf.Tensor>(i: number, compute: (output: tf.Tensor) => T, pass: Pass, dy?: tf.Tensor): { value: T; dx: tf.Tensor | undefined } => {
    const { network, names } = segments[i]!, input = inputs[i]!, wanted = names.map((name) => pass.parameters.get(name));
    const found = valueAndGradients(() => compute(forward(network, input, pass)), i > 0 ? [...wanted, input] : wanted, dy);
    for (const [at, name] of names.entries()) gradients.set(name, found.gradients[at]!);
    if (i > 0) input.dispose();
    return { value: found.value, dx: found.gradients[names.length] };
  };
  const { value, dx: lastDx } = backThrough(last, lossOf, pass);
  let dx = lastDx;
  for (let i = last - 1; i >= 0; i--) {
    const { value: output, dx: before } = backThrough(i, (output) => output, { ...pass, again: true }, dx);
    output.dispose();
    dx = before;
  }
  return { value, gradients };
}
