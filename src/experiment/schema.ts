import { lastFeatures } from '../backbones/earlierFeatures.ts';
import { leastSize, mostSize } from '../backbones/inputSize.ts';
import type { AugmentName, AugmentOp, ColumnPlan, DataPlan, Plan, RegularizePlan, SplitPlan, StagePlan, StopPlan } from './plan.ts';

/**
 * The language of `*.thaw.yaml`: every key with its type, default, range and one line of description, here and nowhere
 * else. Parsing, defaults, hovers, completion, the JSON Schema and docs/experiment-file.md are readers of this table.
 * A hand-written table and not a schema library: the extension imports it while it activates.
 */
export type Field = NumberField | ShareField | ChoiceField | TextField | DurationField | ListField | MapField | VariantsField;

/** What may be written, each with what it means. */
export type Words = Readonly<Record<string, string>>;

interface Described {
  /** One sentence, for hovers and docs. */
  readonly describe: string;
}
export interface NumberField extends Described {
  readonly kind: 'number';
  readonly integer: boolean;
  readonly min: number;
  readonly max: number;
  readonly default: number | string;
  /** Words that may stand in place of a number, each with what it means. */
  readonly words?: Words;
}
/** Written as `0.7` or `70%`. */
export interface ShareField extends Described {
  readonly kind: 'share';
  readonly min: number;
  readonly max: number;
  readonly default: number | string;
  readonly words?: Words;
}
export interface ChoiceField extends Described {
  readonly kind: 'choice';
  /** What may be written, each with what it means. */
  readonly options: Words;
  readonly default: string;
}
export interface TextField extends Described {
  readonly kind: 'text';
  /** What the text names: decides checks and completion. */
  readonly names: 'folder' | 'manifest' | 'column' | 'backbone' | 'stage' | 'pattern' | 'block';
  /** Absent: the key must be written, or one that stands for it (`alternatives`). */
  readonly default?: string;
}
/** `5 min`, `90 s`, `1 h`, one of its words, or `2× run` where a run's time is at hand; in a Plan: minutes, or the text. */
export interface DurationField extends Described {
  readonly kind: 'duration';
  readonly words: Words;
  /** `2× run` may stand there: a multiple of what the run takes. */
  readonly multiples?: true;
  readonly minMinutes: number;
  readonly maxMinutes: number;
  readonly default: 'auto' | 'off';
}
export interface ListField extends Described {
  readonly kind: 'list';
  readonly of: Field;
  readonly default: readonly Value[] | string;
  /** Words that may stand in place of a list, each with what it means. */
  readonly words?: Words;
  /** An item that stands twice is an error. */
  readonly unique: boolean;
}
export interface MapField extends Described {
  readonly kind: 'map';
  readonly keys: Readonly<Record<string, Field>>;
}

/** Changes of other fields: `{ rate: [1e-3, 3e-3] }`, or with a name for each, `{ rate: { low: 1e-3, high: 3e-3 } }`. In a Plan: all with names. */
export interface VariantsField extends Described {
  readonly kind: 'variants';
  readonly default: ValueMap;
}

/** A value of the file, checked against its field. Maps hold the written keys only. */
export type Value = string | number | readonly Value[] | ValueMap;
export interface ValueMap { readonly [key: string]: Value }

const integer = (describe: string, fallback: number | string, min: number, max: number, words?: Words): NumberField =>
  ({ kind: 'number', integer: true, describe, default: fallback, min, max, ...(words && { words }) });
const real = (describe: string, fallback: number | string, min: number, max: number, words?: Words): NumberField =>
  ({ kind: 'number', integer: false, describe, default: fallback, min, max, ...(words && { words }) });
const share = (describe: string, fallback: number | string, min: number, max: number, words?: Words): ShareField =>
  ({ kind: 'share', describe, default: fallback, min, max, ...(words && { words }) });
const choice = (describe: string, fallback: string, options: Words): ChoiceField =>
  ({ kind: 'choice', describe, default: fallback, options });

const maxSeed = 2 ** 31 - 1;
/** Runs that one file makes: each waits for its turn in a process of its own. */
export const maxMembers = 24;

const regularizeKeys = {
  l2sp: real('L2-SP: strength / 2 × the squared distance of trained weights from the pretrained ones; takes the place of weight decay there. The head is new and stays free. Usual: 0.01 to 0.1.', 0, 0, 100),
  delta: real('DELTA, each channel alike: strength / 2 × the mean squared difference between the outputs of trained blocks and those of the pretrained network. Costs one more forward pass. Usual: 0.01 to 1.', 0, 0, 100),
  bss: real('Batch spectral shrinkage: strength × the square of the smallest singular value of a batch’s features, so that what does not transfer fades. Usual: 0.001.', 0, 0, 100),
  lwf: real('Learning without forgetting: strength × the distillation (temperature 2) of what the pretrained network, with its own head, says of each photo. Needs the source head; one more forward pass. Usual: 0.1 to 1.', 0, 0, 100),
} satisfies Record<keyof RegularizePlan, Field>;

const augmentNames = {
  none: 'as it is',
  flip: 'as it is and mirrored (both are cached)',
  light: 'crop, flip and color, at half strength',
  strong: 'crop, flip, rotate, color and erase',
} satisfies Record<AugmentName, string>;

const augmentOps = {
  crop: 'a random part of 30 to 100 % of the area, stretched by up to 4 : 3',
  flip: 'mirrored left to right, every other time',
  rotate: 'turned by up to 20 degrees',
  color: 'brightness, contrast and saturation, each by up to 40 %',
  grey: 'without colour, one time in five',
  erase: 'a random rectangle of 2 to 20 % of the area becomes grey, every other time',
} satisfies Record<AugmentOp, string>;

const off = (meaning: string): Words => ({ off: meaning });

const stageKeys = {
  name: { kind: 'text', names: 'stage', default: 'stage {n}', describe: 'What charts and the journal call this stage; {n} in the default is its number.' },
  train: {
    kind: 'list', unique: true, default: ['head'],
    describe: 'What trains in this stage, the rest is frozen: `head`, `blocks.6`, `blocks.5.2.conv_pw`, `blocks.*`, `all`.',
    of: { kind: 'text', names: 'pattern', describe: 'A block or layer; `*` stands for one part of its name, `all` for everything.' },
  },
  headStart: choice('Where the head begins.', 'kept', {
    kept: 'as it is: drawn at random in the first stage, afterwards what the stage before has learnt',
    prototypes: 'as the mean feature of each class, at unit length (weight imprinting), where the head alone trains: a classifier before the first step',
  }),
  epochs: integer('Passes over the training photos, at most (early stopping may end the stage sooner).', 30, 1, 10_000),
  steps: integer('Updates, at most, instead of epochs; the validation photos are looked at after every pass and at the end.', 'auto', 1, 10_000_000, { auto: 'as many as the epochs have' }),
  leaveAfter: integer('Leave the stage after so many of its epochs, as it stands then: the next one goes on from the last weights instead of the best. 0: go to its end. Written where layers were thawed or frozen while a run trained.', 0, 0, 10_000),
  optimizer: choice('How weights follow their gradients.', 'adamw', {
    adamw: 'Adam with decoupled weight decay',
    adam: 'Adam; weight decay is part of the gradient (L2)',
    sgd: 'stochastic gradient descent with momentum; L2; wants rates some 10 to 100 times as high',
    nesterov: 'the same with Nesterov’s momentum, which looks one step ahead',
  }),
  momentum: real('Of sgd and nesterov: share of the last move that goes on.', 0.9, 0, 0.999),
  rate: real('Peak learning rate of the head.', 1e-3, 1e-8, 1),
  layerDecay: real('A block learns at rate × layerDecay^(its distance from the head); 1 is the same rate everywhere.', 1, 0.01, 1),
  schedule: choice('How the rate moves after the warm-up.', 'cosine', {
    cosine: 'falls to 0 along half a cosine',
    constant: 'stays at its peak',
    step: 'a tenth after each third of what is left',
    polynomial: 'falls to 0 as (1 − progress)^power',
    'one-cycle': 'rises from 1/25 along a cosine over the warm-up, then falls to 1/250 000 (Smith’s one cycle; 30% is usual)',
  }),
  power: real('Of the polynomial schedule: 1 is a straight line, more falls faster at first.', 1, 0.1, 10),
  warmup: share('Share of the stage’s steps over which the rate rises.', 0.1, 0, 0.9),
  weightDecay: real('Weight decay: decoupled in AdamW, L2 elsewhere; never on biases and batch-norm parameters.', 0.01, 0, 1),
  clip: real('Largest L2 norm of all gradients together; longer ones are shortened to it.', 'off', 1e-6, 1e6, off('gradients are taken as they are')),
  accumulate: integer('Batches per update: gradients of so many are averaged, as if the batch were as many times as large. Batch norms with batch statistics still see one batch.', 1, 1, 1024),
  batchNorm: choice('Which statistics the batch norm of trained blocks uses.', 'stored', {
    stored: 'those that came with the weights; steady with small batches',
    batch: 'those of the batch, which also move the stored ones',
  }),
  dropout: share('Share of the head’s inputs that is left out in each training step.', 0, 0, 0.95),
  dropPath: share('Stochastic depth: share of photos that skip the last residual block in a training step; earlier blocks in proportion to their depth, frozen ones never.', 0, 0, 0.9),
  loss: choice('What training makes small.', 'auto', {
    auto: 'cross-entropy; where numbers are learnt, squared error',
    'cross-entropy': 'surprise at the right class (at each label), in nats',
    focal: 'of classes, the same times (1 − probability)^gamma: photos that are right already count little',
    squared: 'of numbers, the square of how far off they are, in standard deviations of the training photos',
    huber: 'of numbers, half that square up to `delta` and straight beyond: a few wild numbers pull less',
  }),
  gamma: real('Of the focal loss.', 2, 1, 10),
  delta: real('Of the Huber loss: from how many standard deviations of the training photos’ numbers on an error counts straight.', 1, 0.01, 100),
  labelSmoothing: share('Share of each label that is spread over all classes.', 0, 0, 0.9),
  classBalance: choice('How much a photo counts by its class.', 'none', {
    none: 'all alike',
    inverse: 'as 1 / the class’s number of training photos',
    effective: 'as 1 / the class’s effective number, (1 − 0.999^n) / (1 − 0.999): milder where classes are large',
  }),
  mixup: real('Photos are blended in pairs, labels too, by a share from Beta(α, α); 0 is off. On cached features it is these that are blended (manifold mixup). Usual: 0.2.', 0, 0, 10),
  cutmix: real('A rectangle of each photo comes from another, labels by area, its size from Beta(α, α); 0 is off. With mixup, each batch gets one of the two. On cached feature maps it is these that are cut. Usual: 1.', 0, 0, 10),
  augment: {
    kind: 'list', unique: true, default: 'flip', words: augmentNames,
    describe: 'How training photos are varied. From cached features a photo has `views` fixed variants, else a fresh one each time.',
    of: choice('What may happen to a photo.', 'flip', augmentOps),
  },
  views: integer('Stored random variants of each photo, where `augment` (other than none and flip) meets cached features; time and disk of the features grow with them.', 4, 1, 64),
  regularize: { kind: 'map', keys: regularizeKeys, describe: 'Holds a stage near the pretrained network, each by its strength; 0 is off. The control from scratch leaves these out.' },
  ema: real('Decay of a moving average of the weights, which is then what is evaluated, kept and handed on. Early on it follows faster: (1 + updates) / (10 + updates).', 'off', 0.5, 0.99999, off('the weights as they are')),
  wiseFt: share('WiSE-FT: after the stage, this share of the way from its first to its best weights. Not in the first stage, whose head begins at random.', 'off', 0, 1, { off: 'the best weights', auto: 'the share, in tenths, that is best on validation' }),
} satisfies Record<keyof StagePlan, Field>;

const splitKeys = {
  train: share('Share of the photos that is trained on.', 0.7, 0.01, 0.98),
  validation: share('Share that chooses the best checkpoint and stops training.', 0.15, 0.01, 0.98),
  test: share('Share that is looked at once, at the end, for accuracy and verdict.', 0.15, 0.01, 0.98),
  seed: integer('Which photos go where: the same seed gives the same split.', 7, 0, maxSeed),
  keepTogether: choice('What may not be torn apart between splits.', 'near-duplicates', {
    'near-duplicates': 'photos that look almost the same stay in one split',
    nothing: 'every photo for itself (copies can leak from training into the test)',
  }),
} satisfies Record<keyof SplitPlan, Field>;

const column = (describe: string): TextField => ({ kind: 'text', names: 'column', default: 'auto', describe });

const columnKeys = {
  image: column('Column with the path of each photo, relative to the manifest or absolute; `auto` takes `image`, `path`, `file`, `filename` and the like.'),
  label: column('Column with what is to be learnt; `auto` takes `label`, `class`, `category`, `target` and the like, or the only one that is left. Several labels of a photo are separated by `;` (or a vertical bar), or are a JSON array.'),
  split: column('Column with train, validation or test; `auto` takes `split`, `subset`, `set` or `partition` where there is one. Rows without are divided as usual.'),
} satisfies Record<keyof ColumnPlan, Field>;

const dataKeys = {
  folder: { kind: 'text', names: 'folder', describe: 'The photos, relative to this file: one folder per class, or train/val/test folders of those.' },
  manifest: { kind: 'text', names: 'manifest', describe: 'Instead of a folder: a list of photos, relative to this file; CSV whose first line names the columns, or JSON Lines (.jsonl).' },
  columns: { kind: 'map', keys: columnKeys, describe: 'Which columns of the manifest hold what.' },
  maxPerClass: integer('Photos of a class that are used at most (in each split that is given), drawn by the split’s seed; 0 is all.', 0, 0, 1_000_000),
  subset: share('Share of the photos that is used, of every class alike, drawn by the split’s seed: for a quick try. Run and verdict say so.', 1, 0.001, 1),
  split: { kind: 'map', keys: splitKeys, describe: 'How the photos are divided; shares sum to 1. Not used when the folder has train/val/test folders of its own, or the manifest says where all belong.' },
} satisfies Record<keyof DataPlan, Field>;

const stopKeys = {
  patience: integer('Epochs without improvement before a stage ends; the best weights are restored.', 5, 1, 10_000),
  metric: choice('What is watched for improvement.', 'validation.loss', {
    'validation.loss': 'the loss on the validation photos: finer, sees confidence',
    'validation.accuracy': 'share of validation photos that are right; R² where numbers are learnt',
  }),
  minImprovement: real('How much better an epoch must be to count for patience: nats of loss, or a share of accuracy.', 0, 0, 1),
} satisfies Record<keyof StopPlan, Field>;

export const controlOptions = {
  blind: 'always the most frequent class, the most frequent answer for each label, or the mean: free',
  knn: 'the 5 nearest training photos vote (for each label, or by their mean), on pretrained features: seconds',
  'linear-probe': 'a new head on the pretrained features as they are: what fine-tuning more than that has to beat',
  'random-features': 'the same plan on the same network with random weights',
  scratch: 'the same network from random weights, every layer trains at the best of three rates, within scratchBudget',
} satisfies Record<Plan['controls'][number], string>;

const planKeys = {
  thaw: integer('Version of this file’s language.', 1, 1, 1),
  task: choice('What is learnt.', 'image-classification', {
    'image-classification': 'one label per photo',
    'image-multi-label': 'any number of labels per photo, by manifest: a yes or no for each',
    'image-regression': 'a number per photo, by manifest',
  }),
  data: { kind: 'map', keys: dataKeys, describe: 'The photos and how they are divided.' },
  backbone: { kind: 'text', names: 'backbone', default: 'efficientnet_lite0', describe: 'The pretrained network: one that came with Thaw, `hf:timm/resnet50.a1_in1k` (any repository of a hub, `@revision` behind it), or a folder with config.json and safetensors (`./my-backbone`).' },
  inputSize: integer('Photos become squares of so many pixels. More show more detail, and take time and memory with the square of it; transformers need a multiple of their patches.', 'auto', leastSize, mostSize, { auto: 'what the weights are used to: 224 for EfficientNet-Lite0' }),
  features: {
    kind: 'text', names: 'block', default: lastFeatures,
    describe: 'The block whose output the head sees, such as `blocks.4`: the backbone ends there, and what lies above is left out. Earlier blocks know less of the source task itself; try them where it is far from yours. `last`: the whole backbone.',
  },
  weights: choice('What the network starts from.', 'pretrained', {
    pretrained: 'what the backbone learnt before',
    random: 'random weights: nothing is transferred, every stage trains all layers, and controls that would do the same are left out',
  }),
  stages: {
    kind: 'list', unique: false, default: [{}],
    describe: 'What trains when: stages follow each other, each goes on from the best weights of the one before.',
    of: { kind: 'map', keys: stageKeys, describe: 'One stretch of training with one freeze plan.' },
  },
  batch: integer('Photos per step.', 32, 1, 4096),
  stop: { kind: 'map', keys: stopKeys, describe: 'When a stage ends early.' },
  controls: {
    kind: 'list', unique: true, default: Object.keys(controlOptions),
    describe: 'What the run is compared with to see whether the transfer helped. Take one out and the verdict says that it is missing.',
    of: choice('A control.', 'blind', controlOptions),
  },
  scratchBudget: {
    kind: 'duration', multiples: true, words: { auto: 'as long as the run itself, at least one minute', off: 'no such control' }, default: 'auto', minMinutes: 1 / 60, maxMinutes: 7 * 24 * 60,
    describe: 'Time for the from-scratch control: `auto` (as long as the run itself, at least one minute), a multiple of it such as `2× run`, a time such as `5 min` or `90 s`, or `off`.',
  },
  seed: integer('Root of all randomness but the split’s.', 1, 0, maxSeed),
  seeds: integer('Makes as many runs, with the seeds from `seed` on: what changes between them is luck.', 1, 1, maxMembers),
  variants: {
    kind: 'variants', default: {},
    describe: 'Makes a run of each combination: values by key, `{ rate: [1e-3, 3e-3] }`, or with names, `{ stages.0.rate: { low: 1e-3, high: 3e-3 } }`. A key that stands in one place only can be written without its path. With `seeds` at most 24 runs.',
  },
  budget: {
    kind: 'duration', words: { off: 'as long as the stages take' }, default: 'off', minMinutes: 1 / 60, maxMinutes: 7 * 24 * 60,
    describe: 'Time for training, from its first step: then it is evaluated once more and ends, with the best weights so far; `5 min`, `90 s`, or `off`.',
  },
  sourceData: {
    kind: 'text', names: 'folder', default: 'none',
    describe: 'Photos of what the backbone learnt before (one folder per class, named as the source task names it, or a manifest): how many its own head gets right before and after fine-tuning, hence what was forgotten. `none`: not measured.',
  },
} satisfies Record<keyof Plan, Field>;

/** The whole file. */
export const experimentField: MapField = { kind: 'map', keys: planKeys, describe: 'A transfer-learning experiment.' };

/** Keys that must be written, by the path of their map. */
export const requiredKeys: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': { thaw: 'begin with `thaw: 1`', data: 'add `data: { folder: … }`' },
};

/** Keys of which exactly one must be written, by the path of their map. */
export const alternatives: Readonly<Record<string, readonly string[]>> = { data: ['folder', 'manifest'] };

/** The field at a dotted path (`stages.0.rate`), list items by number. */
export function fieldAt(path: string): Field | undefined {
  let field: Field | undefined = experimentField;
  for (const part of path === '' ? [] : path.split('.')) {
    if (field?.kind === 'list') field = /^(\d+|\*)$/.test(part) ? field.of : undefined;
    else if (field?.kind === 'map') field = Object.hasOwn(field.keys, part) ? field.keys[part] : undefined;
    else return undefined;
  }
  return field;
}

/** Dotted paths of all values, `stages.*.rate` for stages. */
export function leafPaths(field: Field, path: string): string[] {
  const below = (key: string): string => path === '' ? key : `${path}.${key}`;
  if (field.kind === 'map') return Object.entries(field.keys).flatMap(([key, child]) => leafPaths(child, below(key)));
  if (field.kind === 'list' && field.of.kind === 'map') return leafPaths(field.of, below('*'));
  return [path];
}

/** What may stand there, as people write it: "a whole number, 1 to 4096", "cosine or constant". */
export function allowedText(field: Field): string {
  switch (field.kind) {
    case 'number': return orWords(field, field.min === field.max ? String(field.min) : `a ${field.integer ? 'whole ' : ''}number, ${field.min} to ${field.max}`);
    case 'share': return orWords(field, `a share, ${field.min} to ${field.max} or ${field.min * 100}% to ${field.max * 100}%`);
    case 'choice': return orList(Object.keys(field.options));
    case 'text': return field.names === 'stage' ? 'a name' : field.names === 'pattern' ? 'a block or layer' : field.names === 'block' ? `${field.default!} or a block` : `a ${field.names}`;
    case 'duration': return `${Object.keys(field.words).join(', ')}, ${field.multiples ? 'a multiple such as 2× run, ' : ''}or a time such as 5 min or 90 s`;
    case 'list': return orWords(field, field.of.kind === 'map' ? 'a list' : `a list such as [${exampleOf(field).join(', ')}]`);
    case 'variants': return 'keys with their values, { rate: [1e-3, 3e-3] }';
    case 'map': return `a map with the keys ${Object.keys(field.keys).join(', ')}`;
  }
}

/** Words that may be written for a field, each with what it means. */
export const wordsOf = (field: Field): Words => field.kind === 'choice' ? field.options : 'words' in field ? field.words ?? {} : {};

const orWords = ({ words }: { readonly words?: Words }, otherwise: string): string => words ? orList([...Object.keys(words), otherwise]) : otherwise;

const exampleOf = (field: ListField): readonly string[] =>
  typeof field.default !== 'string' ? field.default.map(String) : field.of.kind === 'choice' ? Object.keys(field.of.options).slice(0, 2) : [];

export const orList = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`;
