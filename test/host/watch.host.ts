import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { RunId } from '../../src/protocol/runManifest.ts';
import type { RunRow } from '../../src/views/runsTree.ts';
import { watchLines } from '../../src/views/runLook.ts';
import { eventually, hostTest } from './suite.ts';
import { inWorkspace, start, thaw, trainingMs } from './thaw.ts';
import { tintedPhotos } from '../support/tintedPhotos.ts';

/** Learns nothing in its first stage, and what random weights learn too in its second. */
const late = 'thaw: 1\ndata: { folder: tinted, split: { train: 40%, validation: 40%, test: 20% } }\nbackbone: resnet20_cifar10\nstages:\n  - { name: still, train: [head], epochs: 8, rate: 1e-8 }\n  - { name: learns, train: [all], epochs: 8, augment: none }\nbatch: 16\nstop: { patience: 100 }\ncontrols: [scratch]\n';

hostTest('while it trains, a run is watched against the scratch control that an earlier one had made, until it catches up; a control of it that was stopped is resumed', async () => {
  tintedPhotos(inWorkspace('tinted').fsPath, ['red', 'green', 'blue'], 20);
  const { model, runs, whenIdle } = await thaw(), first = await start('late.thaw.yaml', late);
  await whenIdle();
  const made = model.runOf(first)?.state.controls.find(({ control }) => control === 'scratch')?.runId;
  assert.ok(made !== undefined, 'the first run has made it');

  const seen: { readonly step: number; readonly watch: string; readonly icon: string | undefined }[] = [], id = await start('late.thaw.yaml', late);
  const listening = model.onDidChangeRun(() => {
    const run = model.runOf(id), { iconPath, accessibilityInformation } = runs.getTreeItem({ kind: 'run', runId: id });
    if (run?.state.status !== 'training') return;
    const [watch = ''] = watchLines(run.state, model.controlsOf(id));
    assert.ok(accessibilityInformation?.label.includes(watch));
    seen.push({ step: run.state.step, watch, icon: iconPath instanceof vscode.ThemeIcon ? iconPath.id : undefined });
  });
  await whenIdle();
  listening.dispose();
  const run = model.runOf(id), last = seen.findLastIndex(({ watch }) => watch !== ''), journal = JSON.stringify(seen);
  assert.deepEqual(run?.events.flatMap((event) => event.type === 'watched-against' ? event.controls : []), [{ control: 'scratch', runId: made }]);
  assert.match(seen[last]?.watch ?? '', /^Watch: behind the control “from scratch” of an earlier run so far: \d+\.\d points of validation accuracy at step \d+/, journal);
  assert.ok(seen[last]!.icon === 'eye' && last < seen.length - 1 && seen.at(-1)!.icon !== 'eye', `it is gone before the run is trained: ${journal}`);
  assert.equal(run.state.controls.find(({ control }) => control === 'scratch')?.reusedFrom, first);

  const control = await model.addControl(id, 'random-features');
  await eventually('its first epoch', () => (model.runOf(control)?.state.epoch ?? 0) >= 1, 60_000);
  await vscode.commands.executeCommand('thaw.stopRun', { runId: control });
  const rowOf = async (): Promise<RunRow | undefined> => (await runs.getChildren({ kind: 'run', runId: id })).find((row) => row.kind === 'control' && row.control.control === 'random-features');
  const stopped = await eventually('its row to say so', async () => {
    const row = await rowOf();
    return row && runs.getTreeItem(row).contextValue === 'control interrupted' && row;
  });
  const resumed = await vscode.commands.executeCommand<RunId | undefined>('thaw.resumeRun', stopped);
  await whenIdle();
  assert.ok(resumed);
  await eventually('the verdict that knows it', () => model.runOf(id)?.state.verdict?.comparisons.some((each) => each.control === 'random-features'));
  assert.match(model.runOf(resumed)!.state.warnings.find(({ code }) => code === 'control-continued')?.message ?? '', /^it goes on from step \d+, where it was interrupted/);
  assert.equal(runs.getTreeItem((await rowOf())!).contextValue, 'control');
}, { limitMs: trainingMs });
