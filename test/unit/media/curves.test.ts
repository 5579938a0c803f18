import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, type PageState } from '../../../media/store.ts';
import { curvesOf } from '../../../media/curves.ts';
import type { PageRun } from '../../../src/protocol/pageMessages.ts';
import type { RunFact } from '../../../src/protocol/runEvent.ts';
import { aManifest, aShare, asEvents } from '../../support/runs.ts';

const stage = { name: 'probe', fromStep: 0, epochs: 3, trains: ['head'], trainedParameters: 9, rate: 1e-3 };
const planned: RunFact = { type: 'planned', stages: [stage, { ...stage, name: 'thaw', fromStep: 12, epochs: 2 }], stepsPerEpoch: 4, totalSteps: 20 };
const step = (at: number, loss: number): RunFact => ({ type: 'step', step: at, epoch: at / 4, loss, rate: 1e-3, perSecond: 1, etaMs: 0 });
const evaluated = (at: number, loss: number, best = false): RunFact => ({ type: 'evaluated', step: at, epoch: at / 4, split: 'validation', loss, accuracy: 1 - loss, best });
const training: readonly RunFact[] = [planned, { type: 'stage', stage: 0, step: 0 }, evaluated(0, 0.9, true), step(4, 0.6), evaluated(4, 0.5, true), step(8, 0.4), evaluated(8, 0.7)];
const tested: RunFact = { type: 'tested', step: 4, loss: 0.5, accuracy: aShare };

const runOf = (facts: readonly RunFact[], control?: 'random-features' | 'scratch'): PageRun => ({ manifest: aManifest(control ? { control } : {}), events: asEvents(facts) });
const page = (run: PageRun, controls: readonly PageRun[] = []): PageState => apply(undefined, { type: 'snapshot', protocol: 1, run, controls })!;

test('curves go by epochs: training and validation loss, accuracy, rate, and the point that was kept', () => {
  const { loss, accuracy, rate } = curvesOf(page(runOf(training)));
  assert.deepEqual(loss.map(({ name, kind, points }) => [name, kind, points.map(({ x, y }) => [x, y])]), [
    ['training', 'training', [[1, 0.6], [2, 0.4]]],
    ['validation', 'run', [[0, 0.9], [1, 0.5], [2, 0.7]]],
    ['kept', 'best', [[1, 0.5]]],
  ]);
  assert.deepEqual(accuracy.map(({ name, points }) => [name, points.length]), [['validation', 3], ['kept', 1]]);
  assert.deepEqual(rate.map(({ points }) => points.map(({ y }) => y)), [[1e-3, 1e-3]]);
});

test('controls lie under the run, once they have something to draw, on their own epochs', () => {
  const scratch = runOf([{ ...planned, stepsPerEpoch: 2 }, evaluated(0, 0.9), evaluated(2, 0.8)], 'scratch');
  const { loss } = curvesOf(page(runOf(training), [runOf([planned], 'random-features'), scratch]));
  assert.deepEqual(loss.map(({ kind }) => kind), ['training', 'scratch', 'run', 'best']);
  assert.deepEqual(loss[1]?.points.map(({ x }) => x), [0, 1]);
});

test('while the run is behind, its control has an interval, by epochs of the run', () => {
  const data: RunFact = { type: 'data', data: { classes: ['a'], train: [9], validation: [50], test: [9], leftOut: {}, converted: {}, duplicateGroups: 0, splitBy: '' } };
  const watched = (loss: number) => curvesOf(page(runOf([data, ...training]), [runOf([planned, evaluated(0, 0.9), evaluated(4, loss)], 'scratch')])).watch;
  assert.deepEqual([watched(0.2)?.control, watched(0.2)?.points.map(({ x }) => x)], ['from scratch', [0, 1]]);
  assert.equal(watched(0.5), undefined);
});

test('bands are the stages as planned, then as they began; the last one ends with the plan while it trains', () => {
  const bandsOf = (facts: readonly RunFact[]): unknown => curvesOf(page(runOf(facts))).bands.map(({ label, from, to }) => [label, from, to]);
  assert.deepEqual(bandsOf([planned]), [['probe', 0, 3], ['thaw', 3, 5]]);
  assert.deepEqual(bandsOf([...training, { type: 'stage', stage: 1, step: 8 }]), [['probe', 0, 2], ['thaw', 2, 5]]);
  assert.deepEqual(bandsOf([...training, { type: 'stage', stage: 1, step: 8 }, step(12, 0.3), tested]), [['probe', 0, 2], ['thaw', 2, 3]]);
});

test('the axis has room for the whole plan until the run is over, then for what was drawn', () => {
  const lastOf = (facts: readonly RunFact[], controls: readonly PageRun[] = []): number => curvesOf(page(runOf(facts), controls)).lastEpoch;
  assert.equal(lastOf(training), 5);
  assert.equal(lastOf([...training, tested]), 2);
  assert.equal(lastOf([...training, tested], [runOf([planned, step(12, 0.5)], 'scratch')]), 3);
  assert.equal(lastOf([]), 1, 'never empty');
});

test('a control that diverges leaves the chart, and does not flatten the run\'s own curves', () => {
  const withControl = (loss: number): number | undefined => curvesOf(page(runOf(training), [runOf([planned, evaluated(0, 0.8), evaluated(4, loss)], 'scratch')])).mostLoss;
  assert.equal(withControl(21), 1.8, 'twice the highest value of the run');
  assert.equal(withControl(1.7), undefined);
  assert.equal(curvesOf(page(runOf(training))).mostLoss, undefined);
});
