/**
 * What a training step leaves out by chance: inputs of the head (dropout, Srivastava et al. 2014) and whole residual
 * branches (stochastic depth, backbones/residuals.ts). What stays is scaled up, so that nothing is to be done at evaluation.
 * Drawn on the host for the whole batch: the parts that it may go through in see what they would have seen together.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Rng } from '../base/rng.ts';
import type { Network, Shape } from '../backbones/op.ts';
import { shapesOf } from '../backbones/shapes.ts';

export interface NoiseSettings {
  /** Share of the head's inputs. */
  readonly dropout: number;
  /** Closing `add` → share of rows that skip its branch. */
  readonly dropPath: ReadonlyMap<string, number>;
}

/** What the first input of a node is multiplied by: `values` [rows, ...shape]. */
export interface Factor {
  readonly node: string;
  readonly values: Float32Array;
  readonly shape: Shape;
}

export function drawNoise(network: Network, { dropout, dropPath }: NoiseSettings, random: (stream: string) => Rng, rows: number): readonly Factor[] {
  const shapes = shapesOf(network);
  const paths = network.nodes.flatMap(({ name }): Factor[] => {
    const share = dropPath.get(name);
    return share === undefined ? [] : [{ node: name, values: kept(rows, share, random(`drop path ${name}`)), shape: shapes.get(name)!.map(() => 1) }];
  });
  if (dropout === 0) return paths;
  const width = shapes.get(network.nodes.find(({ name }) => name === 'head')!.inputs[0]!)!;
  return [...paths, { node: 'head', values: kept(rows * width[0]!, dropout, random('dropout')), shape: width }];
}

const kept = (count: number, share: number, { next }: Rng): Float32Array => Float32Array.from({ length: count }, () => next() < share ? 0 : 1 / (1 - share));

/** Of `rows` rows from row `from` on, on the device; the caller disposes them. */
export const factorTensors = (factors: readonly Factor[], from: number, rows: number): ReadonlyMap<string, tf.Tensor> =>
  new Map(factors.map(({ node, values, shape }) => {
    const width = shape.reduce((product, size) => product * size, 1);
    return [node, tf.tensor(values.subarray(from * width, (from + rows) * width), [rows, ...shape], 'float32')];
  }));
