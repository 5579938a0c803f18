/**
 * What a freeze cut costs, before anything runs: work and memory of one sample from the op list, and seconds from these
 * and the rates measured on this machine. Pointwise ops are bound by memory, not arithmetic; the rates are measured on
 * whole networks of the same kind, which is why FLOPs serve well enough as the one measure of work.
 */
import { freezeBoundary } from './boundary.ts';
import { flopsOf } from './flops.ts';
import type { Network } from './op.ts';
import { parametersOf } from './parameters.ts';
import { shapesOf, sizeOf } from './shapes.ts';

/** Of one sample. */
export interface CutCost {
  /** Node at which features are cached, or `input`. */
  readonly boundary: string;
  /** Forward, up to the boundary: once per view. */
  readonly prefixFlops: number;
  /** Forward and backward, behind it: every epoch. */
  readonly stepFlops: number;
  /** Forward only, behind it: for validation. */
  readonly suffixFlops: number;
  /** Float32 features; the pixels as uint8 when nothing is frozen. */
  readonly featureBytes: number;
  /** Outputs that the backward pass needs, kept during a step. */
  readonly activationBytes: number;
  readonly trainedParameters: number;
}

/** trainable: parameter names. */
export function cutCost(network: Network, trainable: ReadonlySet<string>): CutCost {
  const shapes = shapesOf(network), flops = flopsOf(network), boundary = freezeBoundary(network, trainable);
  const cut = network.nodes.findIndex(({ name }) => name === boundary) + 1;
  const forward = (nodes: Network['nodes']): number => nodes.reduce((sum, { name }) => sum + flops.get(name)!, 0);
  const prefix = network.nodes.slice(0, cut), suffix = network.nodes.slice(cut);
  const trained = parametersOf(network).filter(({ name }) => trainable.has(name));
  const boundarySize = sizeOf(shapes.get(boundary)!);
  return {
    boundary,
    prefixFlops: forward(prefix),
    suffixFlops: forward(suffix),
    stepFlops: forward(suffix) + backwardFlops(suffix, new Set(trained.map(({ node }) => node)), flops),
    featureBytes: boundary === 'input' ? boundarySize : 4 * boundarySize,
    activationBytes: 4 * suffix.reduce((sum, { name }) => sum + sizeOf(shapes.get(name)!), 0),
    trainedParameters: trained.reduce((sum, { size }) => sum + size, 0),
  };
}

/** Each gradient, of a node's input or of its parameters, costs about as much as its forward pass. */
function backwardFlops(suffix: Network['nodes'], trainedNodes: ReadonlySet<string>, flops: ReadonlyMap<string, number>): number {
  const carriesGradient = new Set<string>(); // nodes with something trained at or before them
  let total = 0;
  for (const { name, inputs } of suffix) {
    const inputGradient = inputs.some((input) => carriesGradient.has(input)), own = trainedNodes.has(name);
    total += flops.get(name)! * (Number(inputGradient) + Number(own));
    if (inputGradient || own) carriesGradient.add(name);
  }
  return total;
}

/** Measured on this machine. */
export interface Rates {
  /** Of the frozen prefix on ONNX Runtime, and of forward and backward passes on the training engine. */
  readonly prefixFlopsPerSecond: number;
  readonly stepFlopsPerSecond: number;
  readonly decodedImagesPerSecond: number;
  /** Of a training step, whatever its size. */
  readonly stepOverheadMs: number;
}

export interface Workload {
  readonly trainSamples: number;
  readonly validationSamples: number;
  readonly testSamples: number;
  /** Stored views of a training sample: 1, or 2 with flips. */
  readonly views: number;
  readonly batch: number;
  readonly epochs: number;
}

export interface PredictedTime {
  /** Decoding and the frozen prefix, once; nothing of it when the cache has them. */
  readonly featuresMs: number;
  readonly epochMs: number;
  readonly totalMs: number;
}

/** Time of one stage. Decoding and prefix overlap on the same cores, so their times add. */
export function predictTime(cost: CutCost, work: Workload, rates: Rates): PredictedTime {
  const images = work.trainSamples + work.validationSamples + work.testSamples;
  const rows = work.trainSamples * work.views + work.validationSamples + work.testSamples;
  const featuresMs = 1000 * (images / rates.decodedImagesPerSecond + rows * cost.prefixFlops / rates.prefixFlopsPerSecond);
  const steps = Math.ceil(work.trainSamples / work.batch);
  const flops = work.trainSamples * cost.stepFlops + work.validationSamples * cost.suffixFlops;
  const epochMs = steps * rates.stepOverheadMs + 1000 * flops / rates.stepFlopsPerSecond;
  return { featuresMs, epochMs, totalMs: featuresMs + work.epochs * epochMs };
}
