import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialRun, reduceRun, type RunState } from '../../../src/protocol/reduceRun.ts';
import type { RunFact } from '../../../src/protocol/runEvent.ts';
import { xs, ys } from '../../../src/base/series.ts';
import { aManifest, aShare, asEvents, everyFact } from '../../support/runs.ts';

const fold = (facts: readonly RunFact[]): RunState => asEvents(facts).reduce(reduceRun, initialRun(aManifest()));
const upTo = (type: RunFact['type']): RunState => fold(everyFact.slice(0, everyFact.findIndex((fact) => fact.type === type) + 1));

test('a finished run shows its curves, its best, its test, its controls and its verdict', () => {
  const run = fold(everyFact);
  assert.equal(run.status, 'finished');
  assert.deepEqual([[...xs(run.loss)], [...ys(run.loss)], [...ys(run.rate)]], [[1, 2], [0.9, 0.7], [1e-3, 5e-4]]);
  assert.deepEqual([[...xs(run.validationLoss)], [...ys(run.validationLoss)], [...ys(run.validationAccuracy)]], [[1, 2], [0.8, 0.85], [0.5, 0.5]]);
  assert.deepEqual(run.best, { step: 1, loss: 0.8, accuracy: 0.5 });
  assert.deepEqual(run.tested, { step: 1, loss: 0.8, accuracy: aShare });
  assert.deepEqual(run.controls.map(({ control, accuracy, budgetMs, matchedSteps }) => [control, accuracy?.value, budgetMs, matchedSteps]),
    [['blind', 0.5, undefined, undefined], ['scratch', 0.9, 60000, 2]]);
  assert.equal(run.verdict?.claim, 'helps');
  assert.deepEqual([run.calibration?.temperature, run.transfer?.blocks[0]?.cka], [1.5, { value: 0.91, control: 0.12 }]);
  assert.equal(run.warnings.length, 1);
  assert.equal(run.earlyStop?.bestStep, 1);
  assert.equal(run.checkpointStep, 1);
  assert.equal(run.data?.classes.length, 2);
  assert.equal(run.planned?.totalSteps, 2);
  assert.equal(run.engine?.name, 'wasm');
  assert.ok(!('progress' in run) && !('etaMs' in run), 'what is over has no progress and no ETA');
});

test('what a run is watched against goes with its training, and random features with the plan that they follow', () => {
  const against: RunFact = { type: 'watched-against', controls: [{ control: 'scratch', runId: 'a' }, { control: 'random-features', runId: 'b' }] };
  const changed = everyFact.find(({ type }) => type === 'plan-changed')!, tested = everyFact.find(({ type }) => type === 'tested')!;
  const idsAfter = (...facts: readonly RunFact[]): readonly string[] | undefined => fold([against, ...facts]).watchedAgainst?.map(({ runId }) => runId);
  assert.deepEqual([idsAfter(), idsAfter(changed), idsAfter(tested), idsAfter({ type: 'ended', outcome: 'stopped' })], [['a', 'b'], ['a'], undefined, undefined]);
});

test('the status follows what is going on', () => {
  assert.equal(initialRun(aManifest()).status, 'queued');
  assert.equal(upTo('started').status, 'preparing');
  assert.equal(upTo('stage').status, 'training');
  assert.equal(upTo('tested').status, 'judging');
  assert.deepEqual(fold(everyFact.slice(0, 7)).progress, { activity: 'features', done: 3, total: 20 });
  assert.equal(fold(everyFact.slice(0, 7)).etaMs, 4000);
});

test('a crash shows its reason', () => {
  const crashed: RunFact = { type: 'ended', outcome: 'crashed', diagnostic: { code: 'run-killed', severity: 'error', message: 'SIGKILL' } };
  assert.equal(fold([...everyFact.slice(0, 12), crashed]).problem?.code, 'run-killed');
});

test('events seen before change nothing, nor does folding change an earlier state', () => {
  const events = asEvents(everyFact);
  const half = events.slice(0, 10).reduce(reduceRun, initialRun(aManifest()));
  const points = half.loss.length;
  const whole = events.reduce(reduceRun, half); // replays the first ten
  assert.equal(half.loss.length, points);
  assert.deepEqual([...xs(whole.loss)], [1, 2]);
  assert.equal(whole.warnings.length, 1);
});

test('folding takes time in proportion to the steps, so that a million can be folded', () => {
  const folded = (steps: number): number => {
    const before = process.cpuUsage();
    let run = initialRun(aManifest());
    for (let seq = 0; seq < steps; seq++) run = reduceRun(run, { seq, at: '', type: 'step', step: seq + 1, epoch: 0, loss: 1, rate: 1, perSecond: 1, etaMs: 1 });
    assert.equal(run.loss.length, steps);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  folded(20_000); // compiled, not interpreted
  const few = folded(100_000), many = folded(1_000_000);
  assert.ok(many < 40 * few, `${few} µs of processor for a tenth of the steps, ${many} µs for all: quadratic would be a hundred times as much`);
});
