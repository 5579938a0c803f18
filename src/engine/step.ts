/**
 * What the trainer drives: one network (or what of it lies behind a cached boundary), its parameters and its optimizer
 * on the device. Typed arrays in, typed arrays out; no tensor leaves this file, and nothing waits for the device but
 * the functions that return promises.
 * Frozen means: no gradient, no weight decay, batch norm on stored statistics.
 */
import * as tf from '@tensorflow/tfjs-core';
import { freezeBoundary, splitAt } from '../backbones/boundary.ts';
import { keptValuesOf, segmented } from '../backbones/segments.ts';
import { parametersOf } from '../backbones/parameters.ts';
import type { CardInput } from '../backbones/card.ts';
import type { Network } from '../backbones/op.ts';
import { shapesOf, shapeText, sizeOf } from '../backbones/shapes.ts';
import type { TensorData, Weights } from '../backbones/tensorData.ts';
import { Bug } from '../base/bug.ts';
import type { Rng } from '../base/rng.ts';
import { isRestrained } from '../experiment/restraints.ts';
import { forward, type Pass } from './forward.ts';
import type { Kernels } from './kernels.ts';
import { drawMixing, mixedRows, type MixingSettings } from './mixing.ts';
import { drawNoise, factorTensors, type Factor, type NoiseSettings } from './noise.ts';
import { normalise } from './normalise.ts';
import { classification, type Objective } from './objective.ts';
import { segmentedGradients, type Segment } from './segmentedGradients.ts';
import { clipByNorm, keepOnly, slotName, update, type Optimizer, type OptimizerState, type ParameterGroup } from './optimizer.ts';
import { deviceParameters, download, readParameters, upload, writeParameters, type DeviceParameter } from './parameters.ts';
import { createRestraint, type Restraint, type RestraintSettings } from './restraint.ts';
import { TensorStore } from './tensorStore.ts';
import type { ValueAndGradients } from './valueAndGradients.ts';
import { WeightAverage } from './weightAverage.ts';

/** [rows, ...shape of the boundary]. Rows of weight 0 are padding; at the end of a batch they are not even computed. */
export interface Batch {
  /** Boundary features, or pixels: uint8 is normalised here, float32 is taken as it is. */
  readonly x: Float32Array | Uint8Array;
  readonly labels: Int32Array;
  readonly weights: Float32Array;
  /** [rows, outputs]: what objectives other than classification ask for. */
  readonly targets?: Float32Array;
  /** What this step draws by chance, one stream per purpose; left out: nothing may be drawn. */
  readonly random?: (stream: string) => Rng;
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
  /** Left out: cross-entropy. */
  readonly objective?: Objective;
  readonly mixing?: MixingSettings;
  readonly noise?: NoiseSettings;
  readonly restraint?: RestraintSettings;
  /** Decay of a moving average of what trains, which is then what is evaluated and read; left out: none. */
  readonly averageDecay?: number;
  /** Activations are computed again for the gradients rather than kept (segmentedGradients.ts). */
  readonly recomputes?: boolean;
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
  /** `trainable` in pieces. */
  readonly segments: readonly Segment[];
  readonly pass: Pass;
  readonly objective: Objective;
  readonly restraint?: Restraint;
  readonly average?: WeightAverage;
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
  endStage(state);
  const pass: Pass = { kernels, parameters, batchStatistics }, { restraint, averageDecay } = settings;
  const moving = held.filter(({ name, node, buffer }) => buffer ? batchStatistics.has(node) : trained.has(name)).map(({ name }) => name);
  state.stage = {
    settings, names, frozen, trainable, pass, segments: segmentsOf(trainable, trained, settings),
    objective: settings.objective ?? classificationOf(network),
    ...(restraint && isRestrained(restraint.strengths) && { restraint: createRestraint(restraint, trainable, deviceParameters(trainable), names, pass) }),
    ...(averageDecay !== undefined && { average: new WeightAverage(parameters, moving, averageDecay) }),
  };
}

function endStage({ stage }: TrainState): void {
  stage?.restraint?.dispose();
  stage?.average?.dispose();
}

/** One, unless activations are computed again: not under a restraint, which looks at them all along the network. */
function segmentsOf(trainable: Network, trained: ReadonlySet<string>, { recomputes = false, restraint }: StageSettings): readonly Segment[] {
  const pieces = recomputes && !restraint ? segmented(trainable, keptValuesOf(trainable)).segments : [trainable];
  return pieces.map((network) => ({ network, names: parametersOf(network).flatMap(({ name }) => trained.has(name) ? [name] : []) }));
}

/** One update at `rate` (times each group's factor). Queues work for the device; reads nothing back. */
export function trainStep(state: TrainState, batch: Batch, rate: number): void {
  const { stage, parameters, moments } = state;
  if (!stage) throw new Bug('a step before the first stage');
  const { settings, names } = stage;
  tf.tidy(() => {
    const { value, gradients } = gradientsOf(state, stage, preparedOf(state, stage, batch));
    const byName = new Map(names.map((name, i) => [name, gradients[i]!]));
    const clipped = settings.clipNorm === undefined ? byName : clipByNorm(byName, settings.clipNorm);
    update(parameters, clipped, moments, settings.groups, rate);
    stage.average?.follow();
    addLoss(state, value);
  });
}

/** Rows of a batch as one pass takes them, in host memory, with all that chance has decided. */
interface PreparedRows {
  readonly x: Float32Array | Uint8Array;
  readonly weights: Float32Array;
  readonly aims: Float32Array;
  readonly noise: readonly Factor[];
  /** Place of the first row in the batch. */
  readonly from: number;
  /** Of the batch, 0…1. */
  readonly share: number;
}

function preparedOf(state: TrainState, { settings: { mixing, noise }, objective, trainable }: Stage, batch: Batch): PreparedRows {
  const { x, weights, random } = batch, rows = weights.length, used = rowsUsed(weights), shape = state.network.input;
  const stream = (name: string): Rng => random ? random(name) : missingRandom(name);
  checkBatch(state, batch);
  const mixed = mixing && drawMixing(mixing, stream('mix'), rows, used, shape);
  return {
    x: mixed ? mixedRows(x instanceof Uint8Array ? normalise(x, state.input) : x, mixed, shape) : x,
    weights, aims: objective.aimsOf(batch, mixed), noise: noise ? drawNoise(trainable, noise, stream, rows) : [], from: 0, share: 1,
  };
}

const missingRandom = (stream: string): never => { throw new Bug(`a step draws "${stream}" and its batch brings no randomness`); };

/** Losses of parts add up to the batch's, and so do their gradients. */
function gradientsOf(state: TrainState, stage: Stage, batch: PreparedRows): ValueAndGradients {
  return partsOf(batch, stage.settings.rowsAtOnce ?? batch.weights.length).reduce<ValueAndGradients | undefined>((before, part) => {
    const after = tf.tidy(() => {
      const { value, gradients } = gradientsOfPart(state, stage, part);
      return before ? { value: tf.add(before.value, value), gradients: gradients.map((gradient, i) => tf.add(before.gradients[i]!, gradient)) } : { value, gradients };
    });
    if (before) tf.dispose([before.value, ...before.gradients]);
    return after as ValueAndGradients;
  }, undefined)!;
}

function gradientsOfPart(state: TrainState, { names, frozen, segments, pass, objective, restraint }: Stage, part: PreparedRows): ValueAndGradients {
  const rows = rowsUsed(part.weights), width = part.aims.length / part.weights.length, aims = tf.tensor2d(part.aims.subarray(0, rows * width), [rows, width]);
  const features = forward(frozen, rowsTensor(state, part.x, rows), pass), factors = factorTensors(part.noise, part.from, rows), sourceOutputs = restraint?.sourceOutputs(features);
  const outputs = new Map<string, tf.Tensor>();
  const { value, gradients } = segmentedGradients(segments, features, { ...pass, factors, ...(restraint && { taps: { names: restraint.taps, outputs } }) }, (logits) => {
    const loss = objective.loss(logits as tf.Tensor2D, aims, pass.kernels);
    return restraint ? tf.add(loss, tf.mul(restraint.penalty(outputs, sourceOutputs!), part.share)) : loss;
  });
  return { value, gradients: names.map((name) => gradients.get(name)!) };
}

/** Parts of a batch with a row that counts. */
function partsOf(batch: PreparedRows, rows: number): readonly PreparedRows[] {
  const { x, weights, aims } = batch, count = weights.length, total = weightOf(weights);
  if (rows >= count) return [batch];
  const part = <T extends Float32Array | Uint8Array>(values: T, from: number): T => values.subarray(from * (values.length / count), (from + rows) * (values.length / count)) as T;
  return Array.from({ length: Math.ceil(count / rows) }, (_, i) => i * rows)
    .map((from) => ({ ...batch, x: part(x, from), weights: part(weights, from), aims: part(aims, from), from, share: weightOf(part(weights, from)) / total }))
    .filter(({ share }) => share > 0);
}

const weightOf = (weights: Float32Array): number => weights.reduce((sum, weight) => sum + weight, 0);

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
  const { network, kernels } = state, parameters = countingOf(state);
  checkBatch(state, batch);
  const outputs = tf.tidy(() => {
    const rows = rowsUsed(batch.weights), x = rowsTensor(state, batch.x, rows);
    const logits = forward(network, x, { kernels, parameters, batchStatistics: new Set() }) as tf.Tensor2D;
    return { logits, losses: (state.stage?.objective ?? classificationOf(network)).items(logits, batch) };
  });
  const [logits, losses] = await Promise.all([outputs.logits.data<'float32'>(), outputs.losses.data<'float32'>()]);
  tf.dispose(outputs);
  return { logits, losses };
}

/** Where nothing else was asked for. */
const classificationOf = (network: Network): Objective => classification({ classes: shapesOf(network).get(network.nodes.at(-1)!.name)![0]! });

function checkBatch({ network: { input: rowShape } }: TrainState, { x, labels, weights }: Batch): void {
  if (labels.length === weights.length && x.length === labels.length * sizeOf(rowShape)) return;
  throw new Bug(`a batch of ${x.length} values, ${labels.length} labels, ${weights.length} weights for rows of ${shapeText(rowShape)}`);
}

/** Rows up to the last one with a weight: padding neither costs time nor enters batch statistics. */
function rowsUsed(weights: Float32Array): number {
  const rows = weights.findLastIndex((weight) => weight !== 0) + 1;
  if (rows === 0) throw new Bug('a batch without a row of any weight');
  return rows;
}

/** The first `rows` of x, on the device. */
function rowsTensor({ network: { input: rowShape }, input }: TrainState, x: Batch['x'], rows: number): tf.Tensor {
  const used = x.subarray(0, rows * sizeOf(rowShape));
  return tf.tensor(used instanceof Uint8Array ? normalise(used, input) : used, [rows, ...rowShape], 'float32');
}

/** The weights that count: their moving average where the stage keeps one. */
const countingOf = ({ stage, parameters }: TrainState): TensorStore => stage?.average?.weights ?? parameters;

/** Parameters and buffers behind the boundary, as they stand. */
export const weightsOf = (state: TrainState): Promise<Weights> => readParameters(countingOf(state), state.held);

/** What goes on training where an average is what counts, as `<name>/value`, and how often that has moved; empty otherwise. */
export async function movingOf({ parameters, held, stage }: TrainState): Promise<Weights> {
  const average = stage?.average;
  if (!average) return new Map();
  const values = await readParameters(parameters, held.filter(({ name }) => average.weights.has(name)));
  return new Map<string, TensorData>([...[...values].map(([name, tensor]) => [slotName(name, 'value'), tensor] as const), ['average/step', { shape: [], data: Float32Array.of(average.steps) }]]);
}

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
  stage?.average?.begin(optimizerState.get('average/step')?.data[0]);
  for (const { name, layout } of held) {
    const value = optimizerState.get(slotName(name, 'value'));
    if (value) parameters.set(name, upload(value, layout));
  }
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
export function disposeState(state: TrainState): void {
  const { parameters, moments, losses } = state;
  endStage(state);
  parameters.dispose();
  moments.slots.dispose();
  losses.sum?.dispose();
}
