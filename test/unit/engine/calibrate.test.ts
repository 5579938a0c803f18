import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Work } from '../../../src/backbones/cost.ts';
import { callMs, sampleMs } from '../../../src/backbones/cost.ts';
import { rng } from '../../../src/base/rng.ts';
import { fitRates, type Timing } from '../../../src/engine/calibrate.ts';
import type { PassRates } from '../../../src/protocol/answers.ts';

const usual: PassRates = { msPerDenseGflop: 10, msPerDepthwiseGflop: 60, msPerGigabyte: 130, msPerNode: 0.05 };
const machine: PassRates = { msPerDenseGflop: 16, msPerDepthwiseGflop: 70, msPerGigabyte: 260, msPerNode: 0.15 };

/** Networks heavy in one currency each, and mixed ones. */
const works: readonly Work[] = [
  { denseFlops: 5e8, depthwiseFlops: 0, bytes: 1e6, nodes: 10 }, { denseFlops: 1e7, depthwiseFlops: 4e7, bytes: 4e6, nodes: 10 },
  { denseFlops: 1e6, depthwiseFlops: 0, bytes: 1e7, nodes: 3 }, { denseFlops: 1e4, depthwiseFlops: 0, bytes: 1e4, nodes: 2 },
  { denseFlops: 4e7, depthwiseFlops: 5e6, bytes: 8e6, nodes: 10 }, { denseFlops: 6e7, depthwiseFlops: 3e6, bytes: 2e6, nodes: 10 },
];
const timingsOn = (rates: PassRates, noise: () => number = () => 1): Timing[] =>
  works.map((work) => ({ work, batch: 4, ms: (4 * sampleMs(work, rates) + callMs(work, rates)) * noise() }));
const missOf = (rates: PassRates, timings: readonly Timing[]): number =>
  Math.max(...timings.map(({ work, batch, ms }) => Math.abs((batch * sampleMs(work, rates) + callMs(work, rates)) / ms - 1)));

test('the prices of a machine are found from what it took', () => {
  const timings = timingsOn(machine);
  assert.ok(missOf(usual, timings) > 0.4, 'the usual prices are far off');
  assert.ok(missOf(fitRates(timings, usual), timings) < 0.05);
});

test('a machine that is the usual one, only faster, gets the usual prices, only lower', () => {
  const fast = Object.fromEntries(Object.entries(usual).map(([key, value]) => [key, value / 7])) as unknown as PassRates;
  for (const [key, value] of Object.entries(fitRates(timingsOn(fast), usual))) assert.ok(Math.abs(value / fast[key as keyof PassRates] - 1) < 1e-6, key);
});

test('disturbed timings make nothing free, and move predictions by little more than the disturbance', () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = rng(seed, 'noise'), found = fitRates(timingsOn(machine, () => 1 + random.next()), usual);
    for (const [price, value] of Object.entries(found)) assert.ok(value > 0.1 * usual[price as keyof PassRates], `${price} is ${value}`);
    assert.ok(missOf(found, timingsOn(machine)) < 1.3);
  }
});
