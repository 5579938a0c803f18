/**
 * The card of weights from elsewhere, out of the config.json that lies beside them, as timm writes it
 * (timm/models/_hub.py, save_config_for_hf; fields: timm/models/_pretrained.py), or transformers (transformersCard.ts). A config is foreign input: what it says
 * is checked, and what this project would do otherwise than it says is refused.
 */
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { dictionary, either, fields, list, number, optional, parsed, text, whole } from '../protocol/shape.ts';
import type { Fields, Guard } from '../protocol/shape.ts';
import { architectureOf } from './architectures.ts';
import { buildable, unsupported } from './backbones.ts';
import { imageNetLabels, type Architecture, type Card, type CardInput, type WeightsFile } from './card.ts';
import { parameterCount } from './parameters.ts';
import { transformersModel } from './transformersCard.ts';

export interface ConfigSource {
  /** As the card is to be called: `hf:timm/resnet50.a1_in1k@<commit>`. */
  readonly name: string;
  /** For people: `timm/resnet50.a1_in1k, commit 0123456`. */
  readonly source: string;
  /** As the hub says; the config's own wins. */
  readonly licence?: string | undefined;
  readonly weights: readonly WeightsFile[];
}

/** What timm knows of a set of weights. */
interface PretrainedConfig {
  readonly tag?: string;
  readonly num_classes?: number;
  readonly label_names?: readonly string[] | Readonly<Record<string, string>>;
  readonly input_size?: readonly number[];
  readonly crop_pct?: number;
  readonly crop_mode?: string;
  readonly interpolation?: string;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly classifier?: string | readonly string[];
  readonly license?: string;
}

/** Files of older versions have no inner part; in all, what stands outside wins. */
interface TimmConfig extends PretrainedConfig {
  readonly architecture: string;
  /** What the architecture was built with beyond its defaults. */
  readonly model_args?: Readonly<Record<string, unknown>>;
  readonly pretrained_cfg?: PretrainedConfig;
}

const anything: Guard<unknown> = (value) => value;
const labelNames = either(list(text), dictionary(text));
const pretrainedFields: Fields<PretrainedConfig> = {
  tag: optional(text), num_classes: optional(whole), label_names: optional(labelNames), input_size: optional(list(whole)), crop_pct: optional(number),
  crop_mode: optional(text), interpolation: optional(text), mean: optional(list(number)), std: optional(list(number)),
  classifier: optional(either(text, list(text))), license: optional(text),
};
const timmConfig = fields<TimmConfig>({
  ...pretrainedFields, architecture: text, model_args: optional(dictionary(anything)), pretrained_cfg: optional(fields<PretrainedConfig>(pretrainedFields)),
});

/** The card, or why there is none: another family, a network or preprocessing that cannot be had here. */
export function cardOfConfig(config: unknown, source: ConfigSource): Checked<Card> {
  const family = familyOf(config);
  const other = family === undefined ? undefined : transformersModel(config);
  if (typeof other === 'string') return refused(badConfig(source.name, other));
  if (other) return { ok: true, value: { ...cardOf(other.architecture, other.architecture.input, other.sourceClasses, source), ...(other.labels && { labels: other.labels }) }, warnings: [] };
  if (family !== undefined) return refused({ code: 'backbone-unsupported', severity: 'error', message: `${source.name} is ${family}, which Thaw cannot build yet`, fix: `of transformers' models ViT and DINOv2 are read; in timm's form, ${buildable()}` });
  const read = parsed(timmConfig, withoutNulls(config));
  if (!read.ok) return refused(badConfig(source.name, `config.json is not as timm writes it: ${read.note}`));
  const facts = { ...read.value.pretrained_cfg, ...read.value }, { architecture: kind } = facts;
  const architecture = architectureOf(kind);
  if (!architecture) return refused(unsupported(source.name, kind));
  const altered = Object.entries(facts.model_args ?? {}).filter(([name, value]) => !isHarmless(name, value)).map(([name]) => name);
  if (altered.length > 0) return refused(badConfig(source.name, `its ${kind} was built with other arguments than usual: ${altered.slice(0, 5).join(', ')}`));
  const input = inputOf(facts, architecture.input);
  if (typeof input === 'string') return refused(badConfig(source.name, input));
  if (Array.isArray(facts.classifier)) return refused(badConfig(source.name, `it has several classifiers: ${facts.classifier.slice(0, 5).join(', ')}`));

  const { num_classes: sourceClasses = 1000, label_names: labels } = facts;
  const network: Card['network'] = (classes, at = input) => architecture.network(classes, at, input);
  const title = facts.tag ? `${architecture.title} (${facts.tag})` : architecture.title;
  const sourceHead = typeof facts.classifier === 'string' ? facts.classifier : architecture.sourceHead;
  const card = cardOf({ ...architecture, title, sourceHead, network }, input, sourceClasses, { ...source, licence: facts.license ?? source.licence });
  const named = labels ? { labels: Object.values(labels) } : sourceClasses === 1000 && isImageNet(facts.tag) ? { labelsFile: imageNetLabels } : {};
  return { ok: true, value: { ...card, ...named }, warnings: [] };
}

/** timm's tags end in what the head was trained on last ("augreg_in21k_ft_in1k", "in1k_384"); its outputs are then ImageNet-1k's classes in the order of their WordNet ids. So it is of all of timm 1.0's 1,319 weights with such a tag. */
const isImageNet = (tag = ''): boolean => /(^|_)in1k(_\d+)?$/.test(tag);

const cardOf = (architecture: Architecture, input: CardInput, sourceClasses: number, { name, source, licence, weights }: ConfigSource): Card => ({
  ...architecture, // whatever else its weights need to be read
  name, modality: 'image', input, parameters: parameterCount(architecture.network(sourceClasses)), sourceClasses, licence: licence ?? 'not stated', source, weights,
});

/** Arguments that change nothing that is computed: what is said elsewhere too, and what is off outside training. */
const harmless: ReadonlySet<string> = new Set(['img_size', 'num_classes', 'in_chans', 'drop_rate', 'drop_path_rate', 'dynamic_img_size', 'strict_img_size']);

/** Pooling is always listed; other than the usual one of convolutional networks and of transformers, it is another network. */
const isHarmless = (name: string, value: unknown): boolean => harmless.has(name) || (name === 'global_pool' && (value === 'avg' || value === 'token'));

/** What a config is of when it is none of timm's. */
function familyOf(config: unknown): string | undefined {
  const { architecture, model_type: type, architectures } = typeof config === 'object' && config !== null ? config as Readonly<Record<string, unknown>> : {};
  if (architecture !== undefined || (type === undefined && architectures === undefined)) return undefined;
  const [first] = Array.isArray(architectures) ? architectures as readonly unknown[] : [];
  return `a ${[type, first].filter((part) => typeof part === 'string').map((part) => JSON.stringify(part.slice(0, 60))).join(' (')}${typeof first === 'string' && typeof type === 'string' ? ')' : ''} of transformers`;
}

/** As the config says, what it leaves out as the architecture has it; or what cannot be had here. */
function inputOf(facts: PretrainedConfig, usual: CardInput): CardInput | string {
  const { input_size: size = [3, usual.height, usual.width], crop_pct: cropShare = usual.cropShare, crop_mode: mode = 'center', interpolation = usual.interpolation } = facts;
  const [channels, height, width] = size, mean = triple(facts.mean ?? usual.mean), std = triple(facts.std ?? usual.std);
  if (channels !== 3 || size.length !== 3 || !inRange(height) || !inRange(width)) return `its input is [${size.join(', ')}], where [3, height, width] is needed`;
  if (!(cropShare > 0 && cropShare <= 1)) return `its crop_pct is ${cropShare}`;
  if (mode !== 'center') return `its crop_mode is ${JSON.stringify(mode)}, where "center" is needed`;
  if (interpolation !== 'bicubic' && interpolation !== 'bilinear') return `its interpolation is ${JSON.stringify(interpolation)}, where bicubic or bilinear is needed`;
  if (!mean || !std || !mean.every(Number.isFinite) || !std.every((value) => value > 0 && Number.isFinite(value))) return 'its mean or std is not three numbers';
  return { height, width, cropShare, interpolation, mean, std };
}

/** Below, networks have nothing left to look at; above, one photo takes a gigabyte. */
const inRange = (side: number | undefined): side is number => side !== undefined && side >= 32 && side <= 2048;

function triple(values: readonly number[]): readonly [number, number, number] | undefined {
  const [a, b, c] = values;
  return values.length === 3 ? [a!, b!, c!] : undefined;
}

/** JSON writers put null for what is not there. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null).map(([key, each]) => [key, key === 'pretrained_cfg' ? withoutNulls(each) : each as unknown]));
}

const badConfig = (name: string, why: string): Diagnostic =>
  ({ code: 'backbone-unsupported', severity: 'error', message: `${name} cannot be used: ${why}`, fix: 'choose another backbone' });

const refused = (diagnostic: Diagnostic): Checked<never> => ({ ok: false, errors: [diagnostic], warnings: [] });
