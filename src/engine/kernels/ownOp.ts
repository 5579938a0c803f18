/** The door through which kernels enter tfjs. It replaces none and gains nothing by itself: what goes through it says so in its own file. */
import * as tf from '@tensorflow/tfjs-core';

export interface OwnOp<Attributes extends tf.NamedAttrMap> {
  /** Unique among tfjs's kernels. */
  readonly name: string;
  /** Left out: any backend, by ops that it has. */
  readonly backendName?: string;
  forward(inputs: tf.NamedTensorMap, attributes: Attributes): tf.Tensor[];
  /** What `backward` needs: names of inputs, then a flag for each output. */
  readonly keepInputs?: readonly string[];
  readonly keepOutputs?: readonly boolean[];
  /** A gradient for each input that can have one, computed when it is called. `kept`: those inputs, then those outputs. */
  backward(dys: readonly tf.Tensor[], kept: readonly tf.Tensor[], attributes: Attributes): Record<string, () => tf.Tensor>;
}

/**
 * Adds a differentiable op to tfjs. Unlike tf.customGrad it may have several outputs, and gradients
 * that nobody asks for (of frozen parameters, of a batch) are not computed.
 */
export function ownOp<Attributes extends tf.NamedAttrMap>(
  { name, backendName, forward, keepInputs = [], keepOutputs = [], backward }: OwnOp<Attributes>,
): (inputs: tf.NamedTensorMap, attributes: Attributes) => tf.Tensor[] {
  const register = (backendName: string): void => {
    tf.registerKernel({
      kernelName: name, backendName,
      // tfjs hands kernels TensorInfo, which at this door are the Tensors that runKernel was given.
      kernelFunc: ({ inputs, attrs }) => forward(inputs as tf.NamedTensorMap, attrs as Attributes),
    });
  };
  if (backendName) register(backendName);
  tf.registerGradient({
    kernelName: name, inputsToSave: [...keepInputs], outputsToSave: [...keepOutputs],
    gradFunc: (dys, kept, attrs) => backward(Array.isArray(dys) ? dys : [dys], kept, attrs as Attributes),
  });
  return (inputs, attributes) => {
    const known = tf.getKernel(name, tf.getBackend()) as tf.KernelConfig | undefined;
    if (!backendName && !known) register(tf.getBackend());
    return tf.engine().runKernel<tf.Tensor[]>(name, inputs, attributes);
  };
}
