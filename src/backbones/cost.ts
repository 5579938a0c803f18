/**
 * What a freeze cut costs, before anything runs: work and memory of one sample from the op list, and milliseconds from
 * these and the rates of this machine. FLOPs alone miss by up to ten times: norms, activations and additions are bound by
 * memory, depthwise convolutions are slow per FLOP, and a head on cached features is all overhead. So work is counted in
 * four currencies (`Work`), each with its measured price (protocol/answers.ts `PassRates`). Decision: docs/decisions/cost-model.md.
 */
import type { PassRates, Prediction, Rates } from '../protocol/answers.ts';
import { freezeBoundary } from './boundary.ts';
import { filledBlocks } from './blocks.ts';
import { flopsOf } from './flops.ts';
import type { Network, Node, Op, Shape } from './op.ts';
import { parametersOf } from './parameters.ts';
import { shapesOf, sizeOf } from './shapes.ts';

/** Of one pass over one sample; `nodes` of one call, whatever its batch. */
export interface Work {
  readonly denseFlops: number;
  readonly depthwiseFlops: number;
  /** Float32 values read and written. */
  readonly bytes: number;
  readonly nodes: number;
}

/** Of one sample. */
export interface CutCost {
  /** Node at which features are cached, or `input`. */
  readonly boundary: string;
  /** Forward, up to the boundary: once per view. */
  readonly prefix: Work;
  /** Behind it, every epoch: forward, and the gradients on top. */
  readonly forward: Work;
  readonly backward: Work;
  /** As the cache keeps them, float16; the pixels as uint8 when nothing is frozen. */
  readonly featureBytes: number;
  /** Every output behind the boundary, kept until its gradient is through; gradients are freed as they go (engine/valueAndGradients.ts). */
  readonly activationBytes: number;
  readonly trainedParameters: number;
  readonly trainedTensors: number;
  /** Of the whole network. */
  readonly parameters: number;
  /** Weights kept beside those that train: a source network to stay near, a moving average. */
  readonly besideBytes: number;
}

/** trainable: parameter names. */
export function cutCost(network: Network, trainable: ReadonlySet<string>): CutCost {
  const count = counter(network), shapes = shapesOf(network), boundary = freezeBoundary(network, trainable), all = parametersOf(network);
  const cut = network.nodes.findIndex(({ name }) => name === boundary) + 1, suffix = network.nodes.slice(cut);
  const trained = all.filter(({ name }) => trainable.has(name)), boundarySize = sizeOf(shapes.get(boundary)!);
  return {
    boundary,
    prefix: sum(network.nodes.slice(0, cut).map((node) => count.isFused(node) ? { ...nothing, nodes: 1 } : count.pass(node))),
    forward: sum(suffix.map(count.pass)),
    backward: backwardWork(suffix, new Set(trained.map(({ node }) => node)), count),
    featureBytes: boundary === 'input' ? boundarySize : bytesPerFeature * boundarySize,
    activationBytes: suffix.reduce((total, { name, op }) => total + 4 * keptValues(op, shapes.get(name)!), 0),
    trainedParameters: trained.reduce((total, { size }) => total + size, 0),
    trainedTensors: trained.length,
    parameters: all.reduce((total, { size }) => total + size, 0),
    besideBytes: 0,
  };
}

/** Every place to cut at a block: what trains from that block to the head, from the input on. */
export const blockCuts = (network: Network): readonly { readonly path: string; readonly trained: ReadonlySet<string> }[] => {
  const blocks = filledBlocks(network);
  return blocks.map(({ path }, i) => ({ path, trained: new Set(blocks.slice(i).flatMap(({ parameters }) => parameters.map(({ name }) => name))) }));
};

/** float16. */
const bytesPerFeature = 2;

/** Attention keeps its scores, before and after the softmax. */
const keptValues = (op: Op, output: Shape): number => sizeOf(output) + (op.op === 'attention' ? 2 * op.heads * output[0]! ** 2 : 0);

const nothing: Work = { denseFlops: 0, depthwiseFlops: 0, bytes: 0, nodes: 0 };

interface Counter {
  /** A node's forward pass; each gradient, of its input or its parameters, costs about as much. */
  readonly pass: (node: Node) => Work;
  /** Whether ONNX Runtime makes it part of the convolution before it: one input, its shape kept, next to no arithmetic. */
  readonly isFused: (node: Node) => boolean;
}

function counter(network: Network): Counter {
  const shapes = shapesOf(network), flops = flopsOf(network);
  const size = (name: string): number => sizeOf(shapes.get(name)!);
  return {
    pass: ({ name, op, inputs }) => ({
      ...nothing, nodes: 1, [op.op === 'depthwiseConv' ? 'depthwiseFlops' : 'denseFlops']: flops.get(name)!,
      bytes: 4 * [name, ...inputs].reduce((total, each) => total + size(each), 0),
    }),
    isFused: ({ name, inputs }) => inputs.length === 1 && String(shapes.get(name)) === String(shapes.get(inputs[0]!)) && flops.get(name)! < 10 * size(name),
  };
}

function backwardWork(suffix: readonly Node[], trainedNodes: ReadonlySet<string>, count: Counter): Work {
  const carriesGradient = new Set<string>(); // nodes with something trained at or before them
  const passes: Work[] = [];
  for (const node of suffix) {
    const inputGradient = node.inputs.some((input) => carriesGradient.has(input)), own = trainedNodes.has(node.name);
    passes.push(...Array.from({ length: Number(inputGradient) + Number(own) }, () => count.pass(node)));
    if (inputGradient || own) carriesGradient.add(node.name);
  }
  return sum(passes);
}

export const sum = (parts: readonly Work[]): Work => parts.reduce((a, b) => ({
  denseFlops: a.denseFlops + b.denseFlops, depthwiseFlops: a.depthwiseFlops + b.depthwiseFlops, bytes: a.bytes + b.bytes, nodes: a.nodes + b.nodes,
}), nothing);

/** Arithmetic of a training step on one sample, whatever its price. */
export const stepFlops = ({ forward, backward }: CutCost): number =>
  forward.denseFlops + forward.depthwiseFlops + backward.denseFlops + backward.depthwiseFlops;

/** What grows with the samples. */
export const sampleMs = ({ denseFlops, depthwiseFlops, bytes }: Work, rates: PassRates): number =>
  (denseFlops * rates.msPerDenseGflop + depthwiseFlops * rates.msPerDepthwiseGflop + bytes * rates.msPerGigabyte) / 1e9;

/** What each call costs, whatever its batch. */
export const callMs = ({ nodes }: Work, { msPerNode }: PassRates): number => nodes * msPerNode;

export interface Workload {
  readonly trainSamples: number;
  readonly validationSamples: number;
  readonly testSamples: number;
  /** Stored views of a sample: 1, 2 with flips, more with random augmentation. */
  readonly views: number;
  readonly batch: number;
  /** Batches per update. */
  readonly accumulate: number;
}

/** What one training step takes: the part that grows with its rows, and the rest. */
export function stepMs(cost: CutCost, rows: number, calls: number, rates: Rates): { readonly work: number; readonly fixed: number } {
  return {
    work: rows * (sampleMs(cost.forward, rates.forward) + sampleMs(cost.backward, rates.backward)),
    fixed: calls * (callMs(cost.forward, rates.forward) + callMs(cost.backward, rates.backward))
      + cost.trainedTensors * rates.msPerUpdatedTensor + cost.trainedParameters / 1e6 * rates.msPerMillionUpdated + rates.msPerStep,
  };
}

/** Time and memory of one stage. Decoding and prefix overlap on the same cores, so their times add; so do decoding and steps. */
export function predict(cost: CutCost, work: Workload, rates: Rates, memoryBytes: number): Prediction {
  const { trainSamples, validationSamples, testSamples, views, batch, accumulate } = work;
  const judged = validationSamples + testSamples, images = trainSamples + judged, isCached = cost.boundary !== 'input';
  const rows = images * views; // a view is kept of every sample: which of them train may change
  const decodeMs = 1000 * images / rates.decodedImagesPerSecond;
  const cacheBytes = isCached ? rows * cost.featureBytes : 0;
  const memory = memoryOf(cost, cacheBytes <= residentBytes ? cacheBytes : 2 * streamedBytes, rates);
  const rowsAtOnce = rowsThatFit(memory, batch, memoryBytes);
  const steps = Math.ceil(trainSamples / (batch * accumulate)), calls = Math.min(accumulate, Math.ceil(trainSamples / batch)) * Math.ceil(batch / rowsAtOnce), step = stepMs(cost, trainSamples, steps * calls, rates);
  const updatesMs = (steps - 1) * stepMs(cost, 0, 0, rates).fixed;
  const judgingMs = judged * sampleMs(cost.forward, rates.forward) + Math.ceil(judged / rowsAtOnce) * (callMs(cost.forward, rates.forward) + rates.msPerStep);
  return {
    boundary: cost.boundary,
    featuresMs: isCached ? decodeMs + rows * sampleMs(cost.prefix, rates.prefix) : decodeMs,
    epochMs: step.work + step.fixed + updatesMs + judgingMs + (isCached ? 0 : decodeMs),
    peakBytes: memory.fixedBytes + rowsAtOnce * memory.rowBytes,
    cacheBytes,
    rowsAtOnce,
  };
}

/** Features that are held in memory, at most; beyond, they are streamed in windows of so much (trainer/child/cachedSource.ts). */
export const residentBytes = 1 << 30, streamedBytes = 64 << 20;

interface Memory {
  readonly fixedBytes: number;
  readonly rowBytes: number;
}

/** Weights lie in memory as they came, as they are now and as they were best; what trains has a gradient and two moments. */
const memoryOf = ({ parameters, trainedParameters, activationBytes, besideBytes }: CutCost, residentFeatureBytes: number, { baseBytes, keptOutputs }: Rates): Memory => ({
  fixedBytes: baseBytes + 4 * (3 * parameters + 3 * trainedParameters) + besideBytes + residentFeatureBytes,
  rowBytes: keptOutputs * activationBytes,
});

/** As many parts of one size as memory asks for: the whole batch in most cases, one row at the least. */
function rowsThatFit({ fixedBytes, rowBytes }: Memory, batch: number, memoryBytes: number): number {
  const fit = Math.max(1, Math.floor((memoryBytes - fixedBytes) / Math.max(1, rowBytes)));
  return Math.ceil(batch / Math.ceil(batch / Math.min(batch, fit)));
}
