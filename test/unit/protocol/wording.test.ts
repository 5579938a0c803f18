import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activityText, controlTitle, speedText } from '../../../src/protocol/wording.ts';

test('progress says what is done, how much, and of how much when that is known', () => {
  assert.equal(activityText({ activity: 'reading', done: 120, total: 360 }), 'Reading images: 120 of 360');
  assert.equal(activityText({ activity: 'scanning', done: 1000 }), 'Looking through the folder: 1000');
  assert.equal(activityText({ activity: 'scanning', done: 0 }), 'Looking through the folder');
});

test('each control has a name of its own; one of a newer Thaw keeps its code', () => {
  const titles = ['blind', 'knn', 'random-features', 'scratch', 'linear-probe', 'rewound'].map(controlTitle);
  assert.deepEqual(titles, ['blind guess', 'nearest neighbours', 'random backbone', 'from scratch', 'linear probe', 'rewound']);
});

test('what is fetched is counted in bytes, all else in images', () => {
  assert.equal(activityText({ activity: 'fetching', done: 35_651_584, total: 102_760_448 }), 'Fetching the backbone: 34.0 MiB of 98.0 MiB');
  assert.deepEqual([speedText(3_250_586, 'fetching'), speedText(5310.4), speedText(9.31, 'features')], ['3.1 MiB/s', '5,310 images/s', '9.3 images/s']);
});
