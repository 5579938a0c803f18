import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activityText, controlTitle } from '../../../src/protocol/wording.ts';

test('progress says what is done, how much, and of how much when that is known', () => {
  assert.equal(activityText({ activity: 'reading', done: 120, total: 360 }), 'Reading images: 120 of 360');
  assert.equal(activityText({ activity: 'scanning', done: 1000 }), 'Looking through the folder: 1000');
  assert.equal(activityText({ activity: 'scanning', done: 0 }), 'Looking through the folder');
});

test('each control has a name of its own; one of a newer Thaw keeps its code', () => {
  const titles = ['blind', 'knn', 'random-features', 'scratch', 'linear-probe'].map(controlTitle);
  assert.deepEqual(titles, ['blind guess', 'nearest neighbours', 'random backbone', 'from scratch', 'linear-probe']);
});
