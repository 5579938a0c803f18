import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenFiles } from '../../../src/data/chosenFiles.ts';
import { sampleOf } from '../../support/samples.ts';
import { splitSamples } from '../../../src/data/split.ts';
import { withStrata } from '../../../src/data/manifest/strata.ts';

const split = { train: 0.7, validation: 0.15, test: 0.15, seed: 7, keepTogether: 'near-duplicates' } as const;
const files = [['a', 100], ['b', 40], ['c', 4]].flatMap(([label, count]) => Array.from({ length: Number(count) }, (_, i) => sampleOf(`${label!}/${i}.jpg`)));
const chosen = (subset: number, maxPerClass = 0, seed = 7): string[] => chosenFiles(files, { subset, maxPerClass, split: { ...split, seed } }).files.map(({ id }) => id);
const counts = (ids: readonly string[]): string => ['a', 'b', 'c'].map((label) => ids.filter((id) => id.startsWith(`${label}/`)).length).join('/');

test('a subset takes its share of every class, at least what a class needs, and says so', () => {
  assert.equal(counts(chosen(0.1)), '10/4/3');
  assert.equal(chosenFiles(files, { subset: 0.1, maxPerClass: 0, split }).words, '17 of 144 photos: a subset of 10.0 %');
  assert.deepEqual(chosenFiles(files, { subset: 1, maxPerClass: 0, split }), { files });
});

test('a cap limits each class, whatever the share', () => {
  assert.equal(counts(chosen(1, 20)), '20/20/4');
  assert.equal(counts(chosen(0.5, 30)), '30/20/3');
});

test('the seed draws, the order of files does not matter much: a larger choice holds a smaller one', () => {
  assert.deepEqual(chosen(0.1), chosen(0.1));
  assert.notDeepEqual(chosen(0.1), chosen(0.1, 0, 8));
  const larger = new Set(chosen(0.3));
  assert.ok(chosen(0.1).every((id) => larger.has(id)));
});

test('splits are balanced by the rarest label where photos have several, and by fifths where they have numbers', () => {
  const several = withStrata(Array.from({ length: 60 }, (_, i) => ({ ...sampleOf(`x/${i}.jpg`), label: i % 10 === 0 ? 'all|rare' : 'all', labels: i % 10 === 0 ? ['all', 'rare'] : ['all'] })));
  const numbers = withStrata(Array.from({ length: 100 }, (_, i) => ({ ...sampleOf(`x/${i}.jpg`), label: String(i), target: i })));
  const splitsOf = (samples: typeof several): ReadonlyMap<string, string> => {
    const result = splitSamples(samples as Parameters<typeof splitSamples>[0], split);
    assert.ok(result.ok, JSON.stringify(result));
    return result.value.splits;
  };
  const rare = several.filter(({ labels }) => labels!.includes('rare')).map(({ id }) => splitsOf(several).get(id));
  assert.deepEqual(['train', 'validation', 'test'].map((into) => rare.filter((each) => each === into).length), [4, 1, 1]);
  const tested = numbers.filter(({ id }) => splitsOf(numbers).get(id) === 'test').map(({ target }) => Math.floor(target! / 20));
  assert.deepEqual([0, 1, 2, 3, 4].map((fifth) => tested.filter((each) => each === fifth).length), [3, 3, 3, 3, 3]);
});
