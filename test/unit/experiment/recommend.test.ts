import assert from 'node:assert/strict';
import { test } from 'node:test';
import { becauseOf, recommend, usualMinutes } from '../../../src/experiment/recommend.ts';
import { experimentText, presets, type PresetName } from '../../../src/experiment/presets.ts';
import type { Estimate } from '../../../src/protocol/answers.ts';

const fast = (): number => 10;
const taking = (seconds: Partial<Record<PresetName, number>>) => (preset: PresetName): number => seconds[preset] ?? 10;

test('what is recommended grows with the photos per class, and says why', () => {
  const perClass = (count: number): string => recommend({ images: 5 * count, classes: 5, secondsOf: fast }).preset;
  assert.deepEqual([3, 19, 20, 299, 300, 1999, 2000].map(perClass), ['few-images', 'few-images', 'features-only', 'features-only', 'top-blocks', 'top-blocks', 'everything']);
  assert.match(recommend({ images: 360, classes: 6, secondsOf: fast }).why, /^60 photos per class are few: /);
  assert.equal(recommend({ images: 0, classes: 0, secondsOf: fast }).preset, 'few-images');
  const numbers = recommend({ task: 'image-regression', images: 15, classes: 1, secondsOf: fast });
  assert.deepEqual([numbers.preset, numbers.why.slice(0, 18)], ['features-only', '15 photos are few:'], 'numbers have no class means');
});

test('what would take too long gives way to what fits, and both times are said', () => {
  const tooLong = 60 * usualMinutes + 1, many = { images: 20_000, classes: 10 };
  const top = recommend({ ...many, secondsOf: taking({ everything: 7200, 'top-blocks': 600 }) });
  assert.equal(top.preset, 'top-blocks');
  assert.match(top.why, /2000 photos per class are enough to adapt every layer; but "Everything" would take 2\.0 h on this machine, and this takes 10 min\.$/);
  assert.equal(recommend({ ...many, secondsOf: taking({ everything: tooLong, 'top-blocks': tooLong }) }).preset, 'features-only');
  assert.equal(recommend({ ...many, secondsOf: () => tooLong }).preset, 'features-only', 'when nothing fits, the cheapest');
  assert.equal(recommend({ images: 30, classes: 3, secondsOf: () => tooLong }).preset, 'few-images');
});

test('the written file says what was seen, why this plan, and how long it should take; or what was recommended instead', () => {
  const plans = presets.map(({ name, title, detail }) => ({ preset: name, title, detail, seconds: 42, peakBytes: 1, scratchSeconds: 60 }));
  const { why } = recommend({ images: 360, classes: 6, secondsOf: fast }), estimate: Estimate = { images: 360, classes: 6, plans, why, problems: [] };
  const head = (preset: PresetName): string => experimentText(preset, { folder: 'x', because: becauseOf(estimate, preset) }).split('\n')[1]!;
  assert.match(head('features-only'), /^# 360 photos in 6 classes\. 60 photos per class are few: .+ Predicted: 42 s on this machine\.$/);
  assert.match(head('everything'), /^# 360 photos in 6 classes\. Chosen by hand; recommended was "Features only": 60 photos per class .+ Predicted: 42 s/);
});
