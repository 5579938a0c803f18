/** The tiny networks of the EfficientNet-Lite goldens, and their tensors in our layout. */
import assert from 'node:assert/strict';
import { efficientNetLite, type Stage } from '../../src/backbones/efficientnetLite.ts';
import type { Network } from '../../src/backbones/op.ts';
import type { Weights } from '../../src/backbones/tensorData.ts';
import { fromSourceNames } from '../../src/backbones/weightNames.ts';
import type { GoldenCase, GoldenTensor } from './goldens.ts';

/** The network that the case's constructor makes in timm, with `classifier` named `head`. */
export function liteOf(golden: GoldenCase): Network {
  const { kwargs } = golden.facts.constructor;
  const [, , height, width] = golden.tensor('in/x').shape;
  return efficientNetLite({
    name: golden.name, input: [height!, width!, 3], stem: kwargs.stem_size, features: kwargs.num_features, classes: kwargs.num_classes,
    stages: kwargs.block_args.args[0]!.map(([text]) => stageOf(text)),
    padding: kwargs.pad_type === 'same' ? 'same' : 'symmetric',
    epsilon: kwargs.norm_layer.kwargs?.eps ?? 1e-5, // torch's default
  });
}

/** `ir_r2_k3_s2_e6_c8`: see Stage. */
function stageOf(text: string): Stage {
  const fields = /_r(\d+)_k(\d+)_s(\d+)_e(\d+)_c(\d+)$/.exec(text);
  assert.ok(fields, text);
  const [repeats, kernel, stride, expansion, channels] = fields.slice(1).map(Number) as [number, number, number, number, number];
  return { repeats, kernel, stride, expansion, channels };
}

/** The case's weights by our names. */
export const weightsOfCase = (golden: GoldenCase): Weights => fromSourceNames(golden.weights, 'classifier');

/** Our name → the one in the golden. */
export const goldenName = (name: string): string => name.replace(/^head\./, 'classifier.');

/** [batch, channels, height, width] → [batch, height, width, channels]. */
export const toNhwc = ({ shape, data }: GoldenTensor): Float32Array => {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  return moved(data, batch, channels, height * width);
};

/** [batch, height, width, channels] → [batch, channels, height, width]. */
export const toNchw = (data: ArrayLike<number>, [batch, height, width, channels]: readonly number[]): Float32Array =>
  moved(data, batch!, height! * width!, channels!);

/** [batch, a, b] → [batch, b, a]. */
function moved(data: ArrayLike<number>, batch: number, a: number, b: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let n = 0; n < batch; n++) for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) out[(n * b + j) * a + i] = data[(n * a + i) * b + j]!;
  return out;
}
