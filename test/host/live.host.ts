import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { RateTest } from '../../src/protocol/answers.ts';
import type { RunId } from '../../src/protocol/runManifest.ts';
import { ratesType } from '../../src/contributions.ts';
import { eventually, hostTest } from './suite.ts';
import { showExperiment, thaw } from './thaw.ts';

/** Two busy cores and the built-in engine. */
const trainingMs = 180_000;

const long = 'thaw: 1\ndata: { folder: photos }\nstages:\n  - { name: probe, train: [head], epochs: 400, rate: 1e-4 } # kept\nstop: { patience: 400 }\ncontrols: []\nbatch: 8\n';
/** Four hundred epochs of a head on known features are over in two seconds: before the question is answered. */
const longer = long.replaceAll('400', '10000');

hostTest('Find Learning Rate tests a stage, shows its page, and the file is as it was', async () => {
  const { document } = await showExperiment('rate.thaw.yaml', long);
  const tested = await vscode.commands.executeCommand<RateTest | undefined>('thaw.findRate', document.uri, 0);
  assert.ok(tested?.suggestions && tested.suggestions.valley > 1e-5, JSON.stringify(tested?.suggestions));
  assert.deepEqual([tested.stage.name, tested.rate], ['probe', 1e-4]);
  await eventually('its page', () => vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).some(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(ratesType)));
  assert.equal(document.getText(), long);
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}, { limitMs: trainingMs });

hostTest('a tick while a run trains asks once, and then thaws layers of that run at its next epoch', async () => {
  const { layers, model } = await thaw(), { document } = await showExperiment('livetick.thaw.yaml', longer);
  const id = await vscode.commands.executeCommand<RunId>('thaw.startRun', document.uri);
  await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
  const changes = (): number => model.runOf(id)?.events.filter(({ type }) => type === 'plan-changed').length ?? 0;
  await eventually('the first epochs', () => (model.runOf(id)?.state.epoch ?? 0) > 1, trainingMs);
  await layers.setTrains('conv_head', true);
  await eventually('the change, once the question is answered', async () => {
    if (changes() === 0) await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    return changes() === 1;
  }, trainingMs);
  assert.match(document.getText(), /train: \[head, conv_head\].*# kept/);
  await layers.setTrains('conv_head', false);
  await eventually('the second change, unasked', () => changes() === 2, trainingMs);
  const { planned, stages } = await eventually('its stage', () => { const state = model.runOf(id)?.state; return state?.stages.length === 3 && state; }, trainingMs);
  assert.deepEqual([planned?.stages.map(({ name }) => name), stages.map(({ stage }) => stage)], [['probe', 'probe thawed', 'probe frozen'], [0, 1, 2]]);
  await model.stop(id);
  await document.save();
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}, { limitMs: trainingMs });

/** What notifications say meanwhile; they are shown all the same. */
function overheard(): { readonly said: readonly string[]; [Symbol.dispose](): void } {
  const said: string[] = [], show = vscode.window.showInformationMessage;
  const listening = (message: string, ...rest: readonly never[]): Thenable<undefined> => {
    said.push(message);
    return show(message, ...rest);
  };
  Object.assign(vscode.window, { showInformationMessage: listening });
  return { said, [Symbol.dispose]: () => { Object.assign(vscode.window, { showInformationMessage: show }); } };
}

hostTest('a tick whose question outlasts its run is told to be too late for it; the change stays in the file', async () => {
  using notices = overheard();
  const { layers, model } = await thaw(), { document } = await showExperiment('latetick.thaw.yaml', longer);
  const id = await vscode.commands.executeCommand<RunId>('thaw.startRun', document.uri);
  await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
  await eventually('the first epochs', () => (model.runOf(id)?.state.epoch ?? 0) > 1, trainingMs);
  await layers.setTrains('conv_head', true); // nobody answers
  await model.stop(id);
  const late = await eventually('the message', () => notices.said.find((words) => words.includes('too late')), trainingMs);
  assert.equal(late.replaceAll('\u200b', ''), 'latetick: it was too late to change conv_head in this run: it trains no more; the experiment file has the change, for the next run.');
  assert.match(document.getText(), /train: \[head, conv_head\].*# kept/);
  await document.save();
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}, { limitMs: trainingMs });
