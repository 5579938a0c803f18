import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constant, cosine, inverseRoot, multistep, oneCycle, polynomial, restarted, scheduleFactor, stepped, warmedUp, type OneCycle, type Schedule, type ScheduleLength } from '../../../src/engine/schedule.ts';
import { assertGolden, bundledCase } from '../../support/goldens.ts';

const golden = bundledCase('sched.lr');
const baseRate = 0.1, lowest = 0.01; // of 0.001 and 0.1
const timmWarmup = { from: 0.001, hides: true };
const cycle: OneCycle = { steps: 101, rise: 0.3, first: 1 / 25, last: 1 / 25e4, shape: 'cosine', symmetric: false };

const schedules: Readonly<Record<string, Schedule>> = {
  'torch/StepLR(step_size=30,gamma=0.1)': stepped(30, 0.1),
  'torch/ExponentialLR(gamma=0.97)': stepped(1, 0.97),
  'torch/MultiStepLR(milestones=[25,60,90],gamma=0.3)': multistep([25, 60, 90], 0.3),
  'torch/PolynomialLR(total_iters=100,power=0.9)': polynomial(100, { power: 0.9 }),
  'torch/PolynomialLR(total_iters=60,power=2)': polynomial(60, { power: 2 }),
  'torch/CosineAnnealingLR(T_max=100,eta_min=0.001)': cosine(100, lowest),
  'torch/CosineAnnealingWarmRestarts(T_0=20,T_mult=2,eta_min=0.001)': restarted((steps) => cosine(steps, lowest), 20, 2),
  'torch/SequentialLR(LinearLR(0.01->1,10),CosineAnnealingLR(90,0.001))': warmedUp(10, cosine(90, lowest), { from: 0.01 }),
  'torch/OneCycleLR(max_lr=0.1,total_steps=101,pct_start=0.3,cos)': oneCycle(cycle),
  'torch/OneCycleLR(max_lr=0.1,total_steps=101,pct_start=0.3,cos,three_phase)': oneCycle({ ...cycle, symmetric: true }),
  'torch/OneCycleLR(max_lr=0.1,total_steps=101,pct_start=0.3,linear)': oneCycle({ ...cycle, shape: 'linear' }),
  'transformers/get_constant_schedule_with_warmup(10)': warmedUp(10, constant),
  'transformers/get_linear_schedule_with_warmup(10,100)': warmedUp(10, polynomial(90)),
  'transformers/get_polynomial_decay_schedule_with_warmup(10,100,lr_end=0.001,power=2)': warmedUp(10, polynomial(90, { power: 2, lowest })),
  'transformers/get_cosine_schedule_with_warmup(10,100)': warmedUp(10, cosine(90)),
  'transformers/get_cosine_with_hard_restarts_schedule_with_warmup(10,100,num_cycles=3)': warmedUp(10, restarted(cosine, 30)),
  'transformers/get_inverse_sqrt_schedule(10)': warmedUp(10, inverseRoot(10), { hides: true }),
  'timm/CosineLRScheduler(t_initial=100,lr_min=0.001,warmup_t=10,warmup_lr_init=0.0001)': warmedUp(10, cosine(100, lowest), timmWarmup),
  'timm/CosineLRScheduler(t_initial=90,lr_min=0.001,warmup_t=10,warmup_lr_init=0.0001,warmup_prefix=True)': warmedUp(10, cosine(90, lowest), { from: 0.001 }),
  'timm/PolyLRScheduler(t_initial=100,power=0.9,lr_min=0.001,warmup_t=10,warmup_lr_init=0.0001)': warmedUp(10, polynomial(100, { power: 0.9, lowest }), timmWarmup),
  'timm/StepLRScheduler(decay_t=30,decay_rate=0.1,warmup_t=10,warmup_lr_init=0.0001)': warmedUp(10, stepped(30, 0.1), { from: 0.001 }), // whose warm-up is a prefix by default
  'timm/MultiStepLRScheduler(decay_t=[25,60,90],decay_rate=0.3)': multistep([24, 59, 89], 0.3), // timm's count from 1
};

for (const [key, schedule] of Object.entries(schedules)) {
  test(`rates of ${key}`, () => {
    assertGolden(golden, key, Array.from({ length: 100 }, (_, step) => baseRate * schedule(step)));
  });
}

test('an experiment file\'s schedules are transformers\' definitions', () => {
  for (const [kind, key] of [['cosine', 'get_cosine_schedule_with_warmup(10,100)'], ['constant', 'get_constant_schedule_with_warmup(10)'], ['polynomial', 'get_linear_schedule_with_warmup(10,100)']] as const) {
    assertGolden(golden, `transformers/${key}`, Array.from({ length: 100 }, (_, step) => baseRate * scheduleFactor({ schedule: kind, power: 1 }, step, { totalSteps: 100, warmupSteps: 10 })));
  }
});

test('an experiment file\'s other schedules are torch\'s: thirds, a power, one cycle whose rise is the warm-up', () => {
  const compare = (schedule: 'step' | 'polynomial' | 'one-cycle', power: number, length: ScheduleLength, key: string): void => {
    assertGolden(golden, `torch/${key}`, Array.from({ length: 100 }, (_, step) => baseRate * scheduleFactor({ schedule, power }, step, length)));
  };
  compare('step', 1, { totalSteps: 90, warmupSteps: 0 }, 'StepLR(step_size=30,gamma=0.1)');
  compare('polynomial', 0.9, { totalSteps: 100, warmupSteps: 0 }, 'PolynomialLR(total_iters=100,power=0.9)');
  compare('polynomial', 2, { totalSteps: 60, warmupSteps: 0 }, 'PolynomialLR(total_iters=60,power=2)');
  compare('one-cycle', 1, { totalSteps: 101, warmupSteps: 0.3 * 101 }, 'OneCycleLR(max_lr=0.1,total_steps=101,pct_start=0.3,cos)');
});

test('a schedule goes on beyond its end', () => {
  for (const [key, schedule] of Object.entries(schedules)) assert.ok([100, 101, 150].every((step) => schedule(step) >= 0 && schedule(step) <= 1), key);
});
