/**
 * Networks as transformers writes them down (config.json, preprocessor_config.json): which one, by which names, fed with
 * what. What would be computed otherwise than the config says is refused, with the reason.
 */
import { dictionary, either, fields, flag, list, number, oneOf, optional, parsed, text, whole, type Guard } from '../protocol/shape.ts';
import type { Architecture, CardInput } from './card.ts';
import { dinov2Names, huggingFaceDinov2 } from './huggingFaceDinov2.ts';
import { huggingFaceVit, vitNames } from './huggingFaceVit.ts';
import type { Network } from './op.ts';
import type { SameName } from './weightNames.ts';

/** What a card needs of it, weights and licence apart. */
export interface TransformersModel {
  readonly architecture: Architecture;
  readonly sourceClasses: number;
  readonly labels?: readonly string[];
}

/** Fields of Dinov2Config and ViTConfig that decide what is computed; of whose others nothing depends here. */
interface Config {
  readonly model_type: 'dinov2' | 'vit';
  readonly image_size: number;
  readonly patch_size: number;
  readonly num_channels?: number;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly hidden_act: 'gelu';
  readonly layer_norm_eps: number;
  readonly qkv_bias?: boolean;
  readonly mlp_ratio?: number;
  readonly layerscale_value?: number;
  readonly use_swiglu_ffn?: boolean;
  readonly intermediate_size?: number;
  readonly id2label?: Readonly<Record<string, string>>;
}

const configGuard = fields<Config>({
  model_type: oneOf('dinov2', 'vit'), image_size: whole, patch_size: whole, num_channels: optional(whole), hidden_size: whole, num_hidden_layers: whole,
  num_attention_heads: whole, hidden_act: oneOf('gelu'), layer_norm_eps: number, qkv_bias: optional(flag), mlp_ratio: optional(number),
  layerscale_value: optional(number), use_swiglu_ffn: optional(flag), intermediate_size: optional(whole), id2label: optional(dictionary(text)),
});

/** Its image processors have written sizes in three forms. */
type Size = number | Readonly<Record<string, number>>;

interface Preprocessor {
  readonly size?: Size;
  readonly crop_size?: Size;
  readonly do_center_crop?: boolean;
  readonly do_resize?: boolean;
  readonly resample?: number;
  readonly image_mean?: readonly number[];
  readonly image_std?: readonly number[];
  readonly rescale_factor?: number;
}

const size: Guard<Size> = either(number, dictionary(number));
const preprocessorGuard = fields<Preprocessor>({
  size: optional(size), crop_size: optional(size), do_center_crop: optional(flag), do_resize: optional(flag), resample: optional(whole),
  image_mean: optional(list(number)), image_std: optional(list(number)), rescale_factor: optional(number),
});

/** Beside the fields of config.json, those of preprocessor_config.json, under this key (trainer/hub/configFiles.ts). */
export const preprocessorKey = 'preprocessor';

/** Undefined: of no kind that is known here. A text: why it cannot be used. */
export function transformersModel(config: unknown): TransformersModel | string | undefined {
  const { model_type: type, [preprocessorKey]: preprocessing } = config as Readonly<Record<string, unknown>>;
  if (type !== 'dinov2' && type !== 'vit') return undefined;
  const read = parsed(configGuard, withoutNulls(config)), preprocessor = parsed(preprocessorGuard, withoutNulls(preprocessing ?? {}));
  if (!read.ok) return `config.json is not as transformers writes it: ${read.note}`;
  if (!preprocessor.ok) return `preprocessor_config.json is not as transformers writes it: ${preprocessor.note}`;
  const facts = read.value, { id2label } = facts;
  if (facts.qkv_bias === false) return 'its attention has no biases';
  if (facts.use_swiglu_ffn) return 'its layers are SwiGLU';
  if ((facts.num_channels ?? 3) !== 3) return `it looks at ${facts.num_channels!} channels`;
  const input = inputOf(preprocessor.value, facts.image_size);
  if (typeof input === 'string') return input;
  const { title, names, features, networkOf } = type === 'dinov2' ? dinov2(facts) : vit(facts);
  const labels = id2label && Object.keys(id2label).map(Number).sort((a, b) => a - b).map((i) => id2label[i]!);
  return {
    architecture: {
      name: type, title, input, sourceHead: 'classifier', sourceNames: names, unusedNames: ['embeddings.mask_token', `${type}.embeddings.mask_token`, 'pooler', `${type}.pooler`], features,
      network: (classes, { height, width } = input) => networkOf(classes, [height, width, 3]),
    },
    sourceClasses: labels?.length ?? 2, // its own default
    ...(labels && !labels.every((label) => /^LABEL_\d+$/.test(label)) && { labels }),
  };
}

interface Kind {
  readonly title: string;
  readonly names: readonly SameName[];
  readonly features: number;
  readonly networkOf: (classes: number, input: readonly [number, number, number]) => Network;
}

const dinov2 = (facts: Config): Kind => ({
  title: `DINOv2, ${facts.num_hidden_layers} blocks of ${facts.hidden_size}`, names: dinov2Names, features: 2 * facts.hidden_size,
  networkOf: (classes, input) => huggingFaceDinov2({ ...facts, mlp_ratio: facts.mlp_ratio ?? 4, layerscale_value: facts.layerscale_value ?? 1 }, { name: 'dinov2', input, classes }),
});

const vit = (facts: Config): Kind => ({
  title: `ViT, ${facts.num_hidden_layers} blocks of ${facts.hidden_size}`, names: vitNames, features: facts.hidden_size,
  networkOf: (classes, input) => huggingFaceVit({ ...facts, intermediate_size: facts.intermediate_size ?? 4 * facts.hidden_size }, { name: 'vit', input, classes }),
});

/** What processors do by default; PIL's numbers of resampling filters. */
const imagenetMean = [0.485, 0.456, 0.406] as const, imagenetStd = [0.229, 0.224, 0.225] as const, resampling: Readonly<Record<number, CardInput['interpolation']>> = { 2: 'bilinear', 3: 'bicubic' };

/** Some squash a photo into the square; its centre square is taken instead, as timm does with the same weights. */
function inputOf({ size, crop_size: crop, do_center_crop: crops = false, resample = 3, image_mean: mean = imagenetMean, image_std: std = imagenetStd, rescale_factor: rescale = 1 / 255 }: Preprocessor, usual: number): CardInput | string {
  const [height, width] = sidesOf(crops ? crop ?? size : size) ?? [usual, usual], resized = Math.min(...sidesOf(size) ?? [height, width]), interpolation = resampling[resample];
  if (!interpolation) return `its photos are resized by filter ${resample}, where 2 (bilinear) or 3 (bicubic) is needed`;
  if (Math.abs(rescale - 1 / 255) > 1e-6) return `its pixels are scaled by ${rescale}, where 1 / 255 is needed`;
  const side = Math.min(height, width);
  if (!(side >= 32 && Math.max(height, width) <= 2048 && resized >= side)) return `its input is ${height} × ${width} out of ${resized} pixels`;
  const [m, s] = [triple(mean), triple(std)];
  if (!m || !s || !s.every((value) => value > 0)) return 'its image_mean or image_std is not three numbers';
  return { height, width, cropShare: side / resized, interpolation, mean: m, std: s };
}

function sidesOf(size: Size | undefined): readonly [height: number, width: number] | undefined {
  if (size === undefined) return undefined;
  const all = typeof size === 'number' ? size : size['shortest_edge'];
  const height = all ?? size['height' as keyof Size], width = all ?? size['width' as keyof Size];
  return typeof height === 'number' && typeof width === 'number' ? [height, width] : undefined;
}

const triple = (values: readonly number[]): readonly [number, number, number] | undefined =>
  values.length === 3 && values.every(Number.isFinite) ? [values[0]!, values[1]!, values[2]!] : undefined;

const withoutNulls = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null)) : value;
