import assert from 'node:assert/strict';
import { test } from 'node:test';
import { becauseOf, recommend, usualMinutes, withBudget } from '../../../src/experiment/recommend.ts';
import { experimentText, presets, type PresetName } from '../../../src/experiment/presets.ts';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { resolveExperiment } from '../../../src/experiment/resolve.ts';
import type { Estimate } from '../../../src/protocol/answers.ts';

const fast = (): number => 10;
const taking = (seconds: Partial<Record<PresetName, number>>) => (preset: PresetName): number => seconds[preset] ?? 10;

test('what is recommended grows with the photos per class, and says why', () => {
  const perClass = (count: number): string => recommend({ images: 5 * count, classes: 5, distance: 'near', secondsOf: fast }).preset;
  assert.deepEqual([3, 19, 20, 299, 300, 1999, 2000].map(perClass), ['few-images', 'few-images', 'few-images', 'few-images', 'top-blocks', 'top-blocks', 'everything']);
  assert.match(recommend({ images: 360, classes: 6, distance: 'near', secondsOf: fast }).why, /^60 photos per class are few: /);
  assert.equal(recommend({ images: 0, classes: 0, distance: 'near', secondsOf: fast }).preset, 'few-images');
  const numbers = recommend({ task: 'image-regression', images: 15, classes: 1, distance: 'near', secondsOf: fast });
  assert.deepEqual([numbers.preset, numbers.why.slice(0, 18)], ['features-only', '15 photos are few:'], 'numbers have no class means');
});

test('what would take too long gives way to what fits, and both times are said', () => {
  const tooLong = 60 * usualMinutes + 1, many = { images: 20_000, classes: 10, distance: 'near' } as const;
  const top = recommend({ ...many, secondsOf: taking({ everything: 7200, 'top-blocks': 600 }) });
  assert.equal(top.preset, 'top-blocks');
  assert.match(top.why, /2000 photos per class are enough to adapt every layer; but "Everything" would take 2\.0 h on this machine, and this takes 10 min\.$/);
  assert.equal(recommend({ ...many, secondsOf: taking({ everything: tooLong, 'top-blocks': tooLong }) }).preset, 'few-images');
  assert.equal(recommend({ ...many, secondsOf: () => tooLong }).preset, 'few-images', 'when nothing fits, the cheapest');
  assert.equal(recommend({ images: 30, classes: 3, distance: 'near', secondsOf: () => tooLong }).preset, 'few-images');
});

test('photos far from what the backbone knows thaw from the top; where nobody could look, that is said', () => {
  const folder = { images: 400, classes: 5 };
  const far = recommend({ ...folder, distance: 'far', secondsOf: fast });
  assert.equal(far.preset, 'gradual');
  assert.match(far.why, /^80 photos per class are enough to move layers by.+far from what the backbone was trained on\.$/);
  assert.equal(recommend({ ...folder, distance: 'far', secondsOf: taking({ gradual: 9999 }) }).preset, 'top-blocks');
  assert.equal(recommend({ images: 20, classes: 5, distance: 'far', secondsOf: fast }).preset, 'few-images', 'a handful moves nothing');
  assert.match(recommend({ ...folder, secondsOf: fast }).why, /takes far longer \(how near they are to what the backbone knows could not be looked at\)\.$/);
});

test('the written file says what was seen, why this plan, and how long it should take; or what was recommended instead', () => {
  const plans = [...presets].sort((a, b) => Number(b.name === 'few-images') - Number(a.name === 'few-images')).map(({ name, title, detail }) => ({ preset: name, title, detail, seconds: 42, peakBytes: 1, scratchSeconds: 60, scratchBytes: 1 }));
  const { why } = recommend({ images: 360, classes: 6, distance: 'near', secondsOf: fast }), estimate: Estimate = { images: 360, classes: 6, plans, why, problems: [] };
  const head = (preset: PresetName): string => experimentText(preset, { folder: 'x', because: becauseOf(estimate, preset) }).split('\n')[1]!;
  assert.match(head('few-images'), /^# 360 photos in 6 classes\. 60 photos per class are few: .+ Predicted: 42 s on this machine\.$/);
  assert.match(head('everything'), /^# 360 photos in 6 classes\. Chosen by hand; recommended was "Few images": 60 photos per class .+ Predicted: 42 s/);
});

test('the time that there is decides what is recommended, is said in the file, and ends training', () => {
  const many = { images: 20_000, classes: 10, distance: 'near' } as const, times = { everything: 2400, 'top-blocks': 240, 'few-images': 30 };
  const recommended = (budgetMinutes: number) => recommend({ ...many, budgetMinutes, secondsOf: taking(times) });
  assert.deepEqual([60, 5, 1, 0.1].map((minutes) => recommended(minutes).preset), ['everything', 'top-blocks', 'few-images', 'few-images']);
  assert.match(recommended(60).why, /adapt every layer, and fits the 60 min that there are\.$/);
  assert.match(recommended(5).why, /but "Everything" would take 40 min on this machine, more than the 5\.0 min that there are, and this takes 4\.0 min\.$/);
  assert.match(recommended(0.1).why, /and this takes 30 s\. No plan for so many photos fits 6 s: training will end early\.$/);

  const plans = presets.map(({ name, title, detail }) => ({ preset: name, title, detail, seconds: taking(times)(name), peakBytes: 1, scratchSeconds: 60, scratchBytes: 1 }));
  const estimate: Estimate = { ...many, plans, why: 'as it was', problems: [] }, within = withBudget(estimate, 5);
  assert.equal(withBudget(estimate, undefined), estimate);
  assert.deepEqual([within.plans.length, within.plans[0]!.preset], [plans.length, 'top-blocks']);
  const text = experimentText('top-blocks', { folder: 'x', because: becauseOf(within, 'top-blocks'), budget: '5 min' });
  assert.match(text, /^# 20000 photos in 10 classes\. .*more than the 5\.0 min that there are/m);
  assert.match(text, /^budget: 5 min {13}# for training/m);
  const read = resolveExperiment(text, { file: 'x.thaw.yaml', folderOf: (folder) => folder, backbones: bundledBackbones });
  assert.equal(read.ok && read.value.plan.budget, 5);
});
