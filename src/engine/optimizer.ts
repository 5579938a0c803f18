/**
 * AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), Adam and SGD with momentum, as torch.optim computes them, over
 * parameters known by name: what is frozen takes its state with it, what stays trainable keeps its own, and nothing
 * depends on an order. One update is: clip → moments → weight decay → the group's rate → schedule (in `rate`).
 * Parity: test/parity/engine/optimizer.test.ts.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Bug } from '../base/bug.ts';
import type { AdamRule, Kernels, Moments } from './kernels.ts';
import type { TensorStore } from './tensorStore.ts';

/** Parameters with one rate and one weight decay. */
export interface ParameterGroup {
  readonly names: readonly string[];
  /** Times the rate of the update: layer decay puts this below 1. */
  readonly rateFactor: number;
  readonly weightDecay: number;
}

/** One rule for one parameter. Called inside a tidy scope. */
export interface Optimizer {
  /** Tensors kept per parameter, of its shape, starting at 0; torch's names for them. */
  readonly slots: readonly string[];
  update(value: tf.Tensor, gradient: tf.Tensor, slots: readonly tf.Tensor[], settings: UpdateSettings, kernels: UpdateKernels): Updated;
}

/** Updates that the engine has as one op. */
export type UpdateKernels = Pick<Kernels, 'adamW'>;

export interface UpdateSettings {
  /** This parameter's updates, counted from 1. */
  readonly step: number;
  readonly rate: number;
  readonly weightDecay: number;
}

export interface Updated {
  readonly value: tf.Tensor;
  readonly slots: readonly tf.Tensor[];
}

export interface AdamSettings {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Divides by the largest second moment so far (Reddi et al. 2018, "On the Convergence of Adam and Beyond"). */
  readonly amsgrad?: boolean;
}

/** Decay is decoupled: it shrinks the parameter, not the gradient. Defaults are torch's. */
export function adamW({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, amsgrad = false }: AdamSettings = {}): Optimizer {
  return {
    slots: ['exp_avg', 'exp_avg_sq', ...(amsgrad ? ['max_exp_avg_sq'] : [])],
    update(value, gradient, [mean, square, largest], { step, rate, weightDecay }, { adamW: fused = composedAdamW }) {
      // torch's rate / c1 · m / (√(v / c2) + ε), with the scalars gathered so that fewer tensor ops remain.
      const root2 = Math.sqrt(1 - beta2 ** step);
      const rule = {
        meanShare: 1 - beta1, squareShare: 1 - beta2, keep: 1 - rate * weightDecay, rate: (rate * root2) / (1 - beta1 ** step), epsilon: epsilon * root2,
      };
      if (largest) return composedAmsgrad(value, gradient, [mean!, square!, largest], rule);
      const updated = fused(value, gradient, { mean: mean!, square: square! }, rule);
      return { value: updated.value, slots: [updated.mean, updated.square] };
    },
  };
}

/** Adam (Kingma & Ba 2015, arXiv:1412.6980): decay is part of the gradient (L2). */
export function adam(settings: AdamSettings = {}): Optimizer {
  const decoupled = adamW(settings);
  return {
    slots: decoupled.slots,
    update: (value, gradient, slots, how, kernels) => decoupled.update(value, withDecay(gradient, value, how.weightDecay), slots, { ...how, weightDecay: 0 }, kernels),
  };
}

function composedAdamW(value: tf.Tensor, gradient: tf.Tensor, old: Moments, rule: AdamRule): Moments & { value: tf.Tensor } {
  const moments = moved(old, gradient, rule);
  return { ...moments, value: stepped(value, moments, rule) };
}

function composedAmsgrad(value: tf.Tensor, gradient: tf.Tensor, [oldMean, oldSquare, oldLargest]: [tf.Tensor, tf.Tensor, tf.Tensor], rule: AdamRule): Updated {
  const { mean, square } = moved({ mean: oldMean, square: oldSquare }, gradient, rule), largest = tf.maximum(oldLargest, square);
  return { value: stepped(value, { mean, square: largest }, rule), slots: [mean, square, largest] };
}

const moved = ({ mean, square }: Moments, gradient: tf.Tensor, { meanShare, squareShare }: AdamRule): Moments =>
  ({ mean: mix(mean, gradient, meanShare), square: mix(square, tf.square(gradient), squareShare) });

function stepped(value: tf.Tensor, { mean, square }: Moments, { keep, rate, epsilon }: AdamRule): tf.Tensor {
  const move = tf.mul(tf.div(mean, tf.add(tf.sqrt(square), epsilon)), rate);
  return tf.sub(keep === 1 ? value : tf.mul(value, keep), move);
}

export interface SgdSettings {
  readonly momentum?: number;
  /** Share of each gradient but the first that stays out of the momentum. */
  readonly dampening?: number;
  readonly nesterov?: boolean;
}

/** Decay is part of the gradient (L2), as in torch.optim.SGD. */
export function sgd({ momentum = 0, dampening = 0, nesterov = false }: SgdSettings = {}): Optimizer {
  return {
    slots: momentum === 0 ? [] : ['momentum_buffer'],
    update(value, gradient, [buffer], { step, rate, weightDecay }) {
      const decayed = withDecay(gradient, value, weightDecay);
      if (!buffer) return { value: tf.sub(value, tf.mul(decayed, rate)), slots: [] };
      const added = dampening === 0 || step === 1 ? decayed : tf.mul(decayed, 1 - dampening);
      const newBuffer = tf.add(tf.mul(buffer, momentum), added);
      const direction = nesterov ? tf.add(decayed, tf.mul(newBuffer, momentum)) : newBuffer;
      return { value: tf.sub(value, tf.mul(direction, rate)), slots: [newBuffer] };
    },
  };
}

const withDecay = (gradient: tf.Tensor, value: tf.Tensor, weightDecay: number): tf.Tensor =>
  weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(value, weightDecay));

/** old × (1 − share) + new × share, in the form that is exact when both are equal. */
const mix = (old: tf.Tensor, fresh: tf.Tensor, share: number): tf.Tensor => tf.add(old, tf.mul(tf.sub(fresh, old), share));

/** Moments and update counts, by parameter name. */
export interface OptimizerState {
  readonly optimizer: Optimizer;
  readonly kernels: UpdateKernels;
  /** Under slotName(parameter, slot). */
  readonly slots: TensorStore;
  readonly steps: Map<string, number>;
}

export const slotName = (parameter: string, slot: string): string => `${parameter}/${slot}`;

/**
 * Takes one step on every parameter of `groups`, in place. Gradients by parameter name, one for each of them.
 * A parameter met for the first time starts with moments of 0. Nothing is read back. The caller disposes the gradients.
 */
export function update(
  parameters: TensorStore, gradients: ReadonlyMap<string, tf.Tensor>, state: OptimizerState,
  groups: readonly ParameterGroup[], rate: number,
): void {
  for (const { names, rateFactor, weightDecay } of groups) {
    for (const name of names) {
      const gradient = gradients.get(name);
      if (!gradient) throw new Bug(`no gradient for "${name}"`);
      tf.tidy(() => { updateOne(parameters, name, gradient, state, { rate: rate * rateFactor, weightDecay }); });
    }
  }
}

function updateOne(
  parameters: TensorStore, name: string, gradient: tf.Tensor,
  { optimizer, kernels, slots, steps }: OptimizerState, settings: Omit<UpdateSettings, 'step'>,
): void {
  const keys = optimizer.slots.map((slot) => slotName(name, slot));
  const old = keys.map((key) => (slots.has(key) ? slots.get(key) : tf.zerosLike(gradient)));
  const step = (steps.get(name) ?? 0) + 1;
  const updated = optimizer.update(parameters.get(name), gradient, old, { ...settings, step }, kernels);
  parameters.set(name, updated.value);
  keys.forEach((key, i) => { slots.set(key, updated.slots[i]!); });
  steps.set(name, step);
}

/** Forgets the state of every parameter outside `trainable`. */
export function keepOnly({ optimizer, slots, steps }: OptimizerState, trainable: ReadonlySet<string>): void {
  for (const name of [...steps.keys()]) {
    if (trainable.has(name)) continue;
    for (const slot of optimizer.slots) slots.delete(slotName(name, slot));
    steps.delete(name);
  }
}

/**
 * Scales all gradients together so that their common L2 norm is at most `maxNorm`; torch.nn.utils.clip_grad_norm_.
 * The scale stays on the device: no readback.
 */
export function clipByNorm(gradients: ReadonlyMap<string, tf.Tensor>, maxNorm: number): Map<string, tf.Tensor> {
  const norm = tf.sqrt(tf.addN([...gradients.values()].map((gradient) => tf.sum(tf.square(gradient)))));
  const scale = tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1);
  return new Map([...gradients].map(([name, gradient]) => [name, tf.mul(gradient, scale)]));
}
