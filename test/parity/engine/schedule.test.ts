import { test } from 'node:test';
import { scheduleFactor } from '../../../src/engine/schedule.ts';
import { assertGolden, bundledCase } from '../../support/goldens.ts';

const golden = bundledCase('sched.lr');
const baseRate = 0.1;
const ratesOf = (rateAt: (step: number) => number): number[] => Array.from({ length: 100 }, (_, step) => rateAt(step));

test('cosine with warm-up is transformers\' definition', () => {
  const length = { totalSteps: 100, warmupSteps: 10 };
  assertGolden(golden, 'transformers/get_cosine_schedule_with_warmup(10,100)', ratesOf((step) => baseRate * scheduleFactor('cosine', step, length)));
});

test('constant with warm-up is transformers\' definition', () => {
  const length = { totalSteps: 100, warmupSteps: 10 };
  assertGolden(golden, 'transformers/get_constant_schedule_with_warmup(10)', ratesOf((step) => baseRate * scheduleFactor('constant', step, length)));
});

test('cosine without warm-up is torch\'s CosineAnnealingLR, here lifted to its lowest rate', () => {
  const lowest = 0.001, length = { totalSteps: 100, warmupSteps: 0 };
  assertGolden(golden, 'torch/CosineAnnealingLR(T_max=100,eta_min=0.001)', ratesOf((step) => lowest + (baseRate - lowest) * scheduleFactor('cosine', step, length)));
});
