import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SplitPlan } from '../../../src/experiment/plan.ts';
import type { Sample, SampleId, Split } from '../../../src/data/sample.ts';
import { splitSamples, type Splits } from '../../../src/data/split.ts';
import type { FoundFile } from '../../../src/data/sample.ts';
import { sampleOf } from '../../support/samples.ts';

const plan: SplitPlan = { train: 0.7, validation: 0.15, test: 0.15, seed: 7, keepTogether: 'near-duplicates' };

const classOf = (label: string, count: number, from = 0): Sample[] => Array.from({ length: count }, (_, i) => sampleOf(`${label}/${from + i}.jpg`));

function splitsOf(samples: readonly Sample[], changed: Partial<SplitPlan> = {}, earlier?: ReadonlyMap<SampleId, Split>, found?: readonly FoundFile[]): Splits {
  const result = splitSamples(samples, { ...plan, ...changed }, earlier, found);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

/** `train/validation/test` counts of one class. */
function counts({ splits }: Splits, label: string): string {
  const of = (split: Split): number => [...splits].filter(([id, into]) => id.includes(`${label}/`) && into === split).length;
  return `${of('train')}/${of('validation')}/${of('test')}`;
}

const codes = ({ diagnostics }: Splits): string[] => diagnostics.map(({ code, where }) => `${code} ${where?.file ?? ''}`);

test('every class is split in the plan\'s shares, and each sample stands in one split', () => {
  const samples = [...classOf('a', 100), ...classOf('b', 20), ...classOf('c', 3)];
  const result = splitsOf(samples);
  assert.deepEqual(['a', 'b', 'c'].map((label) => counts(result, label)), ['70/15/15', '14/3/3', '1/1/1']);
  assert.equal(result.splits.size, 123);
  assert.equal(result.splitBy, 'at random, 70 / 15 / 15 %, seed 7');
  assert.deepEqual(result.diagnostics, []);
});

test('the seed alone decides: not the order of the files, nor the other classes', () => {
  const a = classOf('a', 40), b = classOf('b', 40);
  const one = splitsOf([...a, ...b]), reversed = splitsOf([...b, ...a].reverse()), other = splitsOf([...a, ...b], { seed: 8 });
  for (const { id } of [...a, ...b]) assert.equal(one.splits.get(id), reversed.splits.get(id));
  assert.ok(a.some(({ id }) => one.splits.get(id) !== other.splits.get(id)));
  const withC = splitsOf([...a, ...b, ...classOf('c', 40)]);
  for (const { id } of a) assert.equal(one.splits.get(id), withC.splits.get(id));
});

test('new files do not reshuffle old ones, and bring the shares back into balance', () => {
  const old = [...classOf('a', 20), ...classOf('b', 20)], before = splitsOf(old);
  const after = splitsOf([...old, ...classOf('a', 80, 20)], {}, before.splits);
  for (const { id } of old) assert.equal(after.splits.get(id), before.splits.get(id));
  assert.deepEqual([counts(after, 'a'), counts(after, 'b')], ['70/15/15', '14/3/3']);
  assert.match(after.splitBy, /; 40 images stay where an earlier run had them$/);
});

test('duplicate groups stay together unless the plan says so', () => {
  const grouped = Array.from({ length: 60 }, (_, i) => sampleOf(`a/${i}.jpg`, { duplicateGroup: `g${Math.floor(i / 3)}` }));
  const { splits } = splitsOf([...grouped, ...classOf('b', 10)]);
  for (let i = 0; i < 60; i += 3) assert.equal(new Set([0, 1, 2].map((k) => splits.get(grouped[i + k]!.id))).size, 1);
  const parted = splitsOf([...grouped, ...classOf('b', 10)], { keepTogether: 'nothing' }).splits;
  assert.ok([...Array(20).keys()].some((g) => new Set([0, 1, 2].map((k) => parted.get(grouped[3 * g + k]!.id))).size > 1));
});

test('a group that earlier runs had parted now trains, and that is said', () => {
  const samples = [sampleOf('a/x.jpg', { duplicateGroup: 'g' }), sampleOf('a/y.jpg', { duplicateGroup: 'g' }), ...classOf('a', 10), ...classOf('b', 10)];
  const earlier = new Map([[samples[0]!.id, 'test'], [samples[1]!.id, 'validation']] as const);
  const result = splitsOf(samples, {}, earlier);
  assert.deepEqual([result.splits.get(samples[0]!.id), result.splits.get(samples[1]!.id)], ['train', 'train']);
  assert.deepEqual(codes(result), ['leak a/x.jpg']);
});

const given = (split: Split, folder: string, label: string, count: number): Sample[] =>
  Array.from({ length: count }, (_, i) => sampleOf(`${folder}/${label}/${i}.jpg`, { givenSplit: split }));

test('splits that the folder brings are kept as they are', () => {
  const samples = ['a', 'b'].flatMap((label) => [...given('train', 'train', label, 6), ...given('validation', 'val', label, 2), ...given('test', 'test', label, 4)]);
  const result = splitsOf(samples, {}, new Map(samples.map(({ id }) => [id, 'train'])));
  for (const { id, givenSplit } of samples) assert.equal(result.splits.get(id), givenSplit);
  assert.match(result.splitBy, /^the folder's own train, validation, test/);
});

test('a missing validation folder is taken from train in the plan\'s proportion, a missing test folder too, and said', () => {
  const noValidation = ['a', 'b'].flatMap((label) => [...given('train', 'train', label, 85), ...given('test', 'test', label, 7)]);
  const one = splitsOf(noValidation);
  assert.deepEqual([counts(one, 'a'), counts(one, 'b')], ['70/15/7', '70/15/7']);
  assert.equal(one.splitBy, 'the folder\'s own train, test; validation taken from train at random, seed 7');
  const onlyTrain = splitsOf(['a', 'b'].flatMap((label) => given('train', 'train', label, 100)));
  assert.equal(counts(onlyTrain, 'a'), '70/15/15');
  assert.match(onlyTrain.splitBy, /validation and test taken from train/);
});

test('a class that is only tested is left out and named', () => {
  const samples = [...['a', 'b'].flatMap((label) => [...given('train', 'train', label, 10), ...given('test', 'test', label, 3)]), ...given('test', 'test', 'z', 3)];
  const result = splitsOf(samples);
  assert.equal(counts(result, 'z'), '0/0/0');
  assert.deepEqual(codes(result), ['class-not-in-training z']);
});

test('small classes train first, then are tested; classes that bad files emptied or made too small are named', () => {
  const samples = [...classOf('a', 10), ...classOf('one', 1), ...classOf('two', 2)];
  const found = [...samples, ...classOf('one', 5, 1), ...classOf('gone', 4)];
  const result = splitsOf(samples, {}, undefined, found);
  assert.deepEqual([counts(result, 'one'), counts(result, 'two')], ['1/0/0', '1/0/1']);
  assert.deepEqual(codes(result), ['empty-class gone', 'class-too-small one']); // "two" had two from the start: the scan says it
  assert.match(result.diagnostics[1]!.message, /3 are needed/);
});

test('a class whose pictures are all alike cannot be in every split, and that is said', () => {
  const alike = Array.from({ length: 6 }, (_, i) => sampleOf(`alike/${i}.jpg`, { duplicateGroup: 'g' }));
  const result = splitsOf([...classOf('a', 10), ...alike]);
  assert.equal(counts(result, 'alike'), '6/0/0');
  assert.deepEqual(codes(result), ['split-too-small alike', 'split-too-small alike']);
});

test('no run without two classes, without any usable file, or without anything to test on', () => {
  const errorOf = (samples: readonly Sample[]): string => {
    const result = splitSamples(samples, plan);
    assert.ok(!result.ok);
    return result.errors.map(({ code }) => code).join();
  };
  assert.equal(errorOf([]), 'all-files-bad');
  assert.equal(errorOf(classOf('a', 10)), 'one-class');
  assert.equal(errorOf([...classOf('a', 1), ...classOf('b', 1)]), 'split-too-small,split-too-small');
});

test('a share of nothing is not filled', () => {
  const result = splitsOf([...classOf('a', 10), ...classOf('b', 10)], { train: 0.8, validation: 0.2, test: 0 });
  assert.deepEqual([counts(result, 'a'), counts(result, 'b')], ['8/2/0', '8/2/0']);
  assert.deepEqual(result.diagnostics, []);
});
