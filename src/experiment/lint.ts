import type { InputSize } from '../backbones/card.ts';
import { freezeBoundary } from '../backbones/boundary.ts';
import { lastFeatures } from '../backbones/earlierFeatures.ts';
import { headDistances } from '../backbones/blocks.ts';
import { matchPatterns } from '../backbones/freezePlan.ts';
import type { Network } from '../backbones/op.ts';
import { parametersOf } from '../backbones/parameters.ts';
import { percent } from '../base/units.ts';
import type { Diagnostic, DiagnosticCode, FileChange, Mend } from '../protocol/diagnostic.ts';
import { recipeOf } from './augmentation.ts';
import type { Written } from './parse.ts';
import { rangeAt } from './places.ts';
import type { Plan, StagePlan } from './plan.ts';

/**
 * What a sound experiment file says and probably does not mean: traps of fine-tuning, and keys without effect. A rule
 * sees the resolved plan and where its values stand; it never stops a run. Shown by the editor and by `thaw check`.
 */
export type LintCode = Extract<DiagnosticCode, 'no-effect' | 'small-batch-statistics' | 'head-frozen' | 'backbone-rate' | 'long-warmup' | 'stage-repeats'
  | 'pattern-shadowed' | 'small-split' | 'patience-unused' | 'batch-too-large' | 'same-name' | 'fixed-variant' | 'input-size'>;

export interface Subject {
  readonly plan: Plan;
  readonly written: Written;
  /** Undefined: the backbone's layers are not known yet. */
  readonly network: Network | undefined;
  /** Nothing of the backbone is left out. */
  readonly isWhole: boolean;
  /** What its weights are used to. */
  readonly ownInput?: InputSize | undefined;
  /** In the data folder, where somebody has counted. */
  readonly images?: number | undefined;
}

interface Finding {
  /** What is underlined: the value there, or the nearest above it. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
  readonly mend?: Mend | undefined;
}

interface Rule {
  readonly severity: 'warning' | 'information';
  /** When it speaks and why it matters, for docs/experiment-file.md. */
  readonly describe: string;
  readonly find: (subject: Subject) => readonly Finding[];
}

/** Wu & Johnson 2021 (arXiv:2105.07576), section 3: below some 16 samples, a batch's own statistics are mostly noise. */
const steadyBatch = 16;
/** Fewer than this and one photo more or less right moves the choice of the best epoch by more than 3 points. */
const fewest = 30;

export const lintRules: Readonly<Record<LintCode, Rule>> = {
  'no-effect': {
    severity: 'information', describe: 'A key that changes nothing here: batch statistics where no batch norm trains, layer decay where only the head trains, `momentum`, `power`, `gamma` or `views` without what they belong to, a budget for a control that does not run, `features` of the last block.',
    find: (subject) => [...batchStatisticsOfNone(subject), ...decayOfHeadOnly(subject), ...withoutPartner(subject), ...budgetOfNone(subject), ...featuresOfLast(subject)],
  },
  'small-batch-statistics': {
    severity: 'warning', describe: `\`batchNorm: batch\` with fewer than ${steadyBatch} photos per step: their own mean and variance are noise, and they move the stored statistics too.`,
    find: (subject) => subject.plan.batch >= steadyBatch ? [] : subject.plan.stages.flatMap((stage, i) =>
      stage.batchNorm !== 'batch' || !trainsBatchNorm(subject, stage) ? [] : [{
        path: `stages.${i}.batchNorm`, message: `batch norm follows batches of ${subject.plan.batch}, which are too small to estimate statistics from`, fix: 'keep the stored statistics',
        mend: set('Write batchNorm: stored', `stages.${i}.batchNorm`, 'stored'),
      }]),
  },
  'head-frozen': {
    severity: 'warning', describe: 'A later stage changes the backbone under a head that is frozen and cannot follow.',
    find: ({ plan, network }) => !network ? [] : plan.stages.flatMap((stage, i) => {
      const trained = [...matchPatterns(network, stage.train).trained];
      return i === 0 || trained.length === 0 || trained.some(isOfHead) ? [] : [{
        path: `stages.${i}.train`, message: `the head is frozen while the backbone changes under it in “${stage.name}”`, fix: 'let it train along', mend: { title: 'Add head', changes: [{ type: 'add', path: `stages.${i}.train`, text: 'head' }] },
      }];
    }),
  },
  'backbone-rate': {
    severity: 'warning', describe: 'Pretrained blocks learn as fast as the new head did, or does: the first steps distort what was to be transferred (Kumar et al. 2022, arXiv:2202.10054).',
    find: backboneRates,
  },
  'fixed-variant': {
    severity: 'warning', describe: 'Random augmentation with one stored view where features are cached: each photo has one variant for good, and that is not augmentation.',
    find: ({ plan, network }) => !network ? [] : plan.stages.flatMap((stage, i) =>
      recipeOf(stage) === undefined || stage.views > 1 || !isCached(network, stage) ? [] : [{
        path: `stages.${i}.views`, message: `“${stage.name}” trains on cached features with one view: each photo is varied once, and stays so`, fix: 'keep some views', mend: set('Write views: 4', `stages.${i}.views`, '4'),
      }]),
  },
  'long-warmup': {
    severity: 'warning', describe: 'The rate rises for more than half of a stage, so that it hardly trains at its peak.',
    find: ({ plan }) => plan.stages.flatMap((stage, i) => stage.warmup <= 0.5 ? [] : [{
      path: `stages.${i}.warmup`, message: `the rate rises for ${percent(stage.warmup, 0)} of “${stage.name}”`, fix: '5% to 10% are usual', mend: set('Write warmup: 10%', `stages.${i}.warmup`, '10%'),
    }]),
  },
  'stage-repeats': {
    severity: 'information', describe: 'A stage trains the same layers in the same way as the one before it.',
    find: ({ plan, network, written }) => !network ? [] : plan.stages.flatMap((stage, i) => {
      const before = plan.stages[i - 1];
      return before === undefined || before.leaveAfter > 0 || !isSameTraining(network, before, stage) ? [] : [{
        path: `stages.${i}`, message: `“${stage.name}” trains the same as “${before.name}”, at the same rates`, fix: 'make them one stage',
        mend: stage.steps === 'auto' ? joined(written, i, before.epochs + stage.epochs) : undefined,
      }];
    }),
  },
  'pattern-shadowed': {
    severity: 'information', describe: 'A pattern of a `train` list names nothing that another does not.',
    find: ({ plan, network, written }) => !network ? [] : plan.stages.flatMap(({ train }, stage) => shadowed(network, train).map(({ index, by }): Finding => {
      const path = `stages.${stage}.train.${index}`;
      return { path, message: `${JSON.stringify(train[index])} is covered by ${JSON.stringify(by)}`, fix: 'take it out', mend: without(written, path, 'Take it out') };
    })),
  },
  'small-split': {
    severity: 'warning', describe: `Too few photos to choose the best epoch by (under 5 %, or under ${fewest} where the folder has been counted), or to judge by (under 50: the verdict will say *not assessed*).`,
    find: smallSplits,
  },
  'patience-unused': {
    severity: 'information', describe: 'Early stopping waits at least as long as every stage lasts, so it never acts.',
    find: ({ plan: { stages, stop }, written }) => {
      const longest = Math.max(...stages.map(({ epochs }) => epochs)), enough = Math.max(1, Math.floor(longest / 3));
      return !written.places.has('stop.patience') || stages.some(({ steps }) => steps !== 'auto') || stop.patience < longest || longest === 1 ? [] : [{
        path: 'stop.patience', message: `no stage has more than ${longest} epochs: early stopping with a patience of ${stop.patience} never acts`, fix: `write ${enough}, or leave it out`, mend: set(`Write ${enough}`, 'stop.patience', String(enough)),
      }];
    },
  },
  'batch-too-large': {
    severity: 'warning', describe: 'A step takes more photos than there are to train on (where the folder has been counted): each epoch is one step, mostly filled with nothing.',
    find: ({ plan, images }) => {
      const trained = Math.round((images ?? Infinity) * plan.data.split.train), fitting = 2 ** Math.floor(Math.log2(Math.max(1, trained / 4)));
      return plan.batch <= trained ? [] : [{
        path: 'batch', message: `a batch of ${plan.batch} is larger than the ${trained} photos that are trained on`, fix: `write ${fitting}`, mend: set(`Write batch: ${fitting}`, 'batch', String(fitting)),
      }];
    },
  },
  'input-size': {
    severity: 'information', describe: 'Photos of at least twice the area that the weights are used to, which takes as many times as long, or of less than half their side: things look smaller than any that the layers have learnt (Touvron et al. 2019, arXiv:1906.06423).',
    find: ({ plan: { inputSize }, ownInput }) => {
      if (inputSize === 'auto' || !ownInput) return [];
      const own = Math.sqrt(ownInput.height * ownInput.width), times = (inputSize / own) ** 2, mend = set('Write inputSize: auto', 'inputSize', 'auto');
      if (times >= 2) return [{ path: 'inputSize', message: `photos of ${inputSize} pixels have ${times.toFixed(1)} times the area of the ${Math.round(own)} that the weights are used to: features, steps and their memory grow as much, or more`, fix: 'worth it where details are small', mend }];
      return times >= 1 / 4 ? [] : [{ path: 'inputSize', message: `photos of ${inputSize} pixels are ${(own / inputSize).toFixed(1)} times as small as the ${Math.round(own)} that the weights are used to`, fix: 'faster; accuracy falls with size', mend }];
    },
  },
  'same-name': {
    severity: 'information', describe: 'Two stages have one name: charts and the journal cannot tell them apart.',
    find: ({ plan: { stages } }) => stages.flatMap(({ name }, i) => stages.findIndex((each) => each.name === name) === i ? [] : [{
      path: `stages.${i}.name`, message: `another stage is called “${name}” too`, fix: `call it “${name} ${i + 1}”`, mend: set('Give it a name of its own', `stages.${i}.name`, JSON.stringify(`${name} ${i + 1}`)),
    }]),
  },
};

/** In the order of the table. */
export function lint(subject: Subject, file: string): readonly Diagnostic[] {
  return Object.entries(lintRules).flatMap(([code, { severity, find }]) => find(subject).map(({ path, message, fix, mend }): Diagnostic => {
    const range = rangeAt(subject.written, path);
    return { code: code as LintCode, severity, message, fix, where: { file, ...(range && { range }) }, ...(mend && { mend }) };
  }));
}

const set = (title: string, path: string, text: string): Mend => ({ title, changes: [{ type: 'set', path, text }] });

/** The key or item at `path`, taken out. */
function without({ places }: Written, path: string, title: string): Mend | undefined {
  const place = places.get(path);
  return place && { title, changes: [{ type: 'remove', range: place.key ?? place.value }] };
}

function joined({ places }: Written, stage: number, epochs: number): Mend | undefined {
  const own = places.get(`stages.${stage}`);
  const changes: readonly FileChange[] = own ? [{ type: 'set', path: `stages.${stage - 1}.epochs`, text: String(epochs) }, { type: 'remove', range: own.value }] : [];
  return own && { title: 'Make them one stage', changes };
}

const isOfHead = (parameter: string): boolean => parameter.startsWith('head.');

function trainsBatchNorm({ network }: Subject, stage: StagePlan): boolean {
  if (!network) return true; // not known: no remark
  const { trained } = matchPatterns(network, stage.train), norms = new Set(network.nodes.filter(({ op }) => op.op === 'batchNorm').map(({ name }) => name));
  return parametersOf(network).some(({ name, node }) => trained.has(name) && norms.has(node));
}

const batchStatisticsOfNone = (subject: Subject): readonly Finding[] => subject.plan.stages.flatMap((stage, i) =>
  stage.batchNorm !== 'batch' || trainsBatchNorm(subject, stage) ? [] : [{
    path: `stages.${i}.batchNorm`, message: `no batch norm trains in “${stage.name}”: frozen ones keep their stored statistics`, fix: 'leave it out', mend: set('Write batchNorm: stored', `stages.${i}.batchNorm`, 'stored'),
  }]);

const decayOfHeadOnly = ({ plan, network, written }: Subject): readonly Finding[] => !network ? [] : plan.stages.flatMap((stage, i) =>
  stage.layerDecay === 1 || [...matchPatterns(network, stage.train).trained].some((name) => !isOfHead(name)) ? [] : [{
    path: `stages.${i}.layerDecay`, message: `only the head trains in “${stage.name}”: there is nothing to decay towards`, fix: 'leave it out', mend: without(written, `stages.${i}.layerDecay`, 'Take it out') ?? set('Write layerDecay: 1', `stages.${i}.layerDecay`, '1'),
  }]);

/** A key, the one that it belongs to, and whether that is so. */
const partners: readonly (readonly [key: keyof StagePlan, needs: string, isThere: (stage: StagePlan, network: Network | undefined) => boolean])[] = [
  ['momentum', 'optimizer: sgd or nesterov', ({ optimizer }) => optimizer === 'sgd' || optimizer === 'nesterov'],
  ['power', 'schedule: polynomial', ({ schedule }) => schedule === 'polynomial'],
  ['gamma', 'loss: focal', ({ loss }) => loss === 'focal'],
  ['delta', 'loss: huber', ({ loss }) => loss === 'huber'],
  ['views', 'random augmentation and frozen layers', (stage, network) => recipeOf(stage) !== undefined && (!network || isCached(network, stage))],
];

const withoutPartner = ({ plan, network, written }: Subject): readonly Finding[] => plan.stages.flatMap((stage, i) => partners.flatMap(([key, needs, isThere]) => {
  const path = `stages.${i}.${key}`;
  return !written.places.has(path) || isThere(stage, network) ? [] : [{ path, message: `${key} does nothing in “${stage.name}”: it belongs to ${needs}`, fix: 'leave it out', mend: without(written, path, 'Take it out') }];
}));

const isCached = (network: Network, { train }: StagePlan): boolean => freezeBoundary(network, matchPatterns(network, train).trained) !== 'input';

const budgetOfNone = ({ plan, written }: Subject): readonly Finding[] =>
  plan.controls.includes('scratch') || plan.scratchBudget === 'auto' || !written.places.has('scratchBudget') ? [] : [{
    path: 'scratchBudget', message: 'there is a budget for the control “scratch”, which is not in “controls”', fix: 'add scratch to controls, or leave it out', mend: { title: 'Add scratch to controls', changes: [{ type: 'add', path: 'controls', text: 'scratch' }] },
  }];

const featuresOfLast = ({ plan: { features }, network, isWhole, written }: Subject): readonly Finding[] =>
  !network || !isWhole || features === lastFeatures ? [] : [{ path: 'features', message: `nothing lies above ${features}: the backbone is whole`, fix: 'leave it out', mend: without(written, 'features', 'Take it out') }];

function backboneRates({ plan, network }: Subject): readonly Finding[] {
  if (!network || plan.weights === 'random') return []; // nothing is transferred that could be distorted
  const distances = headDistances(network);
  return plan.stages.flatMap((stage, i): readonly Finding[] => {
    const trained = [...matchPatterns(network, stage.train).trained], blocks = trained.filter((name) => !isOfHead(name));
    if (blocks.length === 0) return [];
    const fastest = Math.max(...blocks.map((name) => stage.rate * stage.layerDecay ** distances.get(name)!));
    const probe = plan.stages.slice(0, i).find((each) => each.optimizer === stage.optimizer && [...matchPatterns(network, each.train).trained].every(isOfHead));
    if (probe && fastest >= probe.rate) {
      const rate = String(Number((probe.rate / 10).toPrecision(2)));
      return [{ path: `stages.${i}.rate`, message: `pretrained blocks learn at ${shown(fastest)} in “${stage.name}”, no slower than the new head did in “${probe.name}” (${shown(probe.rate)})`, fix: `a tenth of it is usual: ${rate}`, mend: set(`Write rate: ${rate}`, `stages.${i}.rate`, rate) }];
    }
    if (probe || stage.layerDecay < 1 || !trained.some(isOfHead)) return [];
    return [{ path: `stages.${i}.layerDecay`, message: `the new head and pretrained blocks learn at one rate in “${stage.name}”, and no stage has trained the head before`, fix: 'let lower blocks move less, or train the head alone first', mend: set('Write layerDecay: 0.75', `stages.${i}.layerDecay`, '0.75') }];
  });
}

const shown = (rate: number): string => String(Number(rate.toPrecision(2)));

function isSameTraining(network: Network, a: StagePlan, b: StagePlan): boolean {
  const { name: _a, epochs: _b, train: trainA, ...waysA } = a, { name: _c, epochs: _d, train: trainB, ...waysB } = b;
  const one = matchPatterns(network, trainA).trained, other = matchPatterns(network, trainB).trained;
  return JSON.stringify(waysA) === JSON.stringify(waysB) && one.size === other.size && [...one].every((name) => other.has(name));
}

/** Patterns that one other covers wholly; of two that say the same, the later one. */
function shadowed(network: Network, patterns: readonly string[]): readonly { readonly index: number; readonly by: string }[] {
  const covers = patterns.map((pattern) => matchPatterns(network, [pattern]).trained);
  return covers.flatMap((own, index) => {
    const by = covers.findIndex((other, j) => j !== index && (other.size > own.size || (other.size === own.size && j < index)) && [...own].every((name) => other.has(name)));
    return by < 0 || own.size === 0 ? [] : [{ index, by: patterns[by]! }];
  });
}

function smallSplits({ plan: { data: { split } }, images }: Subject): readonly Finding[] {
  const { train, validation, test } = split, counted = images === undefined ? undefined : { validation: Math.round(images * validation), test: Math.round(images * test) };
  const usual = (key: 'validation' | 'test'): Mend | undefined => {
    const rest = train + split[key] - 0.15;
    return split[key] >= 0.15 || rest < 0.3 ? undefined : { title: `Write ${key}: 15%, train: ${Number((rest * 100).toFixed(4))}%`, changes: [{ type: 'set', path: `data.split.${key}`, text: '15%' }, { type: 'set', path: 'data.split.train', text: `${Number((rest * 100).toFixed(4))}%` }] };
  };
  return [
    ...(counted ? counted.validation < fewest : validation < 0.05) ? [{ path: 'data.split.validation', message: `${counted ? `some ${counted.validation} photos` : percent(validation)} of validation are few to choose the best epoch by`, fix: '15% is usual; a small folder needs more photos', mend: usual('validation') }] : [],
    ...counted && counted.test < 50 ? [{ path: 'data.split.test', message: `some ${counted.test} photos of test are too few to judge by: the verdict will say “not assessed”`, fix: '50 are needed at least', mend: usual('test') }] : [],
  ];
}
