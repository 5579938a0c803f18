import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Card } from '../../../src/backbones/card.ts';
import { cardOf } from '../../../src/backbones/cards.ts';
import { cardOfConfig } from '../../../src/backbones/configCard.ts';
import { parametersOf } from '../../../src/backbones/parameters.ts';
import { shapesOf } from '../../../src/backbones/shapes.ts';
import { fromSourceNames, toSourceNames } from '../../../src/backbones/weightNames.ts';
import { lite0Config } from '../../support/hubServer.ts';

const source = { name: 'hf:timm/x@abc', source: 'timm/x', licence: 'mit', weights: [] };
const cfg = lite0Config.pretrained_cfg;

function card(config: unknown): Card {
  const found = cardOfConfig(config, source);
  assert.ok(found.ok, found.ok ? '' : found.errors.map(({ message }) => message).join());
  return found.value;
}
function refusal(config: unknown): string {
  const found = cardOfConfig(config, source);
  assert.ok(!found.ok, 'is refused');
  assert.deepEqual(found.errors.map(({ code, fix }) => [code, typeof fix]), [['backbone-unsupported', 'string']]);
  return found.errors[0]!.message;
}

test('timm\'s config of the bundled backbone says what its card says', () => {
  const bundled = cardOf('efficientnet_lite0')!, found = card(lite0Config);
  for (const key of ['input', 'sourceHead', 'features', 'parameters', 'sourceClasses', 'modality'] as const) assert.deepEqual(found[key], bundled[key], key);
  assert.deepEqual({ ...found.network(7), name: 'any' }, { ...bundled.network(7), name: 'any' });
  assert.deepEqual([found.title, found.licence, found.name], ['EfficientNet-Lite0 (in1k)', 'apache-2.0', 'hf:timm/x@abc']);
});

test('names of the source classes that a config leaves out are ImageNet-1k\'s where its tag ends so and its head has them all', () => {
  const fileOf = (tag: string | undefined, changes: object = {}): string | undefined => card({ ...lite0Config, ...changes, pretrained_cfg: { ...cfg, tag } }).labelsFile, { labelsFile } = cardOf('efficientnet_lite0')!;
  for (const tag of ['in1k', 'a1_in1k', 'augreg_in21k_ft_in1k', 'fb_in22k_ft_in1k_384']) assert.equal(fileOf(tag), labelsFile, tag);
  for (const tag of ['in21k', 'in1k_ft_pets', 'notin1k', undefined]) assert.equal(fileOf(tag), undefined, tag);
  assert.equal(fileOf('in1k', { num_classes: 37 }), undefined);
  assert.equal(fileOf('in1k', { label_names: Array.from({ length: 1000 }, (_, i) => `class ${i}`) }), undefined, 'its own names count');
});

test('another input, preprocessing, classifier and number of classes are followed', () => {
  const found = card({ ...lite0Config, num_classes: 3, label_names: ['a', 'b', 'c'], pretrained_cfg: { ...cfg, input_size: [3, 256, 192], crop_pct: 1, interpolation: 'bilinear', mean: [0.1, 0.2, 0.3], std: [1, 1, 1], classifier: 'head.fc', license: null } });
  assert.deepEqual(found.input, { height: 256, width: 192, cropShare: 1, interpolation: 'bilinear', mean: [0.1, 0.2, 0.3], std: [1, 1, 1] });
  const shapes = shapesOf(found.network(3));
  assert.deepEqual([shapes.get('input'), shapes.get('conv_stem'), shapes.get('head')], [[256, 192, 3], [128, 96, 32], [3]]);
  assert.deepEqual([found.sourceHead, found.sourceClasses, found.licence, found.labels], ['head.fc', 3, 'mit', ['a', 'b', 'c']]);
});

test('a config of an older version, without an inner part, is read too', () => {
  const found = card({ architecture: 'tf_efficientnet_lite0', ...cfg, num_classes: 10, pool_size: null });
  assert.deepEqual([found.sourceClasses, found.input], [10, cardOf('efficientnet_lite0')!.input]);
});

test('a ResNet and a vision transformer of another image size are built as timm wrote them down', () => {
  const resnet = card({ architecture: 'resnet18', num_classes: 7, model_args: { num_classes: 7, in_chans: 3, global_pool: 'avg' }, pretrained_cfg: { tag: 'a1_in1k', input_size: [3, 224, 224], test_input_size: [3, 288, 288], crop_pct: 0.95, classifier: 'fc', num_classes: 7, pool_size: [7, 7] } });
  assert.deepEqual([resnet.title, resnet.sourceHead, resnet.parameters, resnet.input.cropShare], ['ResNet-18 (a1_in1k)', 'fc', 11_180_103, 0.95]); // as timm counts
  const vit = card({ architecture: 'vit_tiny_patch16_224', num_classes: 1000, model_args: { img_size: [160, 160], in_chans: 3, num_classes: 1000, global_pool: 'token' }, pretrained_cfg: { input_size: [3, 160, 160], fixed_input_size: true, classifier: 'head' } });
  assert.deepEqual([vit.input.height, vit.parameters], [160, 5_698_984]);
  assert.deepEqual(parametersOf(vit.network(1000)).find(({ name }) => name.startsWith('pos_embed'))?.shape, [1, 101, 192]);
});

const vitConfig = { model_type: 'vit', image_size: 32, patch_size: 16, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 24, hidden_act: 'gelu', layer_norm_eps: 1e-12 };

test('transformers\' ViT without a preprocessor has the input that its positions are made for, and two classes', () => {
  const found = card(vitConfig);
  assert.deepEqual([found.input.height, found.input.cropShare, found.sourceClasses, found.sourceHead, found.licence], [32, 1, 2, 'classifier', 'mit']);
});

test('what files of an architecture name otherwise comes with its card', () => {
  const found = card({ architecture: 'convnext_tiny', num_classes: 10, pretrained_cfg: { input_size: [3, 224, 224], classifier: 'head.fc' } });
  const none = { shape: [0], data: new Float32Array() }, ours = parametersOf(found.network(10)).map(({ name }) => name);
  const theirs = [...toSourceNames(new Map(ours.map((name) => [name, none])), found.sourceHead, found.sourceNames).keys()];
  assert.deepEqual(theirs.slice(-4), ['head.norm.weight', 'head.norm.bias', 'head.fc.weight', 'head.fc.bias']);
  assert.deepEqual([...fromSourceNames(new Map(theirs.map((name) => [name, none])), found.sourceHead, found.sourceNames).keys()], ours);
});

const refusals: readonly (readonly [what: string, config: unknown, says: RegExp])[] = [
  ['that is none', null, /config\.json is not as timm writes it/],
  ['with a field of another type', { ...lite0Config, pretrained_cfg: { ...cfg, crop_pct: 'all' } }, /pretrained_cfg\.crop_pct: not a number/],
  ['of an unknown architecture', { architecture: 'tf_efficientnet_lite99' }, /of the architecture "tf_efficientnet_lite99", which Thaw cannot build/],
  ['with other arguments', { ...lite0Config, model_args: { act_layer: 'silu', img_size: 224 } }, /built with other arguments than usual: act_layer$/],
  ['with another pooling', { ...lite0Config, model_args: { global_pool: 'max' } }, /other arguments than usual: global_pool$/],
  ['of four channels', { ...lite0Config, pretrained_cfg: { ...cfg, input_size: [4, 224, 224] } }, /its input is \[4, 224, 224\]/],
  ['of a giant input', { ...lite0Config, pretrained_cfg: { ...cfg, input_size: [3, 40_000, 40_000] } }, /its input is/],
  ['with a crop of nothing', { ...lite0Config, pretrained_cfg: { ...cfg, crop_pct: 0 } }, /crop_pct is 0/],
  ['that squashes photos', { ...lite0Config, pretrained_cfg: { ...cfg, crop_mode: 'squash' } }, /crop_mode is "squash"/],
  ['with another interpolation', { ...lite0Config, pretrained_cfg: { ...cfg, interpolation: 'lanczos' } }, /interpolation is "lanczos"/],
  ['with a std of zero', { ...lite0Config, pretrained_cfg: { ...cfg, std: [0, 1, 1] } }, /mean or std/],
  ['with two classifiers', { ...lite0Config, pretrained_cfg: { ...cfg, classifier: ['head', 'head_dist'] } }, /several classifiers: head, head_dist/],
  ['of a ViT with another activation', { ...vitConfig, hidden_act: 'gelu_new' }, /not as transformers writes it: hidden_act/],
  ['of a ViT without biases', { ...vitConfig, qkv_bias: false }, /its attention has no biases/],
  ['of a DINOv2 with SwiGLU', { ...vitConfig, model_type: 'dinov2', use_swiglu_ffn: true }, /its layers are SwiGLU/],
  ['of a ViT that is fed by another filter', { ...vitConfig, preprocessor: { resample: 1 } }, /resized by filter 1/],
  ['of a ViT whose pixels are scaled otherwise', { ...vitConfig, preprocessor: { rescale_factor: 1 } }, /scaled by 1,/],
  ['of a ViT that is fed a giant', { ...vitConfig, preprocessor: { size: 4096 } }, /its input is 4096 × 4096/],
  ['of transformers', { architectures: ['ConvNextForImageClassification'], model_type: 'convnext' }, /is a "convnext" \("ConvNextForImageClassification"\) of transformers/],
];
for (const [what, config, says] of refusals) test(`a config ${what} is refused`, () => assert.match(refusal(config), says));
