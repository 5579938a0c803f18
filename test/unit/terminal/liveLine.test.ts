import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunFact } from '../../../src/protocol/runEvent.ts';
import { initialRun, reduceRun, type RunState } from '../../../src/protocol/reduceRun.ts';
import type { Followed } from '../../../src/protocol/behindControl.ts';
import { liveLine } from '../../../src/terminal/liveLine.ts';
import { paint } from '../../../src/terminal/paint.ts';
import { aManifest, aShare, asEvents } from '../../support/runs.ts';

const after = (...facts: readonly RunFact[]): RunState => asEvents(facts).reduce(reduceRun, initialRun(aManifest()));
const line = (run: RunState, control?: { readonly kind: string; readonly state: RunState }, earlier: readonly Followed[] = []): string => liveLine(run, control, paint(false), earlier);

const stage = { name: 'probe', fromStep: 0, epochs: 10, trains: ['head'], trainedParameters: 9, rate: 1e-3 };
const planned: RunFact = { type: 'planned', stages: [stage, { ...stage, name: 'thaw', fromStep: 30, epochs: 5 }], stepsPerEpoch: 3, totalSteps: 45 };
const step = (at: number, perSecond = 5310.4): RunFact => ({ type: 'step', step: at, epoch: at / 3, loss: 0.6123, rate: 1e-3, perSecond, etaMs: 62_000 });
const evaluated = (at: number, accuracy: number): RunFact => ({ type: 'evaluated', step: at, epoch: at / 3, split: 'validation', loss: 0.5, accuracy, best: true });

test('while training: stage, epoch of that stage, loss, accuracy, speed, time left', () => {
  assert.equal(line(after(planned, { type: 'stage', stage: 0, step: 0 }, step(7))), 'stage 1/2 probe · epoch 3/10 · loss 0.612 · 5,310 images/s · 1:02 left');
  const second = after(planned, { type: 'stage', stage: 0, step: 0 }, evaluated(12, 0.75), { type: 'stage', stage: 1, step: 12 }, step(13, 9.31));
  assert.equal(line(second), 'stage 2/2 thaw · epoch 1/5 · loss 0.612 · validation 75.0 % · 9.3 images/s · 1:02 left');
});

test('before and after: what it is doing, or its status', () => {
  assert.equal(line(after()), 'waiting for another run to end');
  assert.equal(line(after({ type: 'started', pid: 1, node: '' })), 'preparing');
  assert.equal(line(after({ type: 'progress', activity: 'reading', done: 120, total: 360, etaMs: 4000 })), 'Reading images: 120 of 360 · 0:04 left');
});

test('a name from the file stays one line', () => {
  const named = after({ ...planned, stages: [{ ...stage, name: 'a\u001b[2J\nb' }] }, { type: 'stage', stage: 0, step: 0 }, step(1));
  assert.match(line(named), /^a\\u001b\[2J\\nb · /);
});

test('a run behind its control is watched while that trains, and no longer', () => {
  const tested: RunFact = { type: 'tested', step: 3, loss: 0.5, accuracy: aShare };
  const run = after(planned, { type: 'stage', stage: 0, step: 0 }, evaluated(3, 0.5), tested);
  const behind = after(planned, { type: 'stage', stage: 0, step: 0 }, step(3), evaluated(3, 0.62));
  assert.match(line(run, { kind: 'scratch', state: behind }), /^control from scratch · stage 1\/2 probe · .* · watch: the run is 12\.0 points behind it at step 3, so far$/);
  const ahead = after(planned, { type: 'stage', stage: 0, step: 0 }, step(3), evaluated(3, 0.4));
  assert.doesNotMatch(line(run, { kind: 'scratch', state: ahead }), /watch/);
});

test('while it trains, a run is watched against the control of an earlier run', () => {
  const manifest = aManifest({ control: 'scratch' }), earlier = [{ manifest, state: after(planned, { type: 'stage', stage: 0, step: 0 }, step(3), evaluated(3, 0.62), { type: 'ended', outcome: 'finished' }) }];
  const run = (accuracy: number): RunState => after(planned, { type: 'watched-against', controls: [{ control: 'scratch', runId: manifest.id }] }, { type: 'stage', stage: 0, step: 0 }, step(3), evaluated(3, accuracy));
  assert.match(line(run(0.5), undefined, earlier), /^stage 1\/2 probe · .* · watch: 12\.0 points behind “from scratch” of an earlier run at step 3, so far$/);
  assert.doesNotMatch(line(run(0.61), undefined, earlier), /watch/);
});
