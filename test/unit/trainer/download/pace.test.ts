import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../../../src/trainer/download/pace.ts';

test('the rate is that of the last seconds; nothing is said in the first', () => {
  const pace = new Pace();
  assert.equal(pace.at(0, 0, 100_000), undefined);
  assert.equal(pace.at(500, 100, 100_000), undefined);
  assert.deepEqual(pace.at(2000, 2000, 100_000), { bytesPerSecond: 1000, leftMs: 98_000 });
  for (let second = 3; second <= 20; second++) pace.at(second * 1000, 2000 + (second - 2) * 3000, 100_000);
  assert.equal(pace.at(21_000, 59_000, 100_000)!.bytesPerSecond, 3000); // the slow beginning is forgotten
});

test('what begins anew is timed anew, and what stands still has no end in sight', () => {
  const pace = new Pace();
  pace.at(0, 0, 100);
  pace.at(5000, 90, 100);
  assert.equal(pace.at(6000, 10, 100), undefined);
  assert.equal(pace.at(9000, 10, 100), undefined);
  assert.deepEqual(pace.at(10_000, 50, 100), { bytesPerSecond: 10, leftMs: 5000 });
});
