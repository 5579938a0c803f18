import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveChecks } from '../../../src/evidence/liveChecks.ts';
import type { RunFact } from '../../../src/protocol/runEvent.ts';

interface Epoch { readonly training: number; readonly loss: number; readonly accuracy: number; readonly classes?: number; readonly rate?: number }

/** What is said of a run of 20 epochs on three equal classes (blind: 33.3 %, 1.099 nats), by epoch. */
function said(epochs: readonly Epoch[], trains: readonly string[] = ['head']): readonly string[] {
  const checks = new LiveChecks({ train: [20, 20, 20], validation: [4, 4, 4] }), rate = 1e-3;
  const stage = { name: 'probe', fromStep: 0, epochs: 20, trains, trainedParameters: 10, rate };
  const facts: RunFact[] = [
    { type: 'planned', stages: [stage], stepsPerEpoch: 5, totalSteps: 100 }, { type: 'stage', stage: 0, step: 0 },
    { type: 'evaluated', step: 0, epoch: 0, split: 'validation', loss: 1.2, accuracy: 0.3, best: true, predictedClasses: 1 },
    ...epochs.flatMap(({ training, loss, accuracy, classes = 3, rate: now = rate }, i): RunFact[] => [
      { type: 'step', step: 5 * i + 5, epoch: i + 1, loss: training, rate: now, perSecond: 1, etaMs: 0 },
      { type: 'evaluated', step: 5 * i + 5, epoch: i + 1, split: 'validation', loss, accuracy, best: false, predictedClasses: classes },
    ]),
  ];
  return facts.flatMap((fact) => checks.see(fact).map(({ code }) => fact.type === 'evaluated' ? `${code} at ${fact.epoch}` : code));
}

const many = (epoch: Epoch, count = 20): Epoch[] => Array.from({ length: count }, () => epoch);

test('a run that learns nothing is told so after a quarter of its way, once', () => {
  assert.deepEqual(said(many({ training: 1.1, loss: 1.099, accuracy: 1 / 3 }), ['all']), ['not-learning at 5']);
});

test('a loss that falls is learning, though the accuracy stands still; so is accuracy above the blind guess', () => {
  assert.deepEqual(said(many({ training: 1, loss: 1.0, accuracy: 1 / 3 }), ['all']), []);
  assert.deepEqual(said(many({ training: 1.1, loss: 1.099, accuracy: 0.5 }), ['all']), []);
});

test('all items called one class is said after a quarter, and not when that is how it begins', () => {
  assert.deepEqual(said(many({ training: 0.9, loss: 0.9, accuracy: 0.5, classes: 1 }), ['all']), ['one-class-predictions at 5']);
  assert.deepEqual(said([...many({ training: 0.9, loss: 0.9, accuracy: 0.5, classes: 1 }, 4), ...many({ training: 0.9, loss: 0.9, accuracy: 0.5 })], ['all']), []);
});

test('a loss that stands still high while only the head trains is a ceiling: after five epochs without a hundredth of progress', () => {
  const falling = Array.from({ length: 5 }, (_, i): Epoch => ({ training: 1 - 0.05 * i, loss: 0.9, accuracy: 0.6 })), still = many({ training: 0.8, loss: 0.9, accuracy: 0.6 }, 8);
  assert.deepEqual(said([...falling, ...still]), ['frozen-ceiling at 10']);
  assert.deepEqual(said([...falling, ...still], ['head', 'blocks.6']), [], 'more than the head trains');
  assert.deepEqual(said([...falling, ...many({ training: 0.8, loss: 0.9, accuracy: 0.6, rate: 1e-4 }, 8)]), [], 'every loss stands still at a rate near 0');
  assert.deepEqual(said(many({ training: 0.1, loss: 0.2, accuracy: 0.95 })), [], 'a low loss is a fit');
});
