import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CardInput } from '../../../src/backbones/card.ts';
import { coloured, rotated, viewOf } from '../../../src/data/augment.ts';
import { preprocess, preprocessViews } from '../../../src/data/preprocess.ts';
import { viewCode } from '../../../src/engine/featureIndex.ts';
import { recipeOf, storedViewCount } from '../../../src/experiment/augmentation.ts';
import { nextView, storedViews } from '../../../src/trainer/child/photos/views.ts';
import { rng } from '../../../src/base/rng.ts';
import { stageOf } from '../../support/stage.ts';

const input: CardInput = { height: 16, width: 16, cropShare: 1, interpolation: 'bicubic', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const { int } = rng(1, 'photo'), photo = { width: 24, height: 20, data: Uint8Array.from({ length: 24 * 20 * 3 }, () => int(256)) };
const strong = stageOf({ augment: 'strong' }), light = stageOf({ augment: 'light', views: 3 });

test('a draw is the same pixels wherever it is made, another draw or photo others', () => {
  const view = viewOf(recipeOf(strong)!, 2), made = (sha: string, other = view): Uint8Array => preprocessViews(photo, input, ['centre', other], sha).get(other)!;
  assert.deepEqual(made('a'), made('a'));
  assert.equal(made('a').length, 16 * 16 * 3);
  assert.notDeepEqual(made('a'), made('b'));
  assert.notDeepEqual(made('a'), made('a', viewOf(recipeOf(strong)!, 3)));
  const centre = preprocess(photo, input, 'centre');
  made('a');
  assert.deepEqual(preprocess(photo, input, 'centre'), centre, 'the photo itself is left as it was');
});

test('every op alone changes some draws of a photo and keeps its size', () => {
  const centre = preprocess(photo, input, 'centre');
  for (const op of ['crop', 'flip', 'rotate', 'color', 'grey', 'erase'] as const) {
    const draws = Array.from({ length: 20 }, (_, draw) => viewOf({ ops: [op], strength: 1 }, draw)), views = preprocessViews(photo, input, draws, 'a');
    assert.ok([...views.values()].every(({ length }) => length === centre.length));
    assert.ok(draws.some((view) => String(views.get(view)) !== String(centre)), op);
  }
});

test('no turn, and factors of 1, change nothing; no saturation is grey; half a turn of a square is both mirrors', () => {
  const image = preprocess(photo, input, 'centre');
  assert.deepEqual(rotated(image, input, 0), image);
  assert.deepEqual(coloured(image, { brightness: 1, contrast: 1, saturation: 1 }), image);
  const grey = coloured(image, { brightness: 1, contrast: 1, saturation: 0 });
  for (let i = 0; i < grey.length; i += 3) assert.ok(grey[i] === grey[i + 1] && grey[i] === grey[i + 2]);
  const turned = rotated(image, input, Math.PI), last = 16 * 16 - 1;
  for (let i = 0; i <= last; i++) for (let c = 0; c < 3; c++) assert.ok(Math.abs(turned[i * 3 + c]! - image[(last - i) * 3 + c]!) <= 1 || Math.floor(i / 16) === 0 || i % 16 === 0 || i % 16 === 15 || i >= 240);
});

test('cached stages draw among their kept views, others anew; what is kept is what is counted', () => {
  assert.deepEqual(storedViews([stageOf({ augment: 'none' })]), ['centre']);
  assert.deepEqual(storedViews([stageOf()]), ['centre', 'flip']);
  const stages = [stageOf(), light, strong, stageOf({ augment: 'light', views: 2 })];
  assert.equal(storedViews(stages).length, 2 + 3 + 4);
  assert.equal(storedViewCount(stages), storedViews(stages).length);
  const kept = new Set(storedViews([light])), random = rng(1, 'views'), drawn = Array.from({ length: 50 }, () => nextView(light, true, random));
  assert.ok(drawn.every((view) => view !== 'centre' && kept.has(view)));
  assert.equal(new Set(drawn).size, 3);
  assert.equal(new Set(Array.from({ length: 50 }, () => nextView(light, false, random))).size, 50);
});

test('every kept view has a code of its own in the feature cache, and those of earlier versions keep theirs', () => {
  const views = storedViews([stageOf(), stageOf({ augment: 'light', views: 64 }), stageOf({ augment: 'strong', views: 64 }), stageOf({ augment: ['crop'], views: 64 })]);
  assert.equal(new Set(views.map(viewCode)).size, views.length);
  assert.deepEqual([viewCode('centre'), viewCode('flip')], [0, 1]);
});
