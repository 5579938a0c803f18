import { Bug } from '../base/bug.ts';
import { grouped } from '../base/grouped.ts';
import { codePoints } from '../base/order.ts';
import { rng } from '../base/rng.ts';
import { percent } from '../base/units.ts';
import type { SplitPlan } from '../experiment/plan.ts';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { fewestPerClass, smallClasses } from './classSize.ts';
import { type FoundFile, type Sample, type SampleId, shownLabels, type Split } from './sample.ts';

export interface Splits {
  /** Samples that are missing here are left out; a diagnostic says why. */
  readonly splits: ReadonlyMap<SampleId, Split>;
  /** How they came about, for people: `at random, 70 / 15 / 15 %, seed 7`. */
  readonly splitBy: string;
  readonly diagnostics: readonly Diagnostic[];
}

const splitNames = ['train', 'validation', 'test'] as const satisfies readonly Split[];

type Shares = Readonly<Record<Split, number>>;

/**
 * Puts every sample into train, validation or test: class by class in the plan's shares, at random by the plan's seed,
 * duplicate groups together. Splits that the folder brings are kept; a missing one is taken from its train folder.
 * Samples whose split is known from `earlier` runs stay there, so that new files do not reshuffle old ones.
 * `found`: every file of the scan, to name the classes that lost too many to bad files. `by`: who brings given splits.
 */
export function splitSamples(
  samples: readonly Sample[], plan: SplitPlan, earlier: ReadonlyMap<SampleId, Split> = new Map(), found: readonly FoundFile[] = samples,
  by: 'folder' | 'manifest' = 'folder',
): Checked<Splits> {
  const given = new Set(samples.flatMap(({ givenSplit }) => givenSplit ?? []));
  const shares = sharesOf(plan, given);
  const splits = new Map<SampleId, Split>(samples.flatMap(({ id, givenSplit }) => givenSplit && givenSplit !== 'train' ? [[id, givenSplit]] : []));
  const diagnostics = lostClasses(samples, found);
  const units = unitsOf(samples.filter(({ id }) => !splits.has(id)), plan);
  for (const [label, ofClass] of grouped(units, (unit) => unit.label)) drawClass(label, ofClass, shares, plan.seed, earlier, splits, diagnostics);
  leaveOutUntrained(samples, splits, diagnostics);
  const wanted = splitNames.filter((split) => given.has(split) || shares[split] > 0);
  const errors = shortcomings(samples, splits, wanted);
  if (errors.length > 0) return { ok: false, errors, warnings: diagnostics };
  diagnostics.push(...gapsOf(samples, splits, wanted));
  const kept = units.flatMap(({ ids }) => ids).filter((id) => earlier.get(id) !== undefined && earlier.get(id) === splits.get(id)).length;
  return { ok: true, value: { splits, splitBy: wordsOf(plan, given, wanted, kept, by), diagnostics }, warnings: [] };
}

/** Samples that must not be parted. */
interface Unit {
  /** Class (or stratum) of its first member: near-duplicates may stand under two. */
  readonly label: string;
  readonly ids: readonly SampleId[];
}

/** Shares among the samples that no given folder settles, summing to 1. */
function sharesOf(plan: SplitPlan, given: ReadonlySet<Split>): Shares {
  const open = splitNames.map((split) => split === 'train' || !given.has(split) ? plan[split] : 0);
  const sum = open.reduce((a, b) => a + b, 0);
  if (!(sum > 0)) throw new Bug('a split plan needs shares');
  const [train, validation, test] = open.map((share) => share / sum) as [number, number, number];
  return { train, validation, test };
}

function unitsOf(samples: readonly Sample[], { keepTogether }: SplitPlan): Unit[] {
  const sorted = [...samples].sort((a, b) => codePoints(a.id, b.id)); // the order of files must not matter
  const groups = grouped(sorted, ({ id, duplicateGroup }) => keepTogether === 'nothing' || duplicateGroup === undefined ? `file ${id}` : `group ${duplicateGroup}`);
  return [...groups.values()].map((members) => ({ label: members[0]!.stratum ?? members[0]!.label, ids: members.map(({ id }) => id) }));
}

/** Units known from earlier runs first, then the rest: the largest first, each to the split that lacks most. */
function drawClass(
  label: string, units: readonly Unit[], shares: Shares, seed: number, earlier: ReadonlyMap<SampleId, Split>,
  splits: Map<SampleId, Split>, diagnostics: Diagnostic[],
): void {
  const targets = targetsOf(units.reduce((sum, { ids }) => sum + ids.length, 0), shares);
  const have: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  const place = ({ ids }: Unit, split: Split): void => {
    for (const id of ids) splits.set(id, split);
    have[split] += ids.length;
  };
  const fresh = units.filter((unit) => {
    const before = earlierSplit(unit, earlier, shares, diagnostics);
    if (before) place(unit, before);
    return !before;
  });
  const order = rng(seed, 'split', label).shuffled(fresh).sort((a, b) => b.ids.length - a.ids.length); // a stable sort
  for (const unit of order) {
    const lack = (split: Split): number => targets[split] - have[split] + (have[split] === 0 && targets[split] > 0 ? 0.5 : 0); // an empty one first
    place(unit, splitNames.reduce((best, split) => lack(split) > lack(best) ? split : best));
  }
}

/** Images of one class per split: the shares, but at least one each while there are enough; train, then test come first. */
function targetsOf(count: number, shares: Shares): Record<Split, number> {
  const wanted = (['train', 'test', 'validation'] as const).filter((split) => shares[split] > 0);
  const targets: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  for (const split of wanted.slice(0, count)) targets[split] = Math.max(1, Math.round(shares[split] * count));
  targets.train = Math.max(1, count - targets.validation - targets.test);
  return targets;
}

/** Where an earlier run put a unit. One that only now turned out to belong together goes to train, so that nothing tested was trained on. */
function earlierSplit({ ids }: Unit, earlier: ReadonlyMap<SampleId, Split>, shares: Shares, diagnostics: Diagnostic[]): Split | undefined {
  const before = new Set(ids.flatMap((id) => earlier.get(id) ?? []).filter((split) => shares[split] > 0));
  if (before.size < 2) return [...before][0];
  diagnostics.push({
    code: 'leak', severity: 'information', where: { file: ids[0]! },
    message: `it and its near-duplicates were in ${[...before].join(' and ')} of an earlier run: now all train`,
  });
  return 'train';
}

/** Classes that bad files made too small or emptied. What was too small before is said by the scan. */
function lostClasses(samples: readonly Sample[], found: readonly FoundFile[]): Diagnostic[] {
  const usable = countsOf(samples), before = countsOf(found);
  const emptied = [...before].filter(([label]) => !usable.has(label)).map(([label, count]): Diagnostic => ({
    code: 'empty-class', severity: 'warning', where: { file: label },
    message: `class ${JSON.stringify(label)} has no usable image (${count} found): left out`,
  }));
  return [...emptied, ...smallClasses([...usable].filter(([label]) => before.get(label)! >= fewestPerClass))];
}

const countsOf = (files: readonly FoundFile[]): Map<string, number> =>
  new Map([...byLabel(files)].map(([label, members]) => [label, members.length]));

/** By each of its labels: a file with several stands under all of them. */
const byLabel = <T extends FoundFile>(files: readonly T[]): Map<string, T[]> => {
  const pairs = grouped(files.flatMap((file) => shownLabels(file).map((label) => ({ label, file }))), ({ label }) => label);
  return new Map([...pairs].map(([label, members]) => [label, members.map(({ file }) => file)]));
};

/** A class that is only validated or tested cannot be learnt; of an image with several labels, only that one is passed over. */
function leaveOutUntrained(samples: readonly Sample[], splits: Map<SampleId, Split>, diagnostics: Diagnostic[]): void {
  for (const [label, members] of byLabel(samples)) {
    if (members.some(({ id }) => splits.get(id) === 'train')) continue;
    if (members[0]!.labels) {
      diagnostics.push({ code: 'class-not-in-training', severity: 'warning', where: { file: label }, message: `the label ${JSON.stringify(label)} has no image to train on: it is not learnt` });
      continue;
    }
    for (const { id } of members) splits.delete(id);
    diagnostics.push({
      code: 'class-not-in-training', severity: 'warning', where: { file: label },
      message: `class ${JSON.stringify(label)} has no image to train on: its ${members.length} others are left out`, fix: 'add it to the train folder',
    });
  }
}

/** What makes a run impossible. */
function shortcomings(samples: readonly Sample[], splits: ReadonlyMap<SampleId, Split>, wanted: readonly Split[]): Diagnostic[] {
  if (samples.length === 0) return [{ code: 'all-files-bad', severity: 'error', message: 'no file can be used', fix: 'see what is said about each of them' }];
  const classes = new Set(samples.filter(({ id }) => splits.has(id)).map(({ label }) => label));
  if (classes.size < 2 && samples[0]!.labels === undefined && samples[0]!.target === undefined) {
    return [{ code: 'one-class', severity: 'error', message: `only class ${[...classes].map((label) => JSON.stringify(label)).join()} has usable images: there is nothing to tell apart`, fix: 'add images of another class' }];
  }
  const used = new Set(splits.values());
  return wanted.filter((split) => !used.has(split)).map((split) => ({
    code: 'split-too-small', severity: 'error', message: `no image is left for ${split}: there are ${splits.size} in all`, fix: `add images: ${fewestPerClass} of a class are the least, 20 a beginning`,
  }));
}

/** Classes that a split lacks though they have images enough: duplicates stay together, and given folders are as they are. */
function gapsOf(samples: readonly Sample[], splits: ReadonlyMap<SampleId, Split>, wanted: readonly Split[]): Diagnostic[] {
  const used = samples.filter(({ id }) => splits.has(id));
  return [...byLabel(used)].filter(([, members]) => members.length >= fewestPerClass).flatMap(([label, members]) => {
    const lacking = wanted.filter((split) => !members.some(({ id }) => splits.get(id) === split));
    return lacking.map((split): Diagnostic => ({
      code: 'split-too-small', severity: 'warning', message: `class ${JSON.stringify(label)} has no image in ${split}: it is never ${split === 'test' ? 'tested' : 'validated'}`, where: { file: label },
    }));
  });
}

function wordsOf(plan: SplitPlan, given: ReadonlySet<Split>, wanted: readonly Split[], kept: number, by: string): string {
  const shares = splitNames.map((split) => percent(plan[split], 0).replace(' %', '')).join(' / ');
  const drawn = wanted.filter((split) => !given.has(split));
  const how = given.size === 0 ? `at random, ${shares} %, seed ${plan.seed}`
    : `the ${by}'s own ${[...given].join(', ')}${drawn.length > 0 ? `; ${drawn.join(' and ')} taken from train at random, seed ${plan.seed}` : ''}`;
  return kept > 0 ? `${how}; ${kept} images stay where an earlier run had them` : how;
}
