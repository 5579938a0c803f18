/** Controls as runs: added to a run that has ended, reused by the next, repeated with other seeds. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { factsOf, manifestOf, valueOf, Workspace } from '../../support/product.ts';
import { readCheckpoint } from '../../../src/runs/checkpoint.ts';
import { stepsText } from '../../../src/base/units.ts';
import { dropLease, leaseOf, readLease, writeLease } from '../../../src/runs/lease.ts';
import { writeManifest } from '../../../src/runs/manifest.ts';
import { keptWithin, readTrace } from '../../../src/runs/trace.ts';
import type { RunFolder } from '../../../src/runs/runFolder.ts';

const experiment = (controls: string): string => `thaw: 1\ndata: { folder: photos }\nstages: [{ train: [head], epochs: 2, augment: none }]\ncontrols: ${controls}\nbatch: 8\n`;

const mainRuns = (workspace: Workspace): readonly RunFolder[] => workspace.runs().filter((run) => manifestOf(run).controlOf === undefined);

test('a control is added to a run that has ended: its journal ends as before and with a verdict that knows it, and the next run finds it made', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 10, paper: 10 });
  workspace.write('first.thaw.yaml', experiment('[blind, knn]'));
  const ran = await workspace.thaw('run', 'first.thaw.yaml');
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  const [first] = mainRuns(workspace), ended = manifestOf(first!);
  assert.deepEqual(readTrace(first!).map(({ step }) => step), [0, 2, 4]);

  // As in the moment in which the journal has the run's end and the manifest has not yet: it is waited for.
  writeManifest(first!, { ...ended, status: 'judging' });
  writeLease(first!, leaseOf(process.pid));
  const adding = workspace.thaw('control', first!.id, 'random-features');
  await sleep(1500);
  writeManifest(first!, ended);
  dropLease(first!);
  const added = await adding;
  assert.equal(added.code, 0, added.stdout + added.stderr);
  assert.match(added.stdout, /random backbone +\d+\.\d %/);
  const [control] = workspace.runs().filter((run) => manifestOf(run).controlOf === first!.id);
  assert.deepEqual([manifestOf(control!).control, manifestOf(control!).status, manifestOf(control!).dataFingerprint], ['random-features', 'finished', ended.dataFingerprint]);
  const verdicts = await factsOf(first!, 'verdict'), last = verdicts.at(-1)!.verdict;
  assert.equal(verdicts.length, 2);
  assert.deepEqual(last.comparisons.map(({ control: kind }) => kind), ['blind', 'knn', 'random-features']);
  assert.deepEqual(last.missing.map(({ control: kind, why }) => `${kind}: ${why}`), ['linear-probe: switched off', 'scratch: switched off']);
  const { status, endedAt, test: tested } = manifestOf(first!);
  assert.deepEqual([status, endedAt, tested], [ended.status, ended.endedAt, ended.test]);
  const ends = await factsOf(first!, 'ended');
  assert.deepEqual([ends.at(-1)?.at, ends.at(-1)?.outcome], [ends[0]?.at, 'finished']);

  workspace.write('second.thaw.yaml', experiment('[random-features]'));
  const again = await workspace.thaw('run', 'second.thaw.yaml');
  assert.equal(again.code, 0, again.stdout + again.stderr);
  assert.match(again.stdout, new RegExp(`random backbone: \\d+\\.\\d % \\(reused from ${first!.id}\\)`));
  const [, second] = mainRuns(workspace), [reused] = await factsOf(second!, 'control');
  assert.deepEqual([reused?.runId, reused?.reusedFrom], [control!.id, first!.id]);
  assert.equal(workspace.runs().length, 3, 'nothing was trained twice');
});

test('a control that was stopped, and then killed, goes on from where it was, to the bytes and the verdict of one that was not', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 10, paper: 10 });
  workspace.write('run.thaw.yaml', experiment('[blind]').replace('epochs: 2', 'epochs: 300').replace('batch: 8', 'batch: 4\nstop: { patience: 300 }'));
  assert.equal((await workspace.thaw('run', 'run.thaw.yaml')).code, 0);
  const [run] = mainRuns(workspace), controls = (): readonly RunFolder[] => workspace.runs().filter((each) => manifestOf(each).controlOf === run!.id);
  const stopped = workspace.start('control', run!.id, 'random-features');
  await stopped.said(/epoch 20: /);
  stopped.process.kill('SIGINT');
  assert.equal((await stopped.ended).code, 130);
  const [first] = controls(), at = valueOf(readCheckpoint(first!, 'last'))!.step;
  assert.ok(at >= 20 * 3, `${at}`);

  const killed = workspace.start('control', run!.id, 'random-features');
  await killed.said(new RegExp(`goes on from step ${at}, where it was interrupted`));
  await killed.said(/epoch \d+: /);
  process.kill(readLease(controls().at(-1)!.lease)!.pid, 'SIGKILL');
  assert.equal((await killed.ended).code, 1);

  const ended = await workspace.thaw('control', run!.id, 'random-features');
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  const [continued] = controls();
  assert.equal(controls().length, 1, 'what was taken over is gone');
  const steps = (await factsOf(continued!, 'evaluated')).map(({ step }) => step);
  assert.deepEqual(steps, Array.from({ length: 301 }, (_, epoch) => 3 * epoch), 'its curve is whole');

  assert.equal((await workspace.thaw('control', run!.id, 'random-features')).code, 0);
  const whole = controls().find(({ id }) => id !== continued!.id)!, bytesOf = (folder: RunFolder): readonly unknown[] => [valueOf(readCheckpoint(folder, 'best'))!.weights, ...['test.jsonl', 'trace.jsonl'].map((name) => readFileSync(join(folder.evaluations, name)))];
  assert.deepEqual(bytesOf(continued!), bytesOf(whole));
  const verdicts = await factsOf(run!, 'verdict');
  assert.deepEqual(verdicts.at(-1)!.verdict, verdicts.at(-2)!.verdict);
});

test('a control is refused on photos that have changed, on a control, by a name that there is not, and a probe of a probe; the run stays as it was', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 8, paper: 8 });
  workspace.write('run.thaw.yaml', experiment('[blind]'));
  assert.equal((await workspace.thaw('run', 'run.thaw.yaml')).code, 0);
  const [run] = mainRuns(workspace);
  assert.equal((await workspace.thaw('control', run!.id, 'random')).code, 2);
  const probe = await workspace.thaw('control', run!.id, 'linear-probe');
  assert.match(probe.stdout, /the run is a linear probe itself/);
  rmSync(workspace.path('photos', 'glass', '0.jpg'));
  const changed = await workspace.thaw('control', run!.id, 'knn');
  assert.deepEqual([changed.code, manifestOf(workspace.lastRun()).problem?.code, manifestOf(run!).status], [1, 'data-changed', 'finished']);
  assert.match((await workspace.thaw('control', workspace.lastRun().id, 'knn')).stderr, /this is a control itself/);
  assert.equal((await factsOf(run!, 'verdict')).length, 1);
});

test('a from-scratch control whose time ends before its steps do is cut there, and the verdict compares the two at that step', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 10, paper: 10 });
  workspace.write('run.thaw.yaml', 'thaw: 1\nbackbone: resnet20_cifar10\ndata: { folder: photos }\nstages: [{ train: [head], epochs: 300, augment: none }]\nstop: { patience: 300 }\ncontrols: [scratch]\nscratchBudget: 3× run\nbatch: 16\n');
  const { code, stdout, stderr } = await workspace.thaw('run', 'run.thaw.yaml');
  assert.equal(code, 0, stdout + stderr);
  const [run] = mainRuns(workspace), [scratch] = await factsOf(run!, 'control'), step = scratch?.matchedSteps ?? assert.fail(stdout);
  const control = workspace.runs().find(({ id }) => id === scratch!.runId)!;
  assert.ok(step < 300, `cut at step ${step} of 300`);
  assert.deepEqual([manifestOf(control).status, manifestOf(control).cutAtStep, manifestOf(control).budgetMs], ['finished', step, (await factsOf(run!, 'control-started'))[0]!.budgetMs]);
  assert.ok(valueOf(readCheckpoint(control, 'best'))!.step <= step);
  const { verdict } = (await factsOf(run!, 'verdict'))[0]!, comparison = verdict.comparisons[0]!;
  assert.deepEqual(comparison.at, { kind: 'matched', step });
  const then = keptWithin(readTrace(run!), step)!, steps = stepsText(step);
  assert.equal(comparison.run.correct, then.right!.replaceAll('0', '').length, 'the run as it was by then');
  assert.equal(comparison.items, (await factsOf(run!, 'tested'))[0]!.accuracy.items);
  assert.match(verdict.words, new RegExp(`Both are judged within the first ${steps}, where the control's time ended \\(.+\\): this is matched to ${steps}, and says nothing about longer training\\.`));
  assert.match(stdout, new RegExp(`from scratch: \\d+\\.\\d % after ${steps}`));
});

test('three seeds are judged together: what is missing is run, on the same split, and the words change', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 10, paper: 10 });
  workspace.write('run.thaw.yaml', experiment('[random-features]'));
  assert.equal((await workspace.thaw('run', 'run.thaw.yaml')).code, 0);
  const confirmed = await workspace.thaw('confirm', 'latest');
  assert.equal(confirmed.code, 0, confirmed.stdout + confirmed.stderr);
  const runs = mainRuns(workspace), [head] = runs;
  assert.deepEqual(runs.map((run) => [manifestOf(run).seedOf, manifestOf(run).request?.overrides?.['seed']]), [[undefined, undefined], [head!.id, 2], [head!.id, 3]]);
  assert.equal(new Set(runs.map((run) => manifestOf(run).dataFingerprint)).size, 1);
  const verdicts = await factsOf(head!, 'verdict');
  assert.deepEqual(verdicts.map(({ verdict }) => verdict.comparisons[0]?.seeds), [1, 2, 3]);
  assert.match(verdicts.at(-1)!.verdict.words, /^Over 3 seeds on the same \d+ test items/);
  assert.match(confirmed.stdout, /by seed [−+]?\d/);
  assert.equal((await workspace.thaw('confirm', runs[1]!.id, '--detach')).stdout, '\n', 'three are there');
});
