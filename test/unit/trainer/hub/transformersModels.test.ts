/** Models in transformers' own form, from a hub to their logits (fixtures: test/fixtures/backbones/transformers_models.py). */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Card } from '../../../../src/backbones/card.ts';
import { decodeSafetensors } from '../../../../src/backbones/safetensors.ts';
import type { Weights } from '../../../../src/backbones/tensorData.ts';
import { forward } from '../../../../src/engine/forward.ts';
import { portable } from '../../../../src/engine/kernels.ts';
import { deviceParameters, writeParameters } from '../../../../src/engine/parameters.ts';
import { TensorStore } from '../../../../src/engine/tensorStore.ts';
import { sourceWeights } from '../../../../src/trainer/child/weights/cardWeights.ts';
import { fetchCard } from '../../../../src/trainer/child/weights/obtainCard.ts';
import { toNhwc } from '../../../support/goldenNetwork.ts';
import { assertClose, goldenCase } from '../../../support/goldens.ts';
import { asJson, asSafetensors, HubServer, type Repository } from '../../../support/hubServer.ts';
import { repoRoot } from '../../../support/root.ts';
import { temporaryFolder } from '../../../support/temporary.ts';
import '../../../support/cpuEngine.ts';

async function fetched(t: TestContext, repository: Repository): Promise<Card> {
  const hub = await HubServer.start(t);
  hub.repositories.set('someone/model', repository);
  return fetchCard({ kind: 'hub', repo: 'someone/model', revision: 'main' }, { cache: temporaryFolder(t), hub: { endpoint: hub.endpoint } });
}

/** With the classifier of the file. pixels: [batch, channels, height, width]. */
async function logitsOf(card: Card, pixels: { readonly shape: readonly number[]; readonly data: Float32Array }): Promise<Float32Array> {
  const network = card.network(card.sourceClasses), parameters = new TensorStore(), held = deviceParameters(network);
  writeParameters(parameters, held, await sourceWeights(card, ''));
  const [batch] = pixels.shape as [number];
  try {
    return tf.tidy(() => forward(network, tf.tensor(toNhwc(pixels), [batch, ...network.input]), { kernels: portable, parameters, batchStatistics: new Set() }).dataSync<'float32'>().slice());
  } finally {
    parameters.dispose();
  }
}

function decoded(file: string): Weights {
  const read = decodeSafetensors(readFileSync(file), file);
  assert.ok(read.ok);
  return read.value;
}

const inputs = {
  vit: { height: 48, width: 48, cropShare: 1, interpolation: 'bilinear', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  dinov2: { height: 42, width: 42, cropShare: 42 / 48, interpolation: 'bicubic', mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] },
} as const;

for (const kind of ['vit', 'dinov2'] as const) {
  test(`transformers' own ${kind} gives its logits, at another image size than that of its positions`, async (t) => {
    const folder = join(repoRoot, 'test', 'fixtures', 'backbones', kind), files = readdirSync(folder).filter((file) => file !== 'expected.safetensors');
    assert.ok(existsSync(join(folder, 'preprocessor_config.json')));
    const card = await fetched(t, { files: Object.fromEntries(files.map((file) => [file, new Uint8Array(readFileSync(join(folder, file)))])) });
    assert.deepEqual(card.input, inputs[kind]);
    assert.deepEqual([card.sourceClasses, card.labels], [3, kind === 'vit' ? ['cat', 'dog', 'owl'] : undefined]);
    const expected = decoded(join(folder, 'expected.safetensors'));
    assertClose(await logitsOf(card, expected.get('pixels')!), expected.get('logits')!.data, { atol: 2e-5, atol99: 1e-5 }, 'logits');
  });
}

const golden = goldenCase('img.dinov2_hf');
test('the reference collection\'s DINOv2 gives its logits when it comes from a hub, on an image that is no square', { skip: golden ? false : 'there is no img.dinov2_hf here' }, async (t) => {
  const { num_labels: classes, ...config } = golden!.facts.constructor.kwargs as { readonly num_labels: number };
  const [, , height, width] = golden!.tensor('in/x').shape as [number, number, number, number];
  const card = await fetched(t, { files: {
    'config.json': asJson({ ...config, model_type: 'dinov2', hidden_act: 'gelu', layer_norm_eps: 1e-6, id2label: Object.fromEntries(Array.from({ length: classes }, (_, i) => [i, `LABEL_${i}`])) }),
    'preprocessor_config.json': asJson({ do_center_crop: true, size: { shortest_edge: height }, crop_size: { height, width }, image_mean: [0, 0, 0], image_std: [1, 1, 1] }),
    'model.safetensors': asSafetensors(golden!.weights, 'F32'),
  } });
  const x = golden!.tensor('in/x');
  assert.ok(x.data instanceof Float32Array);
  const { atol, atol99 } = golden!.tolerances['eval/logits']!;
  assertClose(await logitsOf(card, { shape: x.shape, data: x.data }), golden!.tensor('eval/logits').data, { atol, atol99 }, 'logits');
});
