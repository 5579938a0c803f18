import { monotonicMs } from '../../base/clock.ts';
import { about, stepsText } from '../../base/units.ts';
import { judge, type ControlOutcome } from '../../evidence/verdict.ts';
import { randomWeights } from '../../backbones/initialise.ts';
import { recalibrated } from '../../engine/recalibrate.ts';
import { bestWithin, type Evaluation } from './trace.ts';
import { blindOutputs, knnOutputs } from './blindOutputs.ts';
import { taskOf } from './task.ts';
import { report, trainFrom, type Prepared } from './training.ts';
import { controlPlan } from '../../experiment/controlPlan.ts';
import { diagnosticOf } from './exit.ts';
import { pretrained } from './cardWeights.ts';
import { pixelSource } from './pixelSource.ts';
import { Sources } from './sources.ts';
import { lengthOf, type Trained } from './trainJob.ts';
import type { ControlKind, Verdict } from '../../protocol/verdict.ts';
import type { DataFacts } from '../../protocol/runEvent.ts';
import type { FeatureSource } from './featureSource.ts';
import type { StagePlan } from '../../experiment/plan.ts';
import type { Weights } from '../../backbones/tensorData.ts';

/** Runs the plan's controls after their run and appends the verdict. A stop ends it early: what is missing is then said. */
export async function judgeRun(prepared: Prepared, trained: Trained, trainedMs: number): Promise<void> {
  const { run, plan, dataset } = prepared;
  const { labels, rows: { test } } = dataset, task = taskOf(dataset);
  if (!trained.best) return;
  const budgetMs = plan.scratchBudget === 'auto' ? Math.max(60_000, trainedMs) : plan.scratchBudget * 60_000;
  const outcomes: ControlOutcome[] = [], missing: Verdict['missing'][number][] = [];
  for (const control of ['blind', 'knn', 'random-features', 'scratch'] as const) {
    if (!plan.controls.includes(control)) missing.push({ control, why: plan.weights === 'random' && isTrained(control) ? 'the run itself starts at random' : 'switched off' });
    else if (run.stopRequested.aborted) missing.push({ control, why: 'stopped before it could run' });
    else {
      const outcome = await outcomeOf(control, prepared, trained, budgetMs);
      if ('why' in outcome) missing.push(outcome);
      else outcomes.push(outcome);
    }
  }
  const predicted = task.answersOf(trained.best.testLogits);
  const verdict = judge({ labels: test.map((row) => labels[row]!), predicted }, outcomes, { seeds: 1, missing, scratchBudgetMs: budgetMs });
  run.append({ type: 'verdict', verdict: withDataSaid(verdict, dataset.facts) });
}

/** What is not judged by these rules, and what was not looked at. */
export function withDataSaid(verdict: Verdict, { task, subset }: DataFacts): Verdict {
  const said = subset === undefined ? verdict : { ...verdict, words: `${verdict.words} This was a try on ${subset}.` };
  if (task !== 'image-regression') return said;
  return { claim: 'not-assessed', comparisons: [], missing: verdict.missing, headline: 'Not assessed whether transfer helps', words: `The rules of the verdict count photos that are right; errors of numbers are shown beside their controls, and not judged.${subset === undefined ? '' : ` This was a try on ${subset}.`}` };
}

const isTrained = (control: ControlKind): boolean => control === 'scratch' || control === 'random-features';

type Outcome = ControlOutcome | Verdict['missing'][number];

async function outcomeOf(control: ControlKind, prepared: Prepared, trained: Trained, budgetMs: number): Promise<Outcome> {
  switch (control) {
    case 'blind': return counted(prepared, 'blind', blindOutputs(prepared.dataset));
    case 'knn': {
      const outputs = await nearestNeighbours(prepared);
      return outputs ? counted(prepared, 'knn', outputs) : { control, why: 'stopped before it could run' };
    }
    case 'random-features': return controlRun(prepared, trained, control);
    case 'scratch': return controlRun(prepared, trained, control, budgetMs);
  }
}

/** A control with nothing to train is an event of the run itself. */
function counted({ run, dataset }: Prepared, control: ControlKind, outputs: Float32Array): ControlOutcome {
  const task = taskOf(dataset);
  run.append({ type: 'control', control, ...task.scoreOf(dataset.rows.test, outputs) });
  return { control, predicted: task.answersOf(outputs) };
}

/** kNN on the pretrained features, right before the head; undefined when a stop came before there were any. */
async function nearestNeighbours({ run, plan, card, network, start, dataset, store, machine, engine }: Prepared): Promise<Float32Array | undefined> {
  const features = network.nodes.find(({ name }) => name === 'head')!.inputs[0]!;
  const sources = new Sources({ card, network, stages: [], store, threads: machine.threads, engine: () => Promise.resolve(engine), activity: 'features', append: run.append, stop: run.stopRequested });
  const source = await sources.of(features, plan.weights === 'random' ? await pretrained(card, network, machine.backbones, plan.seed) : start, dataset);
  if (run.stopRequested.aborted) return undefined;
  const { train, test } = dataset.rows;
  return knnOutputs(dataset, await all(source, train), await all(source, test), source.width);
}

async function all(source: FeatureSource, rows: readonly number[]): Promise<Float32Array> {
  const block = await source.blocks(rows.map((sample) => ({ sample, view: 'centre' })), rows.length).next();
  return block.value as Float32Array;
}

/**
 * The plan of a control, cut to as many passes as the run took: equal steps. What starts from random weights learns
 * slowly at first, so it does not stop early by itself; its best evaluation is kept all the same.
 */
function stagesOf(control: 'random-features' | 'scratch', { plan, dataset }: Prepared, trained: Trained): readonly StagePlan[] {
  let left = Math.max(1, trained.step);
  return controlPlan(plan, control).stages.flatMap((stage) => {
    if (left <= 0) return [];
    const { perEpoch, steps, takenSteps } = lengthOf({ dataset, plan }, stage), epochs = Math.min(stage.epochs, Math.ceil(left / perEpoch));
    if (takenSteps <= left) {
      left -= takenSteps;
      return [stage];
    }
    const cut: StagePlan = stage.steps === 'auto' ? { ...stage, epochs, leaveAfter: 0 } : { ...stage, steps: Math.min(steps, left), leaveAfter: 0 };
    left -= lengthOf({ dataset, plan }, cut).steps;
    return [cut];
  });
}

/** A control that trains is a run of its own, in a folder of its own. One that fails is missing; it does not take the run with it. */
async function controlRun(prepared: Prepared, trained: Trained, control: 'random-features' | 'scratch', budgetMs?: number): Promise<Outcome> {
  const { run, dataset: { rows } } = prepared, task = taskOf(prepared.dataset);
  const writer = run.openControl(control, run.manifest.request);
  run.append({ type: 'control-started', control, runId: writer.folder.id, ...(budgetMs !== undefined && { budgetMs }) });
  try {
    const weights = await startOf(prepared, control);
    const result = await trainFrom(prepared, writer, weights, {
      activity: 'random-features', stages: stagesOf(control, prepared, trained), patience: Infinity, stop: run.stopRequested,
      ...(budgetMs !== undefined && { deadlineMs: monotonicMs() + budgetMs }),
    });
    const { perEpoch } = lengthOf(prepared, prepared.plan.stages[0]!);
    if (!result.best || result.how !== 'finished' && result.step < perEpoch) { // the run was not evaluated so early either
      writer.close('stopped');
      return { control, why: `${result.how === 'stopped' ? 'it was stopped' : `its ${about(budgetMs ?? 0)} ended`} after ${stepsText(result.step)}, before its first epoch of ${perEpoch}: give it more time` };
    }
    report(prepared, writer, result.best);
    writer.close(result.how === 'stopped' ? 'stopped' : 'finished');
    const matched = result.how === 'finished' ? undefined : matchedWithin(trained, result, prepared.plan.stop.metric);
    run.append({ type: 'control', control, ...task.scoreOf(rows.test, result.best.testLogits), runId: writer.folder.id, ...(matched && { matchedSteps: result.step }) });
    return { control, predicted: task.answersOf(result.best.testLogits), ...(matched && { matched: { step: result.step, predicted: task.answersOf(matched.testLogits) } }) };
  } catch (error) {
    const diagnostic = diagnosticOf(error);
    writer.close('failed', diagnostic);
    return { control, why: `it failed: ${diagnostic.message}` };
  }
}

/** What the run had to show after as many steps as the control got. */
const matchedWithin = (trained: Trained, control: Trained, metric: Prepared['plan']['stop']['metric']): Evaluation | undefined =>
  bestWithin(trained.trace, control.step, metric);

/** Images that a random backbone's batch norms are measured on. */
const calibrationImages = 32;

async function startOf(prepared: Prepared, control: ControlKind): Promise<Weights> {
  const { network, plan, dataset, card, engine } = prepared;
  const weights = randomWeights(network, plan.seed);
  if (control === 'scratch') return weights; // its batch norms measure for themselves, batch by batch
  const rows = dataset.rows.train.slice(0, calibrationImages).map((sample) => ({ sample, view: 'centre' as const }));
  const block = await pixelSource(dataset, card.input).blocks(rows, rows.length).next();
  return recalibrated(network, weights, block.value as Uint8Array, card.input, engine.kernels);
}
