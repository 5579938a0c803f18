import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleFactor } from '../../../src/engine/schedule.ts';

test('a stage without warm-up starts at the peak rate', () => {
  assert.equal(scheduleFactor({ schedule: 'cosine', power: 1 }, 0, { totalSteps: 10, warmupSteps: 0 }), 1);
  assert.equal(scheduleFactor({ schedule: 'constant', power: 1 }, 0, { totalSteps: 10, warmupSteps: 0 }), 1);
});

test('the rate rises linearly over the warm-up and peaks right after it', () => {
  const factors = [0, 1, 2, 3, 4].map((step) => scheduleFactor({ schedule: 'cosine', power: 1 }, step, { totalSteps: 100, warmupSteps: 4 }));
  assert.deepEqual(factors, [0, 0.25, 0.5, 0.75, 1]);
});

test('a cosine stage is at half its rate half-way, near 0 at its last update and stays at 0 beyond its end', () => {
  const length = { totalSteps: 110, warmupSteps: 10 };
  assert.ok(Math.abs(scheduleFactor({ schedule: 'cosine', power: 1 }, 60, length) - 0.5) < 1e-12);
  assert.ok(scheduleFactor({ schedule: 'cosine', power: 1 }, 109, length) < 0.001);
  assert.equal(scheduleFactor({ schedule: 'cosine', power: 1 }, 200, length), 0);
});

test('a stage that is all warm-up still has a finite rate at its end', () => {
  assert.equal(scheduleFactor({ schedule: 'cosine', power: 1 }, 5, { totalSteps: 5, warmupSteps: 5 }), 1);
});
