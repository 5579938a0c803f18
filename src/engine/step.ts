/**
 * What the trainer drives: one network (or what of it lies behind a cached boundary), its parameters and its optimizer
 * on the device. Typed arrays in, typed arrays out; no tensor leaves this file, and nothing waits for the device but
 * the functions that return promises.
 * Frozen means: no gradient, no weight decay, batch norm on stored statistics.
 */
import * as tf from '@tensorflow/tfjs-core';
import { freezeBoundary, splitAt } from '../backbones/boundary.ts';
import type { CardInput } from '../backbones/card.ts';
import type { Network } from '../backbones/op.ts';
import { shapeText, sizeOf } from '../backbones/shapes.ts';
import type { TensorData, Weights } from '../backbones/tensorData.ts';
import { Bug } from '../base/bug.ts';
import { forward, type Pass } from './forward.ts';
import type { Kernels } from './kernels.ts';
import { crossEntropyOfItems, softmaxCrossEntropy } from './losses.ts';
import { normalise } from './normalise.ts';
import { clipByNorm, keepOnly, slotName, update, type Optimizer, type OptimizerState, type ParameterGroup } from './optimizer.ts';
import { deviceParameters, download, readParameters, upload, writeParameters, type DeviceParameter } from './parameters.ts';
import { TensorStore } from './tensorStore.ts';
import { valueAndGradients, type ValueAndGradients } from './valueAndGradients.ts';

/** [rows, ...shape of the boundary]. Rows of weight 0 are padding; at the end of a batch they are not even computed. */
export interface Batch {
  /** Boundary features, or pixels: uint8 is normalised here, float32 is taken as it is. */
  readonly x: Float32Array | Uint8Array;
  readonly labels: Int32Array;
  readonly weights: Float32Array;
}

export interface StageSettings {
  /** What trains; everything else is frozen. Weight decay of vectors (norms, biases) should be 0. */
  readonly groups: readonly ParameterGroup[];
  /** By what trainable batch norms normalise; frozen ones always use the stored statistics. */
  readonly bnStatistics: 'stored' | 'batch';
  /** Largest common norm of the gradients; left out: not clipped. */
  readonly clipNorm?: number;
  /** A batch goes through in parts of so many rows, for want of memory, and their gradients are added up; left out: at once. */
  readonly rowsAtOnce?: number;
}

export interface TrainSetup {
  readonly network: Network;
  /** The node whose output the batches hold, or `input`. */
  readonly from: string;
  readonly input: Pick<CardInput, 'mean' | 'std'>;
  /** At least what lies behind `from`; already fitted to the network (backbones/fitWeights.ts). */
  readonly weights: Weights;
  readonly kernels: Kernels;
  readonly optimizer: Optimizer;
}

/** Opaque to the trainer. */
export interface TrainState {
  /** What lies behind `from`; its input is what batches hold. */
  readonly network: Network;
  readonly input: TrainSetup['input'];
  readonly kernels: Kernels;
  readonly held: readonly DeviceParameter[];
  readonly parameters: TensorStore;
  readonly moments: OptimizerState;
  readonly losses: { sum?: tf.Tensor; steps: number };
  stage?: Stage;
}

interface Stage {
  readonly settings: StageSettings;
  readonly names: readonly string[];
  /** Before the first block that trains, and from there on. Only the second goes on the gradient tape: on it, activations stay alive. */
  readonly frozen: Network;
  readonly trainable: Network;
  readonly pass: Pass;
}

export function createState({ network, from, input, weights, kernels, optimizer }: TrainSetup): TrainState {
  const { suffix } = splitAt(network, from);
  const held = deviceParameters(suffix), parameters = new TensorStore();
  writeParameters(parameters, held, weights);
  const moments = { optimizer, kernels, slots: new TensorStore(), steps: new Map() };
  return { network: suffix, input, kernels, held, parameters, moments, losses: { steps: 0 } };
}

/** From the next step on. What leaves the trainable set loses its optimizer state; what stays keeps its own. */
export function setStage(state: TrainState, settings: StageSettings): void {
  const { network, held, parameters, kernels } = state;
  const names = settings.groups.flatMap((group) => group.names), trained = new Set(names);
  const nodes = new Map(held.filter(({ buffer }) => !buffer).map(({ name, node }) => [name, node]));
  const stray = names.find((name) => !nodes.has(name));
  if (stray !== undefined) throw new Bug(`"${stray}" is no parameter of ${network.name} behind its boundary`);
  if (trained.size !== names.length || names.length === 0) throw new Bug(`${names.length} names of ${trained.size} parameters to train`);
  const { prefix: frozen, suffix: trainable } = splitAt(network, freezeBoundary(network, trained));
  const batchStatistics = new Set(settings.bnStatistics === 'batch' ? names.map((name) => nodes.get(name)!) : []);
  keepOnly(state.moments, trained);
  state.stage = { settings, names, frozen, trainable, pass: { kernels, parameters, batchStatistics } };
}

/** One update at `rate` (times each group's factor). Queues work for the device; reads nothing back. */
export function trainStep(state: TrainState, batch: Batch, rate: number): void {
  const { stage, parameters, moments } = state;
  if (!stage) throw new Bug('a step before the first stage');
  const { settings, names } = stage;
  tf.tidy(() => {
    const { value, gradients } = gradientsOf(state, stage, batch);
    const byName = new Map(names.map((name, i) => [name, gradients[i]!]));
    const clipped = settings.clipNorm === undefined ? byName : clipByNorm(byName, settings.clipNorm);
    update(parameters, clipped, moments, settings.groups, rate);
    addLoss(state, value);
  });
}

/** The loss is a mean over rows, so that the gradients of its parts, each by its share of the weights, add up to the batch's own. */
function gradientsOf(state: TrainState, stage: Stage, batch: Batch): ValueAndGradients {
  const parts = partsOf(batch, stage.settings.rowsAtOnce ?? batch.labels.length);
  if (parts.length === 1) return gradientsOfPart(state, stage, batch, 1);
  const total = weightOf(batch);
  return parts.reduce<ValueAndGradients | undefined>((before, part) => {
    const after = tf.tidy(() => {
      const { value, gradients } = gradientsOfPart(state, stage, part, weightOf(part) / total);
      return before ? { value: tf.add(before.value, value), gradients: gradients.map((gradient, i) => tf.add(before.gradients[i]!, gradient)) } : { value, gradients };
    });
    if (before) tf.dispose([before.value, ...before.gradients]);
    return after as ValueAndGradients;
  }, undefined)!;
}

function gradientsOfPart(state: TrainState, { names, frozen, trainable, pass }: Stage, part: Batch, share: number): ValueAndGradients {
  const { x, labels, weights } = tensorsOf(state, part);
  const features = forward(frozen, x, pass);
  const lossOf = (): tf.Scalar => {
    const loss = softmaxCrossEntropy(forward(trainable, features, pass) as tf.Tensor2D, labels, weights);
    return share === 1 ? loss : tf.mul(loss, share);
  };
  return valueAndGradients(lossOf, names.map((name) => state.parameters.get(name)));
}

/** Parts of a batch with a row that counts. */
function partsOf({ x, labels, weights }: Batch, rows: number): readonly Batch[] {
  if (rows >= labels.length) return [{ x, labels, weights }];
  const width = x.length / labels.length;
  return Array.from({ length: Math.ceil(labels.length / rows) }, (_, i) => i * rows)
    .map((from) => ({ x: x.subarray(from * width, (from + rows) * width), labels: labels.subarray(from, from + rows), weights: weights.subarray(from, from + rows) }))
    .filter((part) => part.weights.some((weight) => weight !== 0));
}

const weightOf = ({ weights }: Batch): number => weights.reduce((sum, weight) => sum + weight, 0);

function addLoss({ losses }: TrainState, loss: tf.Scalar): void {
  const old = losses.sum;
  losses.sum = tf.keep(old ? tf.add(old, loss) : loss);
  losses.steps++;
  old?.dispose();
}

/** Mean training loss of the steps since the last call, in nats. Waits for them: the only sync point of training. */
export async function takeLoss({ losses }: TrainState): Promise<number> {
  const { sum, steps } = losses;
  if (!sum) throw new Bug('no step since the last loss');
  delete losses.sum;
  losses.steps = 0;
  const [total] = await sum.data();
  sum.dispose();
  return total! / steps;
}

export interface Evaluated {
  /** [rows, classes], rows up to the last one with a weight. */
  readonly logits: Float32Array;
  /** Nats, one per row. */
  readonly losses: Float32Array;
}

/** The network as it stands, batch norms on stored statistics. */
export async function evaluateBatch(state: TrainState, batch: Batch): Promise<Evaluated> {
  const { network, kernels, parameters } = state;
  const outputs = tf.tidy(() => {
    const { x, labels } = tensorsOf(state, batch);
    const logits = forward(network, x, { kernels, parameters, batchStatistics: new Set() }) as tf.Tensor2D;
    return { logits, losses: crossEntropyOfItems(logits, labels) };
  });
  const [logits, losses] = await Promise.all([outputs.logits.data<'float32'>(), outputs.losses.data<'float32'>()]);
  tf.dispose(outputs);
  return { logits, losses };
}

/** Uploads the rows up to the last one with a weight, so that padding neither costs time nor enters batch statistics. */
function tensorsOf({ network: { input: rowShape }, input }: TrainState, { x, labels, weights }: Batch): { x: tf.Tensor; labels: tf.Tensor1D; weights: tf.Tensor1D } {
  const rows = weights.findLastIndex((weight) => weight !== 0) + 1, rowSize = sizeOf(rowShape);
  if (rows === 0) throw new Bug('a batch without a row of any weight');
  if (labels.length !== weights.length || x.length !== labels.length * rowSize) {
    throw new Bug(`a batch of ${x.length} values, ${labels.length} labels, ${weights.length} weights for rows of ${shapeText(rowShape)}`);
  }
  const used = x.subarray(0, rows * rowSize);
  const values = used instanceof Uint8Array ? normalise(used, input) : used;
  return {
    x: tf.tensor(values, [rows, ...rowShape], 'float32'),
    labels: tf.tensor1d(labels.subarray(0, rows), 'int32'),
    weights: tf.tensor1d(weights.subarray(0, rows), 'float32'),
  };
}

/** Parameters and buffers behind the boundary, as they stand. */
export const weightsOf = ({ parameters, held }: TrainState): Promise<Weights> => readParameters(parameters, held);

/** Moments (`<parameter>/exp_avg`, in the parameter's own layout) and update counts (`<parameter>/step`) of what trains. */
export async function optimizerStateOf({ held, moments: { optimizer, slots, steps } }: TrainState): Promise<Weights> {
  const trained = held.filter(({ name }) => steps.has(name));
  const counts = trained.map(({ name }) => [slotName(name, 'step'), { shape: [], data: Float32Array.of(steps.get(name)!) }] as const);
  const moments = trained.flatMap(({ name, layout }) => optimizer.slots.map((slot) => slotName(name, slot))
    .map(async (key) => [key, await download(slots.get(key), layout)] as const));
  return new Map<string, TensorData>([...counts, ...await Promise.all(moments)]);
}

/** Puts weights back, and the optimizer state of what trains now; without one the optimizer starts anew. Set the stage first. */
export function restore(state: TrainState, weights: Weights, optimizerState: Weights = new Map()): void {
  const { parameters, held, moments, stage } = state;
  const trained = new Set(stage?.names);
  writeParameters(parameters, held, weights);
  keepOnly(moments, new Set());
  for (const { name, layout } of held) {
    if (!trained.has(name)) continue;
    const step = optimizerState.get(slotName(name, 'step'));
    if (!step) continue; // thawed since: it starts anew
    moments.steps.set(name, step.data[0]!);
    for (const slot of moments.optimizer.slots) {
      const stored = optimizerState.get(slotName(name, slot));
      if (!stored) throw new Bug(`optimizer state without "${slotName(name, slot)}"`);
      moments.slots.set(slotName(name, slot), upload(stored, layout));
    }
  }
}

/** Frees everything on the device. */
export function disposeState({ parameters, moments, losses }: TrainState): void {
  parameters.dispose();
  moments.slots.dispose();
  losses.sum?.dispose();
}
