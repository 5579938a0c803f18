import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limited } from '../../../src/base/limited.ts';

test('jobs start in their order, never more than so many at a time, and a failed one frees its place', async () => {
  const run = limited(2), started: number[] = [], ends: (() => void)[] = [];
  let running = 0, most = 0;
  const job = (index: number) => async (): Promise<number> => {
    started.push(index);
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running--;
    if (index === 1) throw new Error('this one fails');
    return index;
  };
  const results = [0, 1, 2, 3, 4].map((index) => run(job(index)).catch(() => 'failed'));
  assert.deepEqual(started, [0, 1]);
  while (ends.length > 0) {
    ends.shift()!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await Promise.all(results), [0, 'failed', 2, 3, 4]);
  assert.deepEqual([started, most], [[0, 1, 2, 3, 4], 2]);
});
