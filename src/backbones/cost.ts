/**
 * What a freeze cut costs, before anything runs: work and memory of one sample from the op list, and milliseconds from
 * these and the rates of this machine. FLOPs alone miss by up to ten times: norms, activations and additions are bound by
 * memory, depthwise convolutions are slow per FLOP, and a head on cached features is all overhead. So work is counted in
 * four currencies (`Work`), each with its measured price (protocol/answers.ts `PassRates`). Decision: docs/decisions/cost-model.md.
 */
import type { PassRates, Prediction, Rates } from '../protocol/answers.ts';
import { freezeBoundary, splitAt } from './boundary.ts';
import { filledBlocks } from './blocks.ts';
import { flopsOf } from './flops.ts';
import type { Network, Node } from './op.ts';
import { parametersOf } from './parameters.ts';
import { keptValuesOf, segmented } from './segments.ts';
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
  /** What the ops behind the boundary keep until their gradients are through; these are freed as they go (engine/valueAndGradients.ts). */
  readonly activationBytes: number;
  /** The same with activations computed again (segments.ts), and the work that this takes. */
  readonly recomputed: { readonly activationBytes: number; readonly forward: Work };
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
    prefix: cut === 0 ? nothing : sum([...network.nodes.slice(0, cut).map((node) => count.isFused(node) ? { ...nothing, nodes: 1 } : count.pass(node)), handingOver(boundarySize)]),
    forward: sum([...suffix.map(count.pass), loss]),
    backward: backwardWork(suffix, new Set(trained.map(({ node }) => node)), count),
    featureBytes: boundary === 'input' ? boundarySize : bytesPerFeature * boundarySize,
    ...activationsOf(splitAt(network, boundary).suffix, suffix, count),
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

/** nodes: those of the suffix, by their names in the whole network. */
function activationsOf(suffix: Network, nodes: readonly Node[], count: Counter): Pick<CutCost, 'activationBytes' | 'recomputed'> {
  const keptBy = keptValuesOf(suffix), { segments, heldValues } = segmented(suffix, keptBy);
  const last = segments.at(-1)!.nodes.length, input = 2 * sizeOf(suffix.input); // as it came, and on the device
  return {
    activationBytes: 4 * (input + [...keptBy.values()].reduce((total, values) => total + values, 0)),
    recomputed: { activationBytes: 4 * (input + heldValues), forward: sum(nodes.slice(0, nodes.length - last).map(count.pass)) },
  };
}

const nothing: Work = { denseFlops: 0, depthwiseFlops: 0, bytes: 0, nodes: 0 };

/** Uploading rows, the loss and handing it out: what a head alone mostly is. */
const loss: Work = { ...nothing, nodes: 12 };

/** Features leave ONNX Runtime through two copies into fresh memory, which costs as much as this many passes over them (docs/decisions/cost-model.md). */
const handingOver = (size: number): Work => ({ ...nothing, bytes: 10 * 4 * size });

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
  /** Batch norms that train see the whole batch, so that it should rather not be cut into parts. */
  readonly wholeBatch?: boolean;
  /** A restraint looks at activations all along the network: they are not computed again piece by piece. */
  readonly keepsActivations?: boolean;
  /** Every feature lies in the cache: nothing is decoded, no frozen layer runs. */
  readonly cached?: boolean;
}

/** What one training step takes: the part that grows with its rows, and the rest. `recomputes`: activations, for the gradients. */
export function stepMs(cost: CutCost, rows: number, calls: number, rates: Rates, recomputes = false): { readonly work: number; readonly fixed: number } {
  const forward = recomputes ? sum([cost.forward, cost.recomputed.forward]) : cost.forward;
  return {
    work: rows * (sampleMs(forward, rates.forward) + sampleMs(cost.backward, rates.backward)),
    fixed: calls * (callMs(forward, rates.forward) + callMs(cost.backward, rates.backward))
      + cost.trainedTensors * rates.msPerUpdatedTensor + cost.trainedParameters / 1e6 * rates.msPerMillionUpdated + rates.msPerStep,
  };
}

/** Time and memory of one stage. Decoding and prefix overlap on the same cores, so their times add; so do decoding and steps. */
export function predict(cost: CutCost, work: Workload, rates: Rates, memoryBytes: number): Prediction {
  const { trainSamples, validationSamples, testSamples, views, batch, accumulate, cached = false } = work;
  const judged = validationSamples + testSamples, images = trainSamples + judged, isCached = cost.boundary !== 'input'; // test photos are judged after an epoch that is the best so far: each is taken for one
  const rows = images * views; // a view is kept of every sample: which of them train may change
  const decodeMs = 1000 * images / rates.decodedImagesPerSecond;
  const cacheBytes = isCached ? rows * cost.featureBytes : 0;
  const fixedBytes = fixedBytesOf(cost, cacheBytes <= residentBytes ? cacheBytes : 2 * streamedBytes, rates);
  const freeBytes = memoryBytes - fixedBytes;
  const { rowsAtOnce, recomputes } = fitOf(cost, work, (freeBytes - Math.min(workspaceBytes, freeBytes / 2)) / rates.keptOutputs, rates);
  const held = rates.keptOutputs * rowsAtOnce * (recomputes ? cost.recomputed : cost).activationBytes;
  const steps = Math.ceil(trainSamples / (batch * accumulate)), calls = Math.min(accumulate, Math.ceil(trainSamples / batch)) * Math.ceil(batch / rowsAtOnce), step = stepMs(cost, trainSamples, steps * calls, rates, recomputes);
  const updatesMs = (steps - 1) * stepMs(cost, 0, 0, rates).fixed;
  const judgingMs = judged * sampleMs(cost.forward, rates.forward) + Math.ceil(judged / rowsAtOnce) * (callMs(cost.forward, rates.forward) + rates.msPerStep);
  return {
    boundary: cost.boundary,
    featuresMs: isCached ? decodeMs + rows * sampleMs(cost.prefix, rates.prefix) : decodeMs,
    epochMs: step.work + step.fixed + updatesMs + judgingMs + (isCached ? 0 : decodeMs),
    peakBytes: Math.max(fixedBytes + held + Math.min(workspaceBytes, held), cached ? 0 : openingBytes(cost, rates)),
    cacheBytes,
    rowsAtOnce,
    recomputes,
  };
}

/** What convolutions work in, and freed memory that the allocator keeps; less where there is little to do. */
const workspaceBytes = 200e6;

/** Features that are held in memory, at most; beyond, they are streamed in windows of so much (trainer/child/features/cachedSource.ts). */
export const residentBytes = 1 << 30, streamedBytes = 64 << 20;

/**
 * Before the first step: decoders at work, and weights as they are, folded, as a model, and in the sessions that run it
 * twice (docs/decisions/cost-model.md). All of it is freed before anything trains.
 */
export const openingBytes = ({ parameters }: Pick<CutCost, 'parameters'>, { baseBytes, prefixBytes }: Pick<Rates, 'baseBytes' | 'prefixBytes'>): number =>
  baseBytes + prefixBytes + 4 * 5 * parameters;

/**
 * While it trains: weights lie in memory as they came, as they are now and as they were best; what trains has a gradient
 * and two moments, and a checkpoint takes it and its moments out of the engine.
 */
const fixedBytesOf = ({ parameters, trainedParameters, besideBytes }: CutCost, residentFeatureBytes: number, { baseBytes }: Rates): number =>
  baseBytes + 4 * (3 * parameters + 6 * trainedParameters) + besideBytes + residentFeatureBytes;

/** How a batch gets through. */
export type Fit = Pick<Prediction, 'rowsAtOnce' | 'recomputes'>;

/**
 * The whole batch at once if it fits. Else its activations are computed again, or it goes through in parts: the quicker of
 * the two by these rates, or the one with larger parts where that matters (`wholeBatch`).
 */
function fitOf(cost: CutCost, { batch, wholeBatch = false, keepsActivations = false }: Workload, bytes: number, rates: Rates): Fit {
  const kept = { recomputes: false, rowsAtOnce: rowsThatFit(cost.activationBytes, batch, bytes) };
  const again = { recomputes: true, rowsAtOnce: rowsThatFit(cost.recomputed.activationBytes, batch, bytes) };
  if (kept.rowsAtOnce === batch || again.rowsAtOnce === 0 || keepsActivations) return { ...kept, rowsAtOnce: Math.max(1, kept.rowsAtOnce) };
  const msOf = ({ recomputes, rowsAtOnce }: Fit): number => {
    const { work, fixed } = stepMs(cost, batch, Math.ceil(batch / rowsAtOnce), rates, recomputes);
    return work + fixed;
  };
  return kept.rowsAtOnce === 0 || (wholeBatch && again.rowsAtOnce > kept.rowsAtOnce) || msOf(again) < msOf(kept) ? again : kept;
}

/** As many parts of one size as memory asks for: the whole batch in most cases; 0 when a single row is too much. */
function rowsThatFit(rowBytes: number, batch: number, bytes: number): number {
  const fit = Math.floor(bytes / Math.max(1, rowBytes));
  return fit < 1 ? 0 : Math.ceil(batch / Math.ceil(batch / Math.min(batch, fit)));
}
