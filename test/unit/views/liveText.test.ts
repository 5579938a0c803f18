import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialRun, reduceRun } from '../../../src/protocol/reduceRun.ts';
import type { RunFact } from '../../../src/protocol/runEvent.ts';
import type { RunManifest } from '../../../src/protocol/runManifest.ts';
import { liveText } from '../../../src/views/liveText.ts';
import type { ModelRun } from '../../../src/views/runModel.ts';
import { runFolder } from '../../../src/runs/runFolder.ts';
import { asEvents, aManifest } from '../../support/runs.ts';

const manifest = aManifest();

function runAfter(facts: readonly RunFact[], more: Partial<RunManifest> = {}): ModelRun {
  const events = asEvents(facts);
  return { folder: runFolder('/x'), manifest: { ...manifest, ...more }, state: events.reduce(reduceRun, initialRun(manifest)), events };
}

const planned: RunFact = { type: 'planned', stages: [{ name: 'probe', fromStep: 0, epochs: 4, trains: ['head'], trainedParameters: 1, rate: 1 }, { name: 'thaw', fromStep: 8, epochs: 6, trains: ['all'], trainedParameters: 1, rate: 1 }], stepsPerEpoch: 2, totalSteps: 20 };
const step: RunFact = { type: 'step', step: 15, epoch: 7.5, loss: 1, rate: 1, perSecond: 30, etaMs: 24_000 };
const evaluated: RunFact = { type: 'evaluated', step: 14, epoch: 7, split: 'validation', loss: 1, accuracy: 0.94, best: true };
const tested: RunFact = { type: 'tested', step: 20, loss: 1, accuracy: { value: 0.9, low: 0.8, high: 0.95, correct: 9, items: 10 } };

test('a run in its eighth epoch of ten over two stages says so, with score and time', () => {
  assert.equal(liveText(runAfter([planned, evaluated, step]), []), 'epoch 8 of 10 · 94.0 % · 0:24');
});

test('before the plan is known it says what it does', () => {
  assert.equal(liveText(runAfter([]), []), 'queued');
  assert.equal(liveText(runAfter([{ type: 'progress', activity: 'reading', done: 12, total: 40 }]), []), 'reading images: 12 of 40');
});

test('a run that trains says that it is behind the control of an earlier one', () => {
  const earlier = runAfter([planned, evaluated, { type: 'ended', outcome: 'finished' }], { control: 'scratch' }), against: RunFact = { type: 'watched-against', controls: [{ control: 'scratch', runId: earlier.manifest.id }] };
  assert.equal(liveText(runAfter([planned, against, { ...evaluated, accuracy: 0.7 }, step]), [earlier]), 'epoch 8 of 10 · behind “from scratch” so far · 70.0 % · 0:24');
});

test('a tested run says its test accuracy and what its control does', () => {
  const control = runAfter([planned, step], { controlOf: manifest.id, control: 'scratch' });
  assert.equal(liveText(runAfter([planned, evaluated, step, tested]), [control]), 'control from scratch · 90.0 % · 0:24');
  const ahead = runAfter([planned, step, { ...evaluated, accuracy: 0.98 }], { controlOf: manifest.id, control: 'scratch' });
  assert.equal(liveText(runAfter([planned, evaluated, step, tested]), [ahead]), 'behind “from scratch” so far · 90.0 % · 0:24');
});
