import type { DataPlan, Plan, SplitPlan, StagePlan, StopPlan } from './plan.ts';

/**
 * The language of `*.thaw.yaml`: every key with its type, default, range and one line of description, here and nowhere
 * else. Parsing, defaults, hovers, completion, the JSON Schema and docs/experiment-file.md are readers of this table.
 * A hand-written table and not a schema library: the extension imports it while it activates.
 */
export type Field = NumberField | ShareField | ChoiceField | TextField | DurationField | ListField | MapField;

interface Described {
  /** One sentence, for hovers and docs. */
  readonly describe: string;
}
export interface NumberField extends Described {
  readonly kind: 'number';
  readonly integer: boolean;
  readonly min: number;
  readonly max: number;
  readonly default: number;
}
/** Written as `0.7` or `70%`. */
export interface ShareField extends Described {
  readonly kind: 'share';
  readonly min: number;
  readonly max: number;
  readonly default: number;
}
export interface ChoiceField extends Described {
  readonly kind: 'choice';
  /** What may be written, each with what it means. */
  readonly options: Readonly<Record<string, string>>;
  readonly default: string;
}
export interface TextField extends Described {
  readonly kind: 'text';
  /** What the text names: decides checks and completion. */
  readonly names: 'folder' | 'backbone' | 'stage' | 'pattern';
  /** Absent: the key must be written. */
  readonly default?: string;
}
/** `auto`, `off`, `5 min`, `90 s`, `1 h`, `2× run`; in a Plan: minutes, `2× run`, `auto` or `off`. */
export interface DurationField extends Described {
  readonly kind: 'duration';
  readonly minMinutes: number;
  readonly maxMinutes: number;
  readonly default: 'auto';
}
export interface ListField extends Described {
  readonly kind: 'list';
  readonly of: Field;
  readonly default: readonly Value[];
  /** An item that stands twice is an error. */
  readonly unique: boolean;
}
export interface MapField extends Described {
  readonly kind: 'map';
  readonly keys: Readonly<Record<string, Field>>;
}

/** A value of the file, checked against its field. Maps hold the written keys only. */
export type Value = string | number | readonly Value[] | ValueMap;
export interface ValueMap { readonly [key: string]: Value }

const integer = (describe: string, fallback: number, min: number, max: number): NumberField =>
  ({ kind: 'number', integer: true, describe, default: fallback, min, max });
const real = (describe: string, fallback: number, min: number, max: number): NumberField =>
  ({ kind: 'number', integer: false, describe, default: fallback, min, max });
const share = (describe: string, fallback: number, min: number, max: number): ShareField =>
  ({ kind: 'share', describe, default: fallback, min, max });
const choice = (describe: string, fallback: string, options: Readonly<Record<string, string>>): ChoiceField =>
  ({ kind: 'choice', describe, default: fallback, options });

const maxSeed = 2 ** 31 - 1;

const stageKeys = {
  name: { kind: 'text', names: 'stage', default: 'stage {n}', describe: 'What charts and the journal call this stage; {n} in the default is its number.' },
  train: {
    kind: 'list', unique: true, default: ['head'],
    describe: 'What trains in this stage, the rest is frozen: `head`, `blocks.6`, `blocks.5.2.conv_pw`, `blocks.*`, `all`.',
    of: { kind: 'text', names: 'pattern', describe: 'A block or layer; `*` stands for one part of its name, `all` for everything.' },
  },
  epochs: integer('Passes over the training photos, at most (early stopping may end the stage sooner).', 30, 1, 10_000),
  rate: real('Peak learning rate of the head (AdamW).', 1e-3, 1e-8, 1),
  layerDecay: real('A block learns at rate × layerDecay^(its distance from the head); 1 is the same rate everywhere.', 1, 0.01, 1),
  schedule: choice('How the rate moves after the warm-up.', 'cosine', {
    cosine: 'falls to 0 along half a cosine',
    constant: 'stays at its peak',
  }),
  warmup: share('Share of the stage’s steps over which the rate rises from 0.', 0.1, 0, 0.9),
  weightDecay: real('Decoupled weight decay (AdamW); never on biases and batch-norm parameters.', 0.01, 0, 1),
  batchNorm: choice('Which statistics the batch norm of trained blocks uses.', 'stored', {
    stored: 'those that came with the weights; steady with small batches',
    batch: 'those of the batch, which also move the stored ones',
  }),
  augment: choice('Which views of a photo are trained on.', 'flip', {
    flip: 'as it is and mirrored (both are cached)',
    none: 'as it is',
  }),
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

const dataKeys = {
  folder: { kind: 'text', names: 'folder', describe: 'The photos, relative to this file: one folder per class, or train/val/test folders of those.' },
  split: { kind: 'map', keys: splitKeys, describe: 'How the photos are divided; shares sum to 1. Not used when the folder has train/val/test folders of its own.' },
} satisfies Record<keyof DataPlan, Field>;

const stopKeys = {
  patience: integer('Epochs without improvement before a stage ends; the best weights are restored.', 5, 1, 10_000),
  metric: choice('What is watched for improvement.', 'validation.loss', {
    'validation.loss': 'cross-entropy on the validation photos: finer, sees confidence',
    'validation.accuracy': 'share of validation photos that are right',
  }),
} satisfies Record<keyof StopPlan, Field>;

export const controlOptions = {
  blind: 'always the most frequent class: free',
  knn: 'the 5 nearest training photos vote, on pretrained features: seconds',
  'linear-probe': 'a new head on the pretrained features as they are: what fine-tuning more than that has to beat',
  'random-features': 'the same plan on the same network with random weights',
  scratch: 'the same network from random weights, every layer trains at the best of three rates, within scratchBudget',
} satisfies Record<Plan['controls'][number], string>;

const planKeys = {
  thaw: integer('Version of this file’s language.', 1, 1, 1),
  task: choice('What is learnt.', 'image-classification', { 'image-classification': 'one label per photo' }),
  data: { kind: 'map', keys: dataKeys, describe: 'The photos and how they are divided.' },
  backbone: { kind: 'text', names: 'backbone', default: 'efficientnet_lite0', describe: 'The pretrained network: one that came with Thaw, `hf:timm/resnet50.a1_in1k` (any repository of a hub, `@revision` behind it), or a folder with config.json and safetensors (`./my-backbone`).' },
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
    kind: 'duration', default: 'auto', minMinutes: 1 / 60, maxMinutes: 7 * 24 * 60,
    describe: 'Time for the from-scratch control: `auto` (as long as the run itself, at least one minute), a multiple of it such as `2× run`, a time such as `5 min` or `90 s`, or `off`.',
  },
  seed: integer('Root of all randomness but the split’s.', 1, 0, maxSeed),
} satisfies Record<keyof Plan, Field>;

/** The whole file. */
export const experimentField: MapField = { kind: 'map', keys: planKeys, describe: 'A transfer-learning experiment.' };

/** Keys that must be written, by the path of their map. */
export const requiredKeys: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': { thaw: 'begin with `thaw: 1`', data: 'add `data: { folder: … }`' },
  data: { folder: 'add `folder: …`: the folder of photos, relative to this file' },
};

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

/** What may stand there, as people write it: "a whole number, 1 to 4096", "cosine or constant". */
export function allowedText(field: Field): string {
  switch (field.kind) {
    case 'number': return field.min === field.max ? String(field.min) : `a ${field.integer ? 'whole ' : ''}number, ${field.min} to ${field.max}`;
    case 'share': return `a share, ${field.min} to ${field.max} or ${field.min * 100}% to ${field.max * 100}%`;
    case 'choice': return orList(Object.keys(field.options));
    case 'text': return `a ${field.names}`;
    case 'duration': return 'auto, off, a multiple such as 2× run, or a time such as 5 min or 90 s';
    case 'list': return field.of.kind === 'map' ? 'a list' : `a list such as [${field.default.map(String).join(', ')}]`;
    case 'map': return `a map with the keys ${Object.keys(field.keys).join(', ')}`;
  }
}

const orList = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`;
