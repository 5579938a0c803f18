/**
 * What work costs here: small networks, each heavy in another currency of backbones/cost.ts, are run forward and
 * trained for a moment, and the prices that explain those times best are the machine's. About three seconds, once.
 * Real blocks rather than single ops: what a backbone does is timed through the code that will do it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { callMs, cutCost, sampleMs, type Work } from '../backbones/cost.ts';
import { foldBatchNorm } from '../backbones/foldBatchNorm.ts';
import { randomWeights } from '../backbones/initialise.ts';
import { onnxGraph } from '../backbones/onnxGraph.ts';
import type { Network, Node, Op } from '../backbones/op.ts';
import { parametersOf } from '../backbones/parameters.ts';
import { sizeOf } from '../backbones/shapes.ts';
import { monotonicMs } from '../base/clock.ts';
import type { PassRates, Rates } from '../protocol/answers.ts';
import type { Kernels } from './kernels.ts';
import type { Prefix } from './onnxPrefix.ts';
import { adamW, sgd, update, type Optimizer } from './optimizer.ts';
import { createState, disposeState, evaluateBatch, setStage, takeLoss, trainStep } from './step.ts';
import { TensorStore } from './tensorStore.ts';

/** So much work at such a price: one equation. */
export interface Timing {
  readonly work: Work;
  readonly batch: number;
  readonly ms: number;
}

/** The training engine's prices. `usual`: what such machines have. */
export async function calibrateEngine(kernels: Kernels, usual: Pick<Rates, 'forward' | 'backward'>, clock = monotonicMs): Promise<Pick<Rates, 'forward' | 'backward' | 'msPerUpdatedTensor' | 'msPerMillionUpdated'>> {
  const forward: Timing[] = [], backward: Timing[] = [], plain = await timeOptimizer(sgd(), kernels, clock);
  const all = await inRounds(samples, ({ network, batch }) => timesOfNetwork(network, batch, kernels, clock));
  for (const [i, { network, batch }] of samples.entries()) {
    const cost = cutCost(network, new Set(trainedIn(network))), forwardMs = typical(all[i]!.map((times) => times.forward)), stepMs = typical(all[i]!.map((times) => times.step));
    const updateMs = cost.trainedTensors * plain.msPerUpdatedTensor + cost.trainedParameters / 1e6 * plain.msPerMillionUpdated;
    forward.push({ work: cost.forward, batch, ms: forwardMs });
    backward.push({ work: cost.backward, batch, ms: Math.max(0.05, stepMs - forwardMs - updateMs) });
  }
  return { forward: inRun(fitRates(forward, usual.forward)), backward: inRun(fitRates(backward, usual.backward)), ...await timeOptimizer(adamW(), kernels, clock) };
}

/** In a run a sample's work takes a tenth longer than here, over and over the same few arrays that lie in the processor's caches (docs/decisions/cost-model.md). */
function inRun(prices: PassRates): PassRates {
  const longer = 1.1;
  return { ...prices, msPerDenseGflop: longer * prices.msPerDenseGflop, msPerDepthwiseGflop: longer * prices.msPerDepthwiseGflop, msPerGigabyte: longer * prices.msPerGigabyte };
}

/** The frozen prefix's prices. `open`: engine/onnxPrefix.ts, for a model that takes float32. */
export async function calibratePrefix(open: (model: Uint8Array) => Promise<Prefix>, usual: PassRates, clock = monotonicMs): Promise<PassRates> {
  const bodies = samples.map(({ network, batch }) => ({ batch, body: { ...network, nodes: network.nodes.filter(({ name }) => name !== 'pool' && name !== 'head') } }))
    .filter(({ body }) => body.nodes.some(({ op }) => op.op === 'conv')); // without one there is nothing to fuse the rest into
  const all = await inRounds(bodies, async ({ body, batch }) => {
    const folded = foldBatchNorm(body, randomWeights(body, 1)), prefix = await open(onnxGraph(folded.network, folded.weights, {}));
    const x = valuesOf(batch * sizeOf(body.input)), times = await timesOf(() => prefix.run(x, batch), clock);
    prefix.dispose();
    return times;
  });
  return fitRates(bodies.map(({ body, batch }, i) => ({ work: cutCost(body, new Set()).prefix, batch, ms: typical(all[i]!) })), usual);
}

/** Each of `parts` twice, the second time after all others: what disturbs the machine for a second disturbs half of what is known of some. */
async function inRounds<T, Times>(parts: readonly T[], time: (part: T) => Promise<Times>): Promise<readonly (readonly Times[])[]> {
  const rounds: Times[][] = [];
  for (let round = 0; round < 2; round++) {
    const times: Times[] = [];
    for (const part of parts) times.push(await time(part));
    rounds.push(times);
  }
  return parts.map((_, i) => rounds.map((times) => times[i]!));
}

async function timesOfNetwork(network: Network, batch: number, kernels: Kernels, clock: Clock): Promise<{ readonly forward: readonly number[]; readonly step: readonly number[] }> {
  const state = createState({ network, from: 'input', input: { mean: [0, 0, 0], std: [1, 1, 1] }, weights: randomWeights(network, 1), kernels, optimizer: sgd() });
  const rows = { x: valuesOf(batch * sizeOf(network.input)), labels: new Int32Array(batch), weights: new Float32Array(batch).fill(1) };
  try {
    setStage(state, { groups: [{ names: trainedIn(network), rateFactor: 1, weightDecay: 0 }], bnStatistics: 'stored' });
    const forward = await timesOf(() => evaluateBatch(state, rows), clock);
    const step = await timesOf(async () => {
      trainStep(state, rows, 1e-6);
      await takeLoss(state);
    }, clock);
    return { forward, step };
  } finally {
    disposeState(state);
  }
}

async function timeOptimizer(optimizer: Optimizer, kernels: Kernels, clock: Clock): Promise<Pick<Rates, 'msPerUpdatedTensor' | 'msPerMillionUpdated'>> {
  const msPerUpdatedTensor = await timeUpdates(optimizer, kernels, 20, 64, clock) / 20;
  return { msPerUpdatedTensor, msPerMillionUpdated: Math.max(0, await timeUpdates(optimizer, kernels, 1, 1 << 20, clock) - msPerUpdatedTensor) };
}

/** One update of `count` tensors. */
async function timeUpdates(optimizer: Optimizer, kernels: Kernels, count: number, size: number, clock: Clock): Promise<number> {
  const parameters = new TensorStore(), names = Array.from({ length: count }, (_, i) => String(i));
  for (const name of names) parameters.set(name, tf.zeros([size]));
  const gradients = new Map(names.map((name) => [name, tf.ones([size])])), state = { optimizer, kernels, slots: new TensorStore(), steps: new Map<string, number>() };
  try {
    return typical([await timesOf(async () => {
      update(parameters, gradients, state, [{ names, rateFactor: 1, weightDecay: 0.01 }], 1e-6);
      await parameters.get(names.at(-1)!).data();
    }, clock)]);
  } finally {
    for (const gradient of gradients.values()) gradient.dispose();
    parameters.dispose();
    state.slots.dispose();
  }
}

/**
 * Milliseconds: the mean, for an epoch is a sum of steps, of all but the first of each round and the slowest eighth. The quickest found memory lying about
 * and both cores free, as a run does not: whole epochs were a quarter dearer than it said, and on a busy machine a tenth dearer than the median.
 */
function typical(rounds: readonly (readonly number[])[]): number {
  const times = rounds.flatMap((round) => round.slice(1)).sort((a, b) => a - b), kept = times.slice(0, Math.ceil(7 / 8 * times.length));
  return kept.reduce((sum, ms) => sum + ms, 0) / kept.length;
}

/** Milliseconds. A slow engine is asked less often, at least twice; what is short is asked until its code has been compiled. */
async function timesOf(act: () => Promise<unknown>, clock: Clock): Promise<readonly number[]> {
  const times: number[] = [], beganMs = monotonicMs();
  for (let tookMs = 0; times.length < 2 || tookMs < warmMs || (times.length < 12 && tookMs * (1 + 1 / times.length) < budgetMs); tookMs = monotonicMs() - beganMs) {
    const startMs = clock();
    await act();
    times.push(clock() - startMs);
  }
  return times;
}

/** Milliseconds. */
type Clock = () => number;
const budgetMs = 125, warmMs = 60;

/**
 * The prices, none below 0, that miss the measured times by the least share: least squares of relative errors, by
 * coordinate descent. Each price is also pulled a little towards `usual`, brought to this machine's speed, so that a
 * disturbed timing makes none of them free.
 */
export function fitRates(timings: readonly Timing[], usual: PassRates): PassRates {
  const msOf = ({ work, batch }: Timing, rates: PassRates): number => batch * sampleMs(work, rates) + callMs(work, rates);
  const ratios = timings.map((timing) => timing.ms / msOf(timing, usual)).sort((a, b) => a - b), speed = ratios[ratios.length >> 1]!;
  const alone = prices.map((price) => ({ ...free, [price]: speed * usual[price] })); // each at the usual, the others at 0
  const equations = [
    ...timings.map((timing) => alone.map((rates) => msOf(timing, rates) / timing.ms)),
    ...prices.map((_, k) => prices.map((__, i) => i === k ? pull : 0)),
  ];
  const targets = equations.map((_, i) => i < timings.length ? 1 : pull), factors = prices.map(() => 1);
  for (let sweep = 0; sweep < 200; sweep++) {
    for (const k of factors.keys()) {
      let along = 0, square = 0;
      for (const [i, equation] of equations.entries()) {
        const others = equation.reduce((sum, value, j) => j === k ? sum : sum + value * factors[j]!, 0);
        along += equation[k]! * (targets[i]! - others);
        square += equation[k]! ** 2;
      }
      factors[k] = Math.max(0, along / square);
    }
  }
  return Object.fromEntries(prices.map((price, k) => [price, factors[k]! * speed * usual[price]])) as Record<(typeof prices)[number], number>;
}

/** Against a timing's 1. */
const pull = 0.2;

const prices = ['msPerDenseGflop', 'msPerDepthwiseGflop', 'msPerGigabyte', 'msPerNode'] as const satisfies readonly (keyof PassRates)[];
const free: PassRates = { msPerDenseGflop: 0, msPerDepthwiseGflop: 0, msPerGigabyte: 0, msPerNode: 0 };

const trainedIn = (network: Network): string[] => parametersOf(network).filter(({ buffer }) => !buffer).map(({ name }) => name);

/** 0 … 1, as little alike as it takes. */
function valuesOf(size: number): Float32Array {
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = i * 37 % 101 / 101;
  return values;
}

const node = (name: string, op: Op, ...inputs: string[]): Node => ({ name, op, inputs });
const conv = (filters: number, kernel: number): Op => ({ op: 'conv', filters, kernel, stride: 1, padding: 'same', groups: 1, bias: false });
const norm: Op = { op: 'batchNorm', epsilon: 1e-3, momentum: 0.1 };

function inverted(side: number, width: number, kernel: number): Network {
  return headed(`inverted ${side}`, [side, side, width], [
    node('expand', conv(6 * width, 1), 'input'), node('bn1', norm, 'expand'), node('relu1', { op: 'relu6' }, 'bn1'),
    node('depthwise', { op: 'depthwiseConv', kernel, stride: 1, padding: 'same', bias: false }, 'relu1'),
    node('bn2', norm, 'depthwise'), node('relu2', { op: 'relu6' }, 'bn2'),
    node('project', conv(width, 1), 'relu2'), node('bn3', norm, 'project'), node('sum', { op: 'add' }, 'bn3', 'input'),
  ]);
}

function dense(side: number, width: number): Network {
  return headed(`dense ${side}`, [side, side, width], [
    node('conv1', conv(width, 3), 'input'), node('bn1', norm, 'conv1'), node('relu1', { op: 'relu' }, 'bn1'),
    node('conv2', conv(width, 3), 'relu1'), node('bn2', norm, 'conv2'), node('sum', { op: 'add' }, 'bn2', 'input'), node('relu2', { op: 'relu' }, 'sum'),
  ]);
}

const headed = (name: string, input: readonly number[], nodes: readonly Node[]): Network => ({
  name, input, nodes: [...nodes, node('pool', { op: 'globalAveragePool' }, nodes.at(-1)!.name), node('head', { op: 'linear', units: 10, bias: true }, 'pool')],
});

/** From wide maps of few channels to small maps of many, as backbones have them. */
const samples: readonly { readonly network: Network; readonly batch: number }[] = [
  { network: inverted(56, 24, 3), batch: 4 },
  { network: inverted(28, 40, 5), batch: 4 },
  { network: inverted(14, 80, 3), batch: 8 },
  { network: inverted(7, 192, 5), batch: 8 },
  { network: dense(28, 128), batch: 4 },
  { network: dense(14, 256), batch: 4 },
  { network: headed('wide', [112, 112, 8], [node('conv', conv(32, 1), 'input')]), batch: 4 },
  { network: headed('norms', [112, 112, 16], [node('bn', norm, 'input'), node('relu', { op: 'relu6' }, 'bn')]), batch: 4 },
  { network: { name: 'head', input: [1280], nodes: [node('head', { op: 'linear', units: 10, bias: true }, 'input')] }, batch: 32 },
];
