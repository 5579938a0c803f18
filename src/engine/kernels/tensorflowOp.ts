/** A call of any TensorFlow op, those of native/kernels.cc too: no kernel, so nothing to gain; tensorflow*.ts say what theirs gained. */
import * as tf from '@tensorflow/tfjs-core';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';

export const backendName = 'tensorflow';

/** Attributes of a TensorFlow op, by kind: a number alone does not tell whether it is a float. */
export interface OpAttributes {
  /** Names of its type attributes: float32, all of them. */
  readonly types?: readonly string[];
  readonly floats?: Readonly<Record<string, number>>;
  readonly integers?: Readonly<Record<string, number | number[]>>;
  readonly flags?: Readonly<Record<string, boolean>>;
  readonly texts?: Readonly<Record<string, string>>;
}

/** Runs any TensorFlow op by its name. */
export function tensorflowOp(name: string, inputs: tf.Tensor[], outputs: number, { types = [], floats = {}, integers = {}, flags = {}, texts = {} }: OpAttributes = {}): tf.Tensor[] {
  const { binding } = backend();
  const ofKind = (type: number, values: Readonly<Record<string, TFEOpAttr['value']>>): TFEOpAttr[] => Object.entries(values).map(([name, value]) => ({ name, type, value }));
  return backend().executeMultipleOutputs(name, [
    ...types.map((name) => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT })),
    ...ofKind(binding.TF_ATTR_FLOAT, floats), ...ofKind(binding.TF_ATTR_INT, integers), ...ofKind(binding.TF_ATTR_BOOL, flags), ...ofKind(binding.TF_ATTR_STRING, texts),
  ], inputs, outputs);
}

/** Of two matrices, one of them turned. tfjs's own goes by `BatchMatMulV2`, which is slower for matrices that are long or small. */
export const product = (a: tf.Tensor, b: tf.Tensor, turned: 'none' | 'first' | 'second' = 'none'): tf.Tensor =>
  tensorflowOp('MatMul', [a, b], 1, { types: ['T'], flags: { transpose_a: turned === 'first', transpose_b: turned === 'second' } })[0]!;

const backend = (): NodeJSKernelBackend => tf.backend() as NodeJSKernelBackend;
