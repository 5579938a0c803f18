/**
 * Reverse-mode gradients over tfjs's own tape, as tf.valueAndGrads, but frugal: that one keeps every gradient of an
 * intermediate value and every saved activation until the last gradient is known. Here each is freed as soon as nothing
 * needs it, which is what decides how large a batch fits. First-order only.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Bug } from '../base/bug.ts';

type Tape = ReturnType<typeof tf.engine>['state']['activeTape'];
type TapeNode = Tape[number];

export interface ValueAndGradients<T extends tf.Tensor = tf.Scalar> {
  readonly value: T;
  /** One for each parameter, in their order. */
  readonly gradients: tf.Tensor[];
}

/**
 * `dy`: the gradient of the value itself, which becomes ours; left out: 1. The caller disposes the value and the gradients,
 * or calls this within a tidy scope.
 */
export function valueAndGradients<T extends tf.Tensor>(compute: () => T, parameters: readonly tf.Tensor[], dy?: tf.Tensor): ValueAndGradients<T> {
  const { value, tape } = record(compute);
  const reached = reachedFrom(parameters, tape);
  const gradients = new Map<number, tf.Tensor>([[value.id, dy ?? tf.onesLike(value)]]);
  for (const node of tape) if (!node.outputs.some(({ id }) => reached.has(id))) release(node);
  for (const node of tape.reverse()) {
    const dys = node.outputs.map(({ id }) => gradients.get(id));
    const wanted = Object.keys(node.inputs).filter((name) => reached.has(node.inputs[name]!.id));
    if (wanted.length > 0 && dys.some((dy) => dy)) {
      inputGradients(node, dys, wanted).forEach((dx, i) => { accumulate(gradients, node.inputs[wanted[i]!]!.id, dx); });
    }
    for (const { id } of node.outputs) gradients.delete(id);
    tf.dispose(dys.filter((dy) => dy !== undefined));
    release(node);
  }
  return {
    value,
    gradients: parameters.map(({ id, shape }) => {
      const gradient = gradients.get(id);
      if (!gradient) throw new Bug(`the loss does not depend on a parameter of shape [${shape.join(', ')}]`);
      return gradient;
    }),
  };
}

function record<T extends tf.Tensor>(compute: () => T): { value: T; tape: Tape } {
  const { state } = tf.engine();
  if (state.gradientDepth > 0) throw new Bug('gradients within gradients');
  state.activeTape = [];
  state.gradientDepth++;
  try {
    const value = tf.tidy(compute);
    return { value, tape: state.activeTape };
  } finally {
    state.gradientDepth--;
    state.activeTape = [];
  }
}

/** Ids of the tensors that depend on a parameter. */
function reachedFrom(parameters: readonly tf.Tensor[], tape: Tape): ReadonlySet<number> {
  const reached = new Set(parameters.map(({ id }) => id));
  for (const { inputs, outputs } of tape) {
    if (Object.values(inputs).some(({ id }) => reached.has(id))) for (const { id } of outputs) reached.add(id);
  }
  return reached;
}

/** Tensors of their own: a rule may hand on dy itself, or one tensor for two inputs. */
function inputGradients(node: TapeNode, dys: readonly (tf.Tensor | undefined)[], wanted: readonly string[]): tf.Tensor[] {
  if (!node.gradient) throw new Bug(`no gradient is known for ${node.kernelName}`);
  const rules = node.gradient;
  return tf.tidy(() => {
    const byInput = rules(dys as tf.Tensor[]), taken = new Set<tf.Tensor | undefined>([...dys, ...node.saved ?? []]);
    return wanted.map((name) => {
      const dx = byInput[name]!();
      if (taken.has(dx)) return tf.clone(dx);
      taken.add(dx);
      return dx;
    });
  });
}

function accumulate(gradients: Map<number, tf.Tensor>, id: number, dx: tf.Tensor): void {
  const sum = gradients.get(id);
  gradients.set(id, sum ? tf.add(sum, dx) : dx);
  if (sum) tf.dispose([sum, dx]);
}

const release = ({ saved }: TapeNode): void => { tf.dispose(saved ?? []); };
