import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { rng } from '../src/base/rng.ts';
import { portable, type Kernels } from '../src/engine/kernels.ts';
import { adamW } from '../src/engine/optimizer.ts';
import { cpu } from '../src/engine/rungs/cpu.ts';
import type { Rung } from '../src/engine/rungs/rung.ts';
import { tensorflow } from '../src/engine/rungs/tensorflow.ts';
import { wasm } from '../src/engine/rungs/wasm.ts';
import { timedStep } from '../src/engine/timedStep.ts';
import { usualPart } from '../src/engine/timedPart.ts';
import { engineResources, startEngine } from '../test/support/engines.ts';
import { median, table } from './support.ts';

const rounds = 11;
/** Long enough for the clock, short enough for both to meet the same neighbours. */
const leastMs = 15;

type Row = readonly [what: string, against: string, ratio: string, ours: string];

/** Training kernels against what they stand for, in turns, median of `rounds`: what the files of src/engine/kernels say that they gained. */
export async function kernelsBench(): Promise<void> {
  const rows = [...await onTensorFlow(), ...await onWasm(), ...await onThreads()];
  console.log(`\n### Kernels against what they replace, in turns, median of ${rounds}\n`);
  table(['kernel', 'against', 'times as fast', 'ours'], rows);
}

async function onTensorFlow(): Promise<readonly Row[]> {
  const kernels = await kernelsOf(tensorflow);
  if (!kernels) return [];
  const map = normal([16, 56, 56, 144]), tokens = normal([8, 197, 384]), wide = normal([8, 197, 1536]), scale = normal([384]), shift = normal([384]);
  const [value, gradient, mean, square] = [normal([1280, 1000]), normal([1280, 1000]), normal([1280, 1000]), tf.square(normal([1280, 1000]))] as const;
  const bothWays = (compute: (...inputs: tf.Tensor[]) => tf.Tensor, ...inputs: tf.Tensor[]) => (): void => tf.tidy(() => tf.grads(compute)(inputs).forEach((gradient) => void gradient.dataSync()));
  const linear = ({ linear }: Kernels) => (...inputs: tf.Tensor[]): tf.Tensor => linear(...inputs as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D]);
  const attention = ({ attention }: Kernels) => (...inputs: tf.Tensor[]): tf.Tensor => attention(...inputs as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D], 6), heads = [tokens, normal([8, 197, 384]), normal([8, 197, 384])];
  const pooled = [normal([32, 1280]), normal([1280, 6]), normal([6])], rows = [normal([1576, 384]), normal([384, 1536]), normal([1536])], mass = tf.fill<tf.Rank.R2>([32, 6], 1 / 192);
  const update = (by: Kernels) => (): void => tf.tidy(() => void adamW().update(value, gradient, [mean, square], { step: 3, rate: 0.1, weightDecay: 0.1 }, by).value.dataSync());
  return [
    pair('TensorFlow: ReLU6, both ways [16, 56, 56, 144]', 'rectifiers.ts', bothWays((x) => kernels.relu6(x), map), bothWays((x) => portable.relu6(x), map)),
    pair('TensorFlow: layer norm, both ways [8, 197, 384]', 'layerNorm.ts', bothWays((x) => kernels.layerNorm(x, scale, shift, 1e-6), tokens), bothWays((x) => portable.layerNorm(x, scale, shift, 1e-6), tokens)),
    pair('TensorFlow: GELU, both ways [8, 197, 1536]', 'activations.ts', bothWays((x) => kernels.activation(x, 'geluErf'), wide), bothWays((x) => portable.activation(x, 'geluErf'), wide)),
    pair('TensorFlow: attention of 6 heads, both ways [8, 197, 384]', 'attention.ts', bothWays(attention(kernels), ...heads), bothWays(attention(portable), ...heads)),
    pair('TensorFlow: linear, both ways [32, 1280] → 6', 'tfjs\'s', bothWays(linear(kernels), ...pooled), bothWays(linear(portable), ...pooled)),
    pair('TensorFlow: linear, both ways [1576, 384] → 1536', 'tfjs\'s', bothWays(linear(kernels), ...rows), bothWays(linear(portable), ...rows)),
    pair('TensorFlow: cross-entropy, both ways [32, 6]', 'composed', bothWays((x) => kernels.crossEntropy(x as tf.Tensor2D, mass), normal([32, 6])), bothWays((x) => portable.crossEntropy(x as tf.Tensor2D, mass), normal([32, 6]))),
    pair('TensorFlow: AdamW [1280, 1000]', 'composed', update(kernels), update(portable)),
  ];
}

async function onWasm(): Promise<readonly Row[]> {
  const slow = tf.getKernel('Conv2DBackpropInput', 'wasm'); // tfjs's own, which the rung replaces
  await kernelsOf(wasm);
  const fast = tf.getKernel('Conv2DBackpropInput', 'wasm');
  const rows: Row[] = [];
  for (const [size, channels, stride] of [[56, 32, 1], [28, 64, 2]] as const) {
    const out = size / stride, x = [8, size, size, channels] as const, dy = normal([8, out, out, channels]), filter = normal([3, 3, channels, channels]);
    const attrs = { strides: [stride, stride], pad: 'same', dataFormat: 'NHWC', inputShape: [...x] };
    const by = ({ kernelFunc }: tf.KernelConfig) => (): void => tf.tidy(() => {
      const made = kernelFunc({ inputs: { dy, filter }, attrs, backend: tf.backend() }) as tf.TensorInfo | tf.Tensor;
      void (made instanceof tf.Tensor ? made : tf.engine().makeTensorFromTensorInfo(made)).dataSync();
    });
    rows.push(pair(`WebAssembly: input gradient, 3 × 3, stride ${stride} [${x.join(', ')}]`, 'tfjs\'s', by(fast), by(slow)));
  }
  for (const [name, x, filterShape, grad] of missing) rows.push(await againstJavaScript(name, x, filterShape, grad));
  return rows;
}

/** The step by which `thaw doctor` compares engines, in turns. */
async function onThreads(): Promise<readonly Row[]> {
  const cores = availableParallelism(), stepOn = async (rung: Rung, threads: number): Promise<number> => {
    const started = await rung.start({ ...engineResources, wasm: { ...engineResources.wasm, threads } });
    if (!started.ok) return NaN;
    const ms = await timedStep(started.value.kernels, usualPart);
    started.value.dispose();
    return ms;
  };
  const [one, all, native]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    one.push(await stepOn(wasm, 1));
    all.push(await stepOn(wasm, cores));
    native.push(await stepOn(tensorflow, cores));
  }
  const against = (theirs: readonly number[], ours: readonly number[]): number => median(theirs.map((ms, i) => ms / ours[i]!));
  return [
    row(`WebAssembly on ${cores} threads: ${usualPart.title}`, 'one thread', against(one, all), median(all)),
    row(`TensorFlow: ${usualPart.title}`, `WebAssembly on ${cores} threads`, against(all, native), median(native)),
  ];
}

type Gradient = (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;
const dense: Gradient = (x, filter) => tf.grad((f) => tf.conv2d(x, f as tf.Tensor4D, 1, 'same'))(filter);
const depthwiseFilter: Gradient = (x, filter) => tf.grad((f) => tf.depthwiseConv2d(x, f as tf.Tensor4D, 1, 'same'))(filter);
const depthwiseInput: Gradient = (x, filter) => tf.grad((each) => tf.depthwiseConv2d(each as tf.Tensor4D, filter, 1, 'same'))(x);
/** The backend has none: the way out were tfjs's in JavaScript. */
const missing: readonly (readonly [name: string, x: readonly number[], filter: readonly number[], gradient: Gradient])[] = [
  ['filter gradient, 3 × 3', [4, 28, 28, 32], [3, 3, 32, 32], dense],
  ['depthwise filter gradient, 3 × 3', [4, 28, 28, 96], [3, 3, 96, 1], depthwiseFilter],
  ['depthwise input gradient, 3 × 3', [4, 28, 28, 96], [3, 3, 96, 1], depthwiseInput],
];

/** Both compute the forward pass too. Values are made anew on each backend, lest one be copied within the time of the other. */
async function againstJavaScript(name: string, shape: readonly number[], filterShape: readonly number[], gradient: Gradient): Promise<Row> {
  const on = async (rung: Rung): Promise<number[]> => {
    await kernelsOf(rung);
    const x = normal(shape) as tf.Tensor4D, filter = normal(filterShape) as tf.Tensor4D;
    const once = (): void => tf.tidy(() => void gradient(x, filter).dataSync());
    once();
    return Array.from({ length: rounds }, () => timed(once, 1));
  };
  const theirs = await on(cpu), ours = await on(wasm);
  return row(`WebAssembly: ${name} [${shape.join(', ')}]`, 'tfjs\'s JavaScript (not in turns)', median(theirs) / median(ours), median(ours));
}

async function kernelsOf(rung: Rung): Promise<Kernels | undefined> {
  const started = await startEngine(rung);
  if ('started' in started) return started.started.kernels;
  console.log(`${rung.name}: ${started.skip}`);
  return undefined;
}

const random = rng(1, 'kernels');
const normal = (shape: readonly number[]): tf.Tensor => tf.tensor(Float32Array.from({ length: shape.reduce((product, each) => product * each, 1) }, () => random.normal()), [...shape]);

function pair(what: string, against: string, ours: () => void, theirs: () => void): Row {
  const times = Math.max(1, Math.ceil(leastMs / timed(ours, 1))), ratios: number[] = [], mine: number[] = [];
  for (const each of [ours, theirs]) timed(each, 2);
  for (let round = 0; round < rounds; round++) {
    const first = timed(ours, times);
    mine.push(first / times);
    ratios.push(timed(theirs, times) / first);
  }
  return row(what, against, median(ratios), median(mine));
}

const row = (what: string, against: string, ratio: number, ms: number): Row => [what, against, `${ratio.toFixed(1)} ×`, `${ms.toFixed(1)} ms`];

function timed(work: () => void, times: number): number {
  const startMs = performance.now();
  for (let i = 0; i < times; i++) work();
  return performance.now() - startMs;
}
