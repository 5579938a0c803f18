import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rankCorrelation } from '../../../src/evidence/rankCorrelation.ts';

test('rank correlation is scipy’s, ties included, and nothing where one list is all alike', () => {
  const close = (a: readonly number[], b: readonly number[], expected: number): void => assert.ok(Math.abs(rankCorrelation(a, b) - expected) < 1e-12, `${rankCorrelation(a, b)}`);
  close([3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8], 0.19885368120992467); // scipy.stats.spearmanr
  close([0, 0, 0, 1, 2], [5, 0, 0, 3, 1], 0.22941573387056177);
  close([1, 10, 100], [2, 3, 4], 1);
  close([1, 2, 3], [9, 4, 1], -1);
  close([0, 0, 0], [1, 2, 3], 0);
});
