/**
 * Which rectified units are silent: give nothing for any of some rows, at any place. A unit is a channel of a map, or a
 * feature of tokens. Looks with the weights that train and stored statistics, on no tape, at what lies behind the first
 * layer that trains; gates (sigmoids) and tanh are no rectifiers.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Network, Op } from '../backbones/op.ts';
import { forward } from './forward.ts';
import { normalise } from './normalise.ts';
import type { TrainState } from './step.ts';

/** Node → per unit 1 where it is silent, else 0. */
export type SilentUnits = ReadonlyMap<string, Uint8Array>;

/** Names of the rectifiers that training can silence; none before the first stage. */
export const rectifiersOf = ({ stage }: TrainState): ReadonlySet<string> =>
  new Set((stage?.trainable ?? noNetwork).nodes.flatMap(({ name, op }) => loudestSilence(op) === undefined ? [] : [name]));

const noNetwork: Pick<Network, 'nodes'> = { nodes: [] };

/** x: [rows, ...shape at the boundary], pixels as uint8. */
export async function silentUnits({ network, input, kernels, parameters }: TrainState, x: Float32Array | Uint8Array, rows: number, rectifiers: ReadonlySet<string>): Promise<SilentUnits> {
  const silent = tf.tidy(() => {
    const outputs = new Map<string, tf.Tensor>(), values = tf.tensor(x instanceof Uint8Array ? normalise(x, input) : x, [rows, ...network.input], 'float32');
    forward(network, values, { kernels, parameters, batchStatistics: new Set(), taps: { names: rectifiers, outputs } });
    return network.nodes.flatMap(({ name, op }) => {
      const output = outputs.get(name);
      return output ? [[name, tf.lessEqual(loudest(output), loudestSilence(op)!)] as const] : [];
    });
  });
  const each = await Promise.all(silent.map(async ([name, units]) => [name, new Uint8Array(await units.data())] as const));
  tf.dispose(silent);
  return new Map(each);
}

const loudest = (y: tf.Tensor): tf.Tensor => tf.max(tf.abs(y), y.shape.slice(0, -1).map((_, axis) => axis));

/**
 * What a silent unit gives at most; undefined for what is no rectifier. GELU is at a thousandth of its input's unit from
 * −3.4 down, SiLU from −9.1: there their gradients have as good as ended too.
 */
function loudestSilence(op: Op): number | undefined {
  if (op.op === 'relu' || op.op === 'relu6') return 0;
  if (op.op !== 'activation') return undefined;
  switch (op.kind) {
    case 'geluErf': case 'geluTanh': case 'geluQuick': case 'silu': return 1e-3;
    case 'hardSwish': return 0;
    case 'sigmoid': case 'hardSigmoid': case 'tanh': return undefined;
  }
}
