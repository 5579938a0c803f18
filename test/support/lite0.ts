import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { cardOf } from '../../src/backbones/cards.ts';
import { fitWeights } from '../../src/backbones/fitWeights.ts';
import type { Network } from '../../src/backbones/op.ts';
import { decodeSafetensors } from '../../src/backbones/safetensors.ts';
import type { Weights } from '../../src/backbones/tensorData.ts';
import { fromSourceNames } from '../../src/backbones/weightNames.ts';
import { repoRoot } from './root.ts';

/** The bundled EfficientNet-Lite0 with its ImageNet head, and one photo with what PyTorch + timm make of it. */
export const lite0Card = cardOf('efficientnet_lite0')!;
export const lite0: Network = lite0Card.network(lite0Card.sourceClasses);

export function lite0Weights(): Weights {
  const { file } = lite0Card.weights[0]!;
  const decoded = decodeSafetensors(readFileSync(join(repoRoot, 'backbones', file)), file);
  assert.ok(decoded.ok);
  const fitted = fitWeights(lite0, fromSourceNames(decoded.value, lite0Card.sourceHead), file);
  assert.ok(fitted.ok);
  return fitted.value;
}

const folder = join(repoRoot, 'test', 'fixtures', 'efficientnet_lite0');

/** uint8 [224, 224, 3]. */
export async function goldenPixels(): Promise<Uint8Array> {
  const pixels = new Uint8Array(await sharp(join(folder, 'golden.png')).removeAlpha().raw().toBuffer());
  assert.equal(pixels.length, 224 * 224 * 3);
  return pixels;
}

export interface Lite0Golden {
  readonly logits: readonly number[];
  readonly pooled_features: readonly number[];
  /** By module; `first8` in PyTorch's order, [channels, height, width]. */
  readonly activations: Readonly<Record<string, { readonly shape: readonly [number, number, number, number]; readonly mean: number; readonly std: number; readonly first8: readonly number[] }>>;
}

export const lite0Golden = (): Lite0Golden => JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as Lite0Golden;
