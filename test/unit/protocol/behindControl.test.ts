import assert from 'node:assert/strict';
import { test } from 'node:test';
import { append, emptySeries } from '../../../src/base/series.ts';
import { behindControl, watchBand, watchText, type Behind } from '../../../src/protocol/behindControl.ts';
import { initialRun, type RunState } from '../../../src/protocol/reduceRun.ts';
import { aManifest } from '../../support/runs.ts';

type Evaluation = readonly [step: number, accuracy: number];

const evaluated = (evaluations: readonly Evaluation[]): RunState => ({
  ...initialRun(aManifest()),
  validationAccuracy: evaluations.reduce((series, [step, accuracy]) => append(series, step, accuracy), emptySeries()),
});

/** With so many validation photos. */
const ofItems = (items: number, state: RunState, task?: 'image-multi-label' | 'image-regression'): RunState => ({ ...state, data: {
  classes: ['a', 'b'], train: [9, 9], validation: task ? [items, items] : [items, 0], test: [9, 9], leftOut: {}, converted: {}, duplicateGroups: 0, splitBy: '',
  ...(task && { task, photos: { train: 9, validation: items, test: 9 } }),
} });

const behind = (run: readonly Evaluation[], control: readonly Evaluation[]): Behind | undefined => behindControl(evaluated(run), evaluated(control));

test('a run behind its control is watched from the step where it fell behind', () => {
  const watch = behind([[10, 0.5], [20, 0.52], [30, 0.54]], [[10, 0.5], [20, 0.6], [30, 0.625]]);
  assert.deepEqual([watch?.sinceStep, watch?.step], [20, 30]);
  assert.ok(Math.abs(watch!.gapPt + 8.5) < 1e-9);
});

test('the watch clears itself when the run catches up, and small gaps never raise it', () => {
  assert.equal(behind([[10, 0.3], [20, 0.6]], [[10, 0.5], [20, 0.6]]), undefined);
  assert.equal(behind([[10, 0.5]], [[10, 0.51]]), undefined);
});

test('both count with the best they have had, as the checkpoints that are kept', () => {
  assert.equal(behind([[10, 0.7], [20, 0.4]], [[10, 0.5], [20, 0.6]]), undefined, 'the run keeps its 70 %');
  assert.equal(behind([[10, 0.4], [20, 0.5]], [[10, 0.6], [20, 0.3]])?.step, 20, 'the control keeps its 60 %');
});

test('only steps that both have reached are compared, at equal steps', () => {
  assert.equal(behind([[10, 0.5], [40, 0.1]], [[10, 0.5], [20, 0.6]]), undefined);
  assert.equal(behind([[15, 0.3]], [[10, 0.5], [20, 0.2]])?.sinceStep, 15);
  assert.equal(behind([[5, 0.1]], [[10, 0.5]]), undefined, 'the control was not evaluated so early');
  assert.equal(behind([], [[10, 0.5]]), undefined);
  assert.equal(behind([[10, 0.5]], []), undefined);
});

test('the gap carries its interval over the validation photos: around the gap, and narrower with more of them', () => {
  const withItems = (items: number, run: number, control: number): Behind => behindControl(ofItems(items, evaluated([[10, run]])), evaluated([[10, control]]))!;
  const few = withItems(70, 0.6, 0.8), many = withItems(7000, 0.6, 0.8);
  assert.ok(few.lowPt < -20 && few.highPt > -20 && few.highPt < 0, `${few.lowPt} to ${few.highPt}`);
  assert.ok(many.highPt - many.lowPt < (few.highPt - few.lowPt) / 9);
  assert.deepEqual([few.items, behind([[10, 0.5]], [[10, 0.6]])?.items], [70, 0]);
  assert.equal(behindControl(ofItems(70, evaluated([[10, 0.6]]), 'image-multi-label'), evaluated([[10, 0.8]]))?.items, 70, 'photos, not labels');
});

test('the watch is one sentence, of a control that still trains; it goes with the control\'s end', () => {
  const run = evaluated([[10, 0.5]]), control = { manifest: aManifest({ control: 'scratch' }), state: evaluated([[10, 0.6]]) };
  assert.equal(watchText(run, [control]), 'behind the control “from scratch” so far: 10.0 points of validation accuracy at step 10, since step 10');
  assert.equal(watchText(run, [{ ...control, state: { ...control.state, endedAt: 'now' } }]), undefined);
});

test('while it trains, a run is watched against the control of an earlier run, which ended long ago; trained, only against its own', () => {
  const manifest = aManifest({ control: 'scratch' }), earlier = { manifest, state: { ...evaluated([[10, 0.6], [20, 0.65], [30, 0.7]]), endedAt: 'then' } };
  const training = (...evaluations: readonly Evaluation[]): RunState => ({ ...ofItems(70, evaluated(evaluations)), watchedAgainst: [{ control: 'scratch', runId: manifest.id }] });
  assert.match(watchText(training([10, 0.4]), [earlier])!, /^behind the control “from scratch” of an earlier run so far: 20\.0 points of validation accuracy at step 10, since step 10 \(95 % interval 3 to 35/);
  assert.deepEqual(watchBand(training([10, 0.4]), [earlier])?.points.map(({ step }) => step), [10]);
  assert.equal(watchText(training([10, 0.4], [20, 0.66]), [earlier]), undefined, 'it has caught up');
  const { watchedAgainst: _, ...trained } = training([10, 0.4]);
  assert.equal(watchText(trained, [earlier]), undefined);
});

test('the band lies around the best of the control, ends where the interval of the difference does, and goes with the watch', () => {
  const run = ofItems(70, evaluated([[0, 0.3], [10, 0.5], [20, 0.6]])), ofControl = (evaluations: readonly Evaluation[]) => [{ manifest: aManifest({ control: 'scratch' }), state: evaluated(evaluations) }];
  const controls = ofControl([[0, 0.3], [10, 0.55], [20, 0.8]]), band = watchBand(run, controls)!, { lowPt, highPt } = behindControl(run, controls[0]!.state)!;
  assert.deepEqual([band.control, band.points.map(({ step }) => step)], ['from scratch', [0, 10, 20]]);
  assert.ok(band.points.every(({ low, high }, i) => low < [0.3, 0.55, 0.8][i]! && high > [0.3, 0.55, 0.8][i]!));
  assert.ok(Math.abs(band.points[2]!.low - (0.6 - highPt / 100)) < 1e-12 && Math.abs(band.points[2]!.high - (0.6 - lowPt / 100)) < 1e-12);
  assert.ok(band.points[1]!.low < 0.5, '5 points of 70 photos may be none: the run lies in it');
  assert.ok(band.points[2]!.low > 0.6, '20 points are some: it lies below it');
  assert.equal(watchBand(run, ofControl([[0, 0.3], [10, 0.55], [20, 0.6]])), undefined, 'it has caught up');
  assert.equal(watchBand(ofItems(70, run, 'image-regression'), controls), undefined, 'R² is no share of photos');
});
