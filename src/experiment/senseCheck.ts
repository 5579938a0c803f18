import type { Architecture } from '../backbones/card.ts';
import { freezeTree } from '../backbones/freezeTree.ts';
import { freezeBoundary } from '../backbones/boundary.ts';
import { matchPatterns } from '../backbones/freezePlan.ts';
import { upTo } from '../backbones/earlierFeatures.ts';
import { atInputSize } from '../backbones/inputSize.ts';
import { networkOf } from '../backbones/networkOf.ts';
import type { Network } from '../backbones/op.ts';
import { shapesOf } from '../backbones/shapes.ts';
import type { Checked, Diagnostic, DiagnosticCode, Mend } from '../protocol/diagnostic.ts';
import { nameOf } from './fieldReader.ts';
import { yamlText } from './format.ts';
import { otherName } from './otherNames.ts';
import type { Written } from './parse.ts';
import { rangeAt } from './places.ts';
import { suggest } from '../base/suggest.ts';
import { hasBatchNorm } from './stageLayers.ts';
import type { Plan, StagePlan } from './plan.ts';
import { isRestrained } from './restraints.ts';
import { controlOptions, maxMembers, orList } from './schema.ts';
import type { ValueMap } from './schema.ts';
import { memberCount } from './sweep.ts';

/** A Plan but for `off`, which becomes a control less. */
export type FilledPlan = Omit<Plan, 'scratchBudget'> & { readonly scratchBudget: Plan['scratchBudget'] | 'off' };

/** Where data may lie, for remarks on data that does not. */
export interface DataPlaces {
  /** Absolute folder from the one that is written (relative to the file). */
  readonly folderOf: (written: string) => string;
  /** Names beside a file or folder (absolute) that is not there; undefined: it is, or nobody has looked. */
  readonly besideMissing?: (path: string) => readonly string[] | undefined;
}

/** What types cannot say: that patterns match, that something trains, that shares make a whole. */
export class SenseCheck {
  readonly #plan: FilledPlan;
  readonly #written: Written;
  readonly #file: string;
  readonly #backbone: Checked<Architecture | undefined>;

  /** backbone: what its name stands for, as far as that is known, at its own size: layers are the same at any. */
  constructor(plan: FilledPlan, written: Written, file: string, backbone: Checked<Architecture | undefined>) {
    this.#plan = plan;
    this.#written = written;
    this.#file = file;
    this.#backbone = backbone;
  }

  errors(): Diagnostic[] {
    const { stages } = this.#plan, found = this.#backbone, whole = found.ok ? found.value : undefined, cut = whole && upTo(whole, this.#plan.features), used = cut?.ok ? cut.value : whole, network = used && networkOf(used);
    const problems = [...this.#split(), ...this.#task(), ...this.#members(), ...found.ok ? [] : this.#ofBackbone(found.errors), ...whole ? this.#inputSize(whole) : [], ...cut ? this.#features(cut) : []];
    if (stages.length === 0) return [...problems, this.#problem('nothing-trains', 'there is no stage', 'stages', 'add `- { train: [head] }`', set('Add a stage', 'stages', '[{ train: [head] }]'))];
    return [...problems, ...stages.flatMap((_, stage) => [...this.#contradictions(stage), ...this.#classesOnly(stage), ...this.#loss(stage)]), ...network ? stages.flatMap((_, stage) => this.#stage(stage, network, used.whole && networkOf(used.whole))) : []];
  }

  /** Allowed, and said: weights that are not there yet, controls that were taken out. */
  remarks(): Diagnostic[] {
    return [...this.#ofBackbone(this.#backbone.warnings), ...this.#missingControls()];
  }

  /** An error that one of the runs of `variants` would have: where the variants stand. */
  ofVariant(name: string, { code, message, fix }: Diagnostic): Diagnostic {
    return this.#problem(code, `the run ${JSON.stringify(name)}: ${message}`, 'variants', fix);
  }

  /** No error: an experiment may be written where its photos are not. */
  missingData({ folderOf, besideMissing }: DataPlaces): Diagnostic[] {
    const { data, sourceData } = this.#plan;
    const named = [...data.manifest === undefined ? [['data.folder', data.folder, 'folder'] as const] : [['data.manifest', data.manifest, 'manifest'] as const], ...sourceData === 'none' ? [] : [['sourceData', sourceData, 'folder'] as const]];
    return named.flatMap(([path, written, what]) => {
      const beside = besideMissing?.(folderOf(written)), name = written.split('/').at(-1)!, near = beside && suggest(name, beside);
      const meant = near === undefined ? undefined : `${written.slice(0, written.length - name.length)}${near}`;
      return beside === undefined ? [] : [this.#diagnostic('warning', what === 'manifest' ? 'no-manifest' : 'no-folder', `there is no ${what} ${JSON.stringify(written)} here`, path, meant === undefined ? 'check the path: it is relative to the experiment file' : `did you mean ${JSON.stringify(meant)}?`, meant === undefined ? undefined : set(`Write ${meant}`, path, yamlText(meant)))];
    });
  }

  #task(): Diagnostic[] {
    const { task, data } = this.#plan;
    if (task === 'image-classification' || data.manifest !== undefined) return [];
    return [this.#problem('missing-key', `${task} needs a manifest: folders can only say one class each`, 'task', 'write `data: { manifest: … }`, a CSV or JSONL file with a row for each photo')];
  }

  /** Of a task with other outputs than classes. */
  #classesOnly(stage: number): Diagnostic[] {
    const { task, stages } = this.#plan, { labelSmoothing, classBalance, headStart } = stages[stage]!;
    if (task === 'image-classification') return [];
    const keys = [...labelSmoothing > 0 ? ['labelSmoothing'] : [], ...classBalance !== 'none' ? ['classBalance'] : [], ...headStart !== 'kept' ? ['headStart'] : []];
    return keys.map((key) => this.#problem('out-of-range', `${nameOf(`stages.${stage}.${key}`)} is for classes, and the task is ${task}`, `stages.${stage}.${key}`, 'take it out', this.#without(`stages.${stage}.${key}`)));
  }

  /** A loss of another task. */
  #loss(stage: number): Diagnostic[] {
    const { task, stages } = this.#plan, { loss } = stages[stage]!, path = `stages.${stage}.loss`;
    if (losses[task].includes(loss)) return [];
    return [this.#problem('out-of-range', `${nameOf(path)} is ${loss}, and the task is ${task}`, path, `take it out, or write ${orList(losses[task])}`, set('Write auto', path, 'auto'))];
  }

  #members(): Diagnostic[] {
    const members = memberCount(this.#plan);
    if (members <= maxMembers) return [];
    return [this.#problem('out-of-range', `variants and seeds make ${members} runs`, Object.keys(this.#plan.variants).length > 0 ? 'variants' : 'seeds', `let them be ${maxMembers} at most`)];
  }

  #ofBackbone(diagnostics: readonly Diagnostic[]): Diagnostic[] {
    return diagnostics.map(({ severity, code, message, fix, mend }) => this.#diagnostic(severity, code, message, 'backbone', fix, mend));
  }

  #inputSize(backbone: Architecture): Diagnostic[] {
    const fed = atInputSize(backbone, this.#plan.inputSize);
    return fed.ok ? [] : fed.errors.map(({ code, message, fix, mend }) => this.#problem(code, message, 'inputSize', fix, mend));
  }

  /** The block that the head stands on, and keys that need the source task's own head. */
  #features(cut: Checked<Architecture>): Diagnostic[] {
    const { features, sourceData, stages } = this.#plan;
    if (!cut.ok) return cut.errors.map(({ code, message, fix, mend }) => this.#problem(code, message, 'features', fix, mend));
    if (!cut.value.whole) return [];
    const why = `the source task’s own head needs the features of its last block, and the backbone ends after ${features}`;
    return [
      ...sourceData === 'none' ? [] : [this.#problem('contradiction', `sourceData measures what was forgotten: ${why}`, 'sourceData', 'take one of them out', this.#without('sourceData') ?? set('Write features: last', 'features', 'last'))],
      ...stages.flatMap(({ regularize: { lwf } }, stage) => lwf === 0 ? [] : [this.#problem('contradiction', `${nameOf(`stages.${stage}.regularize.lwf`)}: ${why}`, `stages.${stage}.regularize.lwf`, 'use `delta` or `l2sp` instead', this.#without(`stages.${stage}.regularize.lwf`))]),
    ];
  }

  #missingControls(): Diagnostic[] {
    const { controls, scratchBudget, weights } = this.#plan;
    return (Object.keys(controlOptions) as (keyof typeof controlOptions)[]).flatMap((control) => {
      if (weights === 'random' && ['scratch', 'random-features', 'linear-probe'].includes(control)) return []; // the run is one itself, and has no pretrained features to probe
      const off = control === 'scratch' && scratchBudget === 'off', [why, path] = off ? ['scratchBudget is off', 'scratchBudget'] : ['it is not in "controls"', 'controls'];
      if (controls.includes(control) && !off) return [];
      const mend = off ? set('Write auto', 'scratchBudget', 'auto') : { title: `Add ${control}`, changes: [{ type: 'add', path, text: control } as const] };
      return [this.#diagnostic('information', 'control-off', `the control "${control}" will not run: ${why}`, path, 'the verdict will say that it is missing', mend)];
    });
  }

  #split(): Diagnostic[] {
    const { train, validation, test } = this.#plan.data.split, sum = train + validation + test;
    if (Math.abs(sum - 1) < 1e-6) return [];
    const [shares, whole] = [[train, validation, test].map(asPercent).join(' + '), asPercent(sum)];
    return [this.#problem('out-of-range', `train, validation and test are ${shares} = ${whole}`, 'data.split', 'let them sum to 100%; a share that is not written has its default (70%, 15%, 15%)', this.#balanced())];
  }

  /** The share that most likely was not thought of: the first that is not written, else the one of training. */
  #balanced(): Mend | undefined {
    const { split } = this.#plan.data, shares = ['train', 'test', 'validation'] as const;
    const key = shares.find((each) => !this.#written.places.has(`data.split.${each}`)) ?? 'train';
    const share = 1 - shares.reduce((sum, each) => each === key ? sum : sum + split[each], 0), text = asPercent(share);
    return share >= 0.01 && share <= 0.98 ? set(`Write ${key}: ${text}`, `data.split.${key}`, text) : undefined;
  }

  /** whole: the network that `network` was cut from. */
  #stage(stage: number, network: Network, whole: Network | undefined): Diagnostic[] {
    const path = `stages.${stage}.train`, patterns = this.#plan.stages[stage]!.train;
    const { trained, unmatched } = matchPatterns(network, patterns);
    if (unmatched.length > 0) {
      return unmatched.map(({ pattern, suggestion: near }) => {
        if (whole && matchPatterns(whole, [pattern]).trained.size > 0) return this.#above(stage, pattern);
        const suggestion = otherName(pattern, ['head', 'all']) ?? near, at = `${path}.${patterns.indexOf(pattern)}`, range = rangeAt(this.#written, at);
        return this.#problem('pattern-matches-nothing', `no block or layer ${JSON.stringify(pattern)} in ${network.name}`, at, suggestion === undefined ? `there are ${namesText(freezeTree(network).map(({ path }) => path))}` : `did you mean "${suggestion}"?`,
          suggestion === undefined || !range ? undefined : { title: `Write ${suggestion}`, changes: [{ type: 'replace', range, text: yamlText(suggestion) }] });
      });
    }
    if (trained.size === 0) return [this.#problem('nothing-trains', `nothing trains in ${nameOf(`stages.${stage}`)}`, path, 'write [head], or tick a layer', set('Write [head]', path, '[head]'))];
    const headFrozen = stage === 0 && ![...trained].some((name) => name.startsWith('head.'));
    return [...headFrozen ? [this.#problem('head-frozen', 'the head is new and random, but frozen in the first stage', path, 'add head', { title: 'Add head', changes: [{ type: 'add', path, text: 'head' }] })] : [], ...this.#ofTrained(stage, network, trained), ...this.#ofRandom(stage, network, trained)];
  }

  /** A pattern that names what `features` leaves out. */
  #above(stage: number, pattern: string): Diagnostic {
    const { features, stages } = this.#plan, { train } = stages[stage]!, path = `stages.${stage}.train`, at = `${path}.${train.indexOf(pattern)}`, range = rangeAt(this.#written, at);
    const mend: Mend | undefined = train.length === 1 ? set('Write [head]', path, '[head]') : range && { title: 'Take it out', changes: [{ type: 'remove', range }] };
    return this.#problem('pattern-matches-nothing', `${JSON.stringify(pattern)} lies above ${features}, where the backbone ends`, at, 'take it out, or let `features` be a later block', mend);
  }

  /** Keys of one stage that cannot both be meant, whatever the network. */
  #contradictions(stage: number): Diagnostic[] {
    const { steps, wiseFt, augment } = this.#plan.stages[stage]!, path = `stages.${stage}`, of = nameOf(path);
    const written = (this.#written.values['stages'] as readonly ValueMap[] | undefined)?.[stage];
    return [
      ...steps !== 'auto' && written?.['steps'] !== undefined && written['epochs'] !== undefined ? [this.#problem('contradiction', `${of} counts both steps and epochs`, `${path}.steps`, 'take one of them out', this.#without(`${path}.epochs`))] : [],
      ...wiseFt !== 'off' && stage === 0 ? [this.#problem('contradiction', 'wiseFt goes back towards the beginning of its stage, and the head of the first stage begins at random', `${path}.wiseFt`, 'train the head in a stage before it', set('Write wiseFt: off', `${path}.wiseFt`, 'off'))] : [],
      ...augment.length === 0 ? [this.#problem('wrong-type', `${nameOf(`${path}.augment`)} is an empty list`, `${path}.augment`, 'write `none`', set('Write none', `${path}.augment`, 'none'))] : [],
    ];
  }

  /** Keys that have nothing to act on where so much is frozen. */
  #ofTrained(stage: number, network: Network, trained: ReadonlySet<string>): Diagnostic[] {
    const { cutmix, regularize, headStart } = this.#plan.stages[stage]!, path = `stages.${stage}`, boundary = freezeBoundary(network, trained);
    const isMap = boundary === 'input' || shapesOf(network).get(boundary)?.length === 3, headOnly = [...trained].every((name) => name.startsWith('head.'));
    return [
      ...cutmix > 0 && !isMap ? [this.#problem('contradiction', `cutmix cuts rectangles, and what trains in ${nameOf(path)} begins behind "${boundary}", where there are none`, `${path}.cutmix`, 'use mixup, or train a block before it', set('Write cutmix: 0', `${path}.cutmix`, '0'))] : [],
      ...isRestrained(regularize) && headOnly ? [this.#problem('contradiction', `regularize holds pretrained layers where they were, and in ${nameOf(path)} none of them trains`, `${path}.regularize`, 'take it out, or train a block', this.#without(`${path}.regularize`))] : [],
      ...headStart === 'prototypes' && !headOnly ? [this.#problem('contradiction', `class means stand for the head where it alone trains, and in ${nameOf(path)} more does`, `${path}.headStart`, 'give them a stage of their own before it: `{ train: [head], headStart: prototypes }`', set('Write headStart: kept', `${path}.headStart`, 'kept'))] : [],
    ];
  }

  /** Random weights that never learn are no features, and there are no statistics to keep. */
  #ofRandom(stage: number, network: Network, trained: ReadonlySet<string>): Diagnostic[] {
    const { batchNorm, regularize } = this.#plan.stages[stage]!, path = `stages.${stage}`, of = nameOf(path);
    if (this.#plan.weights === 'pretrained') return [];
    return [
      ...stage === 0 && matchPatterns(network, ['all']).trained.size > trained.size ? [this.#problem('contradiction', `weights are random, and some of them are frozen in ${of}`, `${path}.train`, 'write [all]', set('Write [all]', `${path}.train`, '[all]'))] : [],
      ...stage === 0 && batchNorm === 'stored' && hasBatchNorm(network) ? [this.#problem('contradiction', `weights are random: no statistics came with them that ${of} could use`, `${path}.batchNorm`, 'write `batchNorm: batch`', set('Write batchNorm: batch', `${path}.batchNorm`, 'batch'))] : [],
      ...isRestrained(regularize) ? [this.#problem('contradiction', `regularize holds ${of} near pretrained weights, and there are none`, `${path}.regularize`, 'take it out', this.#without(`${path}.regularize`))] : [],
    ];
  }

  #without(path: string): Mend | undefined {
    const key = this.#written.places.get(path)?.key;
    return key && { title: 'Take it out', changes: [{ type: 'remove', range: key }] };
  }

  #problem(code: DiagnosticCode, message: string, path: string, fix?: string, mend?: Mend): Diagnostic {
    return this.#diagnostic('error', code, message, path, fix, mend);
  }

  #diagnostic(severity: Diagnostic['severity'], code: DiagnosticCode, message: string, path: string, fix?: string, mend?: Mend): Diagnostic {
    const range = rangeAt(this.#written, path);
    return { code, severity, message, ...(fix && { fix }), where: { file: this.#file, ...(range && { range }) }, ...(mend && { mend }) };
  }
}

/** "stem, blocks.0 to blocks.6, conv_head, head". */
function namesText(paths: readonly string[]): string {
  const series: string[][] = [];
  const kindOf = (path: string): string => path.replace(/\d+$/, '');
  for (const path of paths) {
    const last = series.at(-1);
    if (last && kindOf(last[0]!) === kindOf(path) && /\d$/.test(path)) last.push(path);
    else series.push([path]);
  }
  return series.map((each) => each.length > 2 ? `${each[0]!} to ${each.at(-1)!}` : each.join(', ')).join(', ');
}

const losses: { readonly [T in Plan['task']]: readonly StagePlan['loss'][] } = {
  'image-classification': ['auto', 'cross-entropy', 'focal'],
  'image-multi-label': ['auto', 'cross-entropy'],
  'image-regression': ['auto', 'squared', 'huber'],
};

const set = (title: string, path: string, text: string): Mend => ({ title, changes: [{ type: 'set', path, text }] });

export const asPercent = (share: number): string => `${Number((share * 100).toFixed(4))}%`;
