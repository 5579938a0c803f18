import type { Architecture } from '../backbones/card.ts';
import { freezeBoundary } from '../backbones/boundary.ts';
import { matchPatterns } from '../backbones/freezePlan.ts';
import type { Network } from '../backbones/op.ts';
import { shapesOf } from '../backbones/shapes.ts';
import type { Checked, Diagnostic, DiagnosticCode, TextRange } from '../protocol/diagnostic.ts';
import { nameOf } from './fieldReader.ts';
import type { Written } from './parse.ts';
import type { Plan } from './plan.ts';
import { isRestrained } from './restraints.ts';
import { controlOptions, maxMembers } from './schema.ts';
import type { ValueMap } from './schema.ts';
import { memberCount } from './sweep.ts';

/** A Plan but for `off`, which becomes a control less. */
export type FilledPlan = Omit<Plan, 'scratchBudget'> & { readonly scratchBudget: Plan['scratchBudget'] | 'off' };

/** What types cannot say: that patterns match, that something trains, that shares make a whole. */
export class SenseCheck {
  readonly #plan: FilledPlan;
  readonly #written: Written;
  readonly #file: string;
  readonly #backbone: Checked<Architecture | undefined>;

  /** backbone: what its name stands for, as far as that is known. */
  constructor(plan: FilledPlan, written: Written, file: string, backbone: Checked<Architecture | undefined>) {
    this.#plan = plan;
    this.#written = written;
    this.#file = file;
    this.#backbone = backbone;
  }

  errors(): Diagnostic[] {
    const { stages } = this.#plan, found = this.#backbone, network = found.ok ? found.value?.network(2) : undefined; // names do not depend on the number of classes
    const problems = [...this.#split(), ...this.#task(), ...this.#members(), ...found.ok ? [] : this.#ofBackbone(found.errors)];
    if (stages.length === 0) return [...problems, this.#problem('nothing-trains', 'there is no stage', 'stages', 'add `- { train: [head] }`')];
    return [...problems, ...stages.flatMap((_, stage) => [...this.#contradictions(stage), ...this.#classesOnly(stage)]), ...network ? stages.flatMap((_, stage) => this.#stage(stage, network)) : []];
  }

  /** Allowed, and said: weights that are not there yet, controls that were taken out. */
  remarks(): Diagnostic[] {
    return [...this.#ofBackbone(this.#backbone.warnings), ...this.#missingControls()];
  }

  /** An error that one of the runs of `variants` would have: where the variants stand. */
  ofVariant(name: string, { code, message, fix }: Diagnostic): Diagnostic {
    return this.#problem(code, `the run ${JSON.stringify(name)}: ${message}`, 'variants', fix);
  }

  #task(): Diagnostic[] {
    const { task, data } = this.#plan;
    if (task === 'image-classification' || data.manifest !== undefined) return [];
    return [this.#problem('missing-key', `${task} needs a manifest: folders can only say one class each`, 'task', 'write `data: { manifest: … }`, a CSV or JSONL file with a row for each photo')];
  }

  /** Of a task with other outputs than classes. */
  #classesOnly(stage: number): Diagnostic[] {
    const { task, stages } = this.#plan, { labelSmoothing, classBalance, loss } = stages[stage]!;
    if (task === 'image-classification') return [];
    const keys = [...labelSmoothing > 0 ? ['labelSmoothing'] : [], ...classBalance !== 'none' ? ['classBalance'] : [], ...loss !== 'cross-entropy' ? ['loss'] : []];
    return keys.map((key) => this.#problem('out-of-range', `${nameOf(`stages.${stage}.${key}`)} is for classes, and the task is ${task}`, `stages.${stage}.${key}`, 'take it out'));
  }

  #members(): Diagnostic[] {
    const members = memberCount(this.#plan);
    if (members <= maxMembers) return [];
    return [this.#problem('out-of-range', `variants and seeds make ${members} runs`, Object.keys(this.#plan.variants).length > 0 ? 'variants' : 'seeds', `let them be ${maxMembers} at most`)];
  }

  #ofBackbone(diagnostics: readonly Diagnostic[]): Diagnostic[] {
    return diagnostics.map(({ severity, code, message, fix }) => this.#diagnostic(severity, code, message, 'backbone', fix));
  }

  #missingControls(): Diagnostic[] {
    const { controls, scratchBudget } = this.#plan;
    return (Object.keys(controlOptions) as (keyof typeof controlOptions)[]).flatMap((control) => {
      const off = control === 'scratch' && scratchBudget === 'off', [why, path] = off ? ['scratchBudget is off', 'scratchBudget'] : ['it is not in "controls"', 'controls'];
      if (controls.includes(control) && !off) return [];
      return [this.#diagnostic('information', 'control-off', `the control "${control}" will not run: ${why}`, path, 'the verdict will say that it is missing')];
    });
  }

  #split(): Diagnostic[] {
    const { train, validation, test } = this.#plan.data.split, sum = train + validation + test;
    if (Math.abs(sum - 1) < 1e-6) return [];
    const [shares, whole] = [[train, validation, test].map(asPercent).join(' + '), asPercent(sum)];
    return [this.#problem('out-of-range', `train, validation and test are ${shares} = ${whole}`, 'data.split', 'let them sum to 100%; a share that is not written has its default (70%, 15%, 15%)')];
  }

  #stage(stage: number, network: Network): Diagnostic[] {
    const path = `stages.${stage}.train`, patterns = this.#plan.stages[stage]!.train;
    const { trained, unmatched } = matchPatterns(network, patterns);
    if (unmatched.length > 0) {
      return unmatched.map(({ pattern, suggestion }) => this.#problem('pattern-matches-nothing', `no block or layer ${JSON.stringify(pattern)} in ${network.name}`,
        `${path}.${patterns.indexOf(pattern)}`, suggestion && `did you mean "${suggestion}"?`));
    }
    if (trained.size === 0) return [this.#problem('nothing-trains', `nothing trains in ${nameOf(`stages.${stage}`)}`, path, 'write [head], or tick a layer')];
    const headFrozen = stage === 0 && ![...trained].some((name) => name.startsWith('head.'));
    return [...headFrozen ? [this.#problem('head-frozen', 'the head is new and random, but frozen in the first stage', path, 'add head')] : [], ...this.#ofTrained(stage, network, trained)];
  }

  /** Keys of one stage that cannot both be meant, whatever the network. */
  #contradictions(stage: number): Diagnostic[] {
    const { steps, wiseFt, augment } = this.#plan.stages[stage]!, path = `stages.${stage}`, of = nameOf(path);
    const written = (this.#written.values['stages'] as readonly ValueMap[] | undefined)?.[stage];
    return [
      ...steps !== 'auto' && written?.['steps'] !== undefined && written['epochs'] !== undefined ? [this.#problem('contradiction', `${of} counts both steps and epochs`, `${path}.steps`, 'take one of them out')] : [],
      ...wiseFt !== 'off' && stage === 0 ? [this.#problem('contradiction', 'wiseFt goes back towards the beginning of its stage, and the head of the first stage begins at random', `${path}.wiseFt`, 'train the head in a stage before it')] : [],
      ...augment.length === 0 ? [this.#problem('wrong-type', `${nameOf(`${path}.augment`)} is an empty list`, `${path}.augment`, 'write `none`')] : [],
    ];
  }

  /** Keys that have nothing to act on where so much is frozen. */
  #ofTrained(stage: number, network: Network, trained: ReadonlySet<string>): Diagnostic[] {
    const { cutmix, regularize } = this.#plan.stages[stage]!, path = `stages.${stage}`, boundary = freezeBoundary(network, trained);
    const isMap = boundary === 'input' || shapesOf(network).get(boundary)?.length === 3, headOnly = [...trained].every((name) => name.startsWith('head.'));
    return [
      ...cutmix > 0 && !isMap ? [this.#problem('contradiction', `cutmix cuts rectangles, and what trains in ${nameOf(path)} begins behind "${boundary}", where there are none`, `${path}.cutmix`, 'use mixup, or train a block before it')] : [],
      ...isRestrained(regularize) && headOnly ? [this.#problem('contradiction', `regularize holds pretrained layers where they were, and in ${nameOf(path)} none of them trains`, `${path}.regularize`, 'take it out, or train a block')] : [],
    ];
  }

  #problem(code: DiagnosticCode, message: string, path: string, fix?: string): Diagnostic {
    return this.#diagnostic('error', code, message, path, fix);
  }

  #diagnostic(severity: Diagnostic['severity'], code: DiagnosticCode, message: string, path: string, fix?: string): Diagnostic {
    const range = this.#rangeOf(path);
    return { code, severity, message, ...(fix && { fix }), where: { file: this.#file, ...(range && { range }) } };
  }

  /** Of the value at `path`, or of the nearest key above it that stands in the file. */
  #rangeOf(path: string): TextRange | undefined {
    for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const place = this.#written.places.get(at);
      if (place) return place.value;
    }
    return undefined;
  }
}

const asPercent = (share: number): string => `${Number((share * 100).toFixed(4))}%`;
