/**
 * What holds fine-tuning near the network that the run started from: L2-SP (weights), DELTA (features), BSS (spectrum),
 * LwF (what the source head would say; Li & Hoiem 2016, arXiv:1606.09282, with the old head held fixed, temperature 2).
 * One restraint lives as long as its stage and owns the source's tensors. The source network is run from the stage's own
 * freeze boundary on, outside the tape.
 */
import * as tf from '@tensorflow/tfjs-core';
import { blockEnds, isWithin } from '../backbones/blocks.ts';
import type { Network } from '../backbones/op.ts';
import type { Weights } from '../backbones/tensorData.ts';
import type { Disposable } from '../base/owner.ts';
import { Bug } from '../base/bug.ts';
import type { RegularizePlan } from '../experiment/plan.ts';
import { runsSource } from '../experiment/restraints.ts';
import { forward, type Pass } from './forward.ts';
import { distillation } from './losses/distillation.ts';
import { featureDistance } from './losses/featureDistance.ts';
import { spectralShrinkage } from './losses/spectralShrinkage.ts';
import { startPenalty } from './losses/startPenalty.ts';
import { upload, writeParameters, type DeviceParameter } from './parameters.ts';
import { TensorStore } from './tensorStore.ts';

export interface RestraintSettings {
  readonly strengths: RegularizePlan;
  /** Of every parameter behind the boundary, as the run started. */
  readonly source: Weights;
  /** [classes, features] and [classes] of the source task's head; wanted by LwF. */
  readonly sourceHead?: Weights;
}

/** Node → its output. */
export type Outputs = ReadonlyMap<string, tf.Tensor>;

export interface Restraint extends Disposable {
  /** Nodes whose outputs it looks at. */
  readonly taps: ReadonlySet<string>;
  /** The source's own outputs at the taps, from the input of `network`; none where it needs none. Within a tidy scope. */
  sourceOutputs(x: tf.Tensor): Outputs;
  /** Of weights, or a mean over the rows. */
  penalty(outputs: Outputs, source: Outputs): tf.Scalar;
}

/** network: what trains, from the first such block on; held: its parameters; names: those that train. */
export function createRestraint({ strengths, source, sourceHead }: RestraintSettings, network: Network, held: readonly DeviceParameter[], names: readonly string[], pass: Pass): Restraint {
  const { l2sp, delta, bss, lwf } = strengths, start = new TensorStore(), trained = names.filter((name) => !isWithin(name, 'head'));
  writeParameters(start, held, source);
  const head = lwf > 0 ? headOf(sourceHead, start) : undefined;
  const ends = delta > 0 ? [...blockEnds(network, new Set(trained)).values()] : [], features = network.nodes.find(({ name }) => name === 'head')!.inputs[0]!;
  const taps = new Set([...ends, ...bss + lwf > 0 ? [features] : []]);
  return {
    taps,
    sourceOutputs(x) {
      const outputs = new Map<string, tf.Tensor>();
      if (runsSource(strengths)) tf.dispose(forward(network, x, { ...pass, parameters: start, batchStatistics: new Set(), taps: { names: taps, outputs } }));
      return outputs;
    },
    penalty(outputs, sourceOutputs) {
      const at = (from: Outputs, node: string): tf.Tensor => from.get(node) ?? missing(node);
      const terms: tf.Scalar[] = [];
      if (l2sp > 0 && trained.length > 0) terms.push(startPenalty(trained.map((name) => [pass.parameters.get(name), start.get(name)]), l2sp));
      if (ends.length > 0) terms.push(tf.mul(featureDistance(ends.map((node) => at(outputs, node)), ends.map((node) => at(sourceOutputs, node))), delta));
      if (bss > 0) terms.push(tf.mul(spectralShrinkage(at(outputs, features) as tf.Tensor2D), bss));
      if (head) terms.push(tf.mul(distillation(head(at(outputs, features)), head(at(sourceOutputs, features)), 2), lwf));
      return terms.length === 0 ? tf.scalar(0) : tf.addN(terms);
    },
    dispose: () => start.dispose(),
  };
}

const missing = (node: string): never => { throw new Bug(`no output of "${node}" was seen`); };

function headOf(sourceHead: Weights | undefined, store: TensorStore): (features: tf.Tensor) => tf.Tensor2D {
  const weight = sourceHead?.get('head.weight'), bias = sourceHead?.get('head.bias');
  if (!weight || !bias) throw new Bug('LwF without the source head');
  store.set('source head weight', upload(weight, [1, 0]));
  store.set('source head bias', upload(bias));
  return (features) => tf.add(tf.matMul(features as tf.Tensor2D, store.get('source head weight') as tf.Tensor2D), store.get('source head bias'));
}
