import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { RunId } from '../../src/protocol/runManifest.ts';
import { dashboardType } from '../../src/contributions.ts';
import { eventually, hostTest } from './suite.ts';
import { inWorkspace, retype, showExperiment, start, thaw, trainingMs } from './thaw.ts';

const short = 'thaw: 1\ndata: { folder: photos }\nstages:\n  - { name: probe, train: [head], epochs: 2 }\ncontrols: [blind, knn]\n';

/** Answers quick picks with their first row until `done` settles. */
async function accept<T>(done: Thenable<T>): Promise<T> {
  let settled = false;
  const end = (): void => { settled = true; };
  done.then(end, end);
  await eventually('the questions to be answered', async () => {
    await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    return settled;
  });
  return done;
}

const dashboards = (): readonly vscode.Tab[] => vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs)
  .filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(dashboardType));

hostTest('Fine-Tune This Folder writes an experiment beside the folder and runs it to the end', async () => {
  const { model, runs, whenIdle } = await thaw();
  const id = await accept(vscode.commands.executeCommand<RunId | undefined>('thaw.fineTune', inWorkspace('photos')));
  assert.ok(id, 'a run was started');
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(inWorkspace('photos.thaw.yaml')));
  assert.match(text, /^thaw: 1$/m);
  assert.match(text, /folder: photos$/m);
  assert.equal(dashboards().length, 1);
  const row = await eventually('the row of the run', async () => (await runs.getChildren()).find(({ runId }) => runId === id));
  assert.equal(runs.getTreeItem(row).contextValue, 'run live');
  await whenIdle();
  const run = model.runOf(id);
  assert.equal(run?.manifest.status, 'finished', JSON.stringify(run?.manifest.problem));
  assert.ok(run.state.tested, 'it was tested');
  assert.equal(runs.getTreeItem(row).contextValue, 'run ended model');
  assert.match(String(runs.getTreeItem(row).description), /\d %/);
  assert.ok((await runs.getChildren(row)).length >= 3, 'its controls stand below it');
}, { limitMs: trainingMs });

hostTest('a file that cannot be read is one entry of the Problems panel', async () => {
  const bad = inWorkspace('photos', 'empty.jpg'), [label] = await vscode.workspace.fs.readDirectory(inWorkspace('photos'));
  const file = vscode.Uri.joinPath(inWorkspace('photos'), label![0], 'empty.jpg');
  await vscode.workspace.fs.writeFile(file, new Uint8Array());
  await start('bad.thaw.yaml', short);
  await (await thaw()).whenIdle();
  const [problem] = await eventually('the problem', () => {
    const found = vscode.languages.getDiagnostics(file);
    return found.length > 0 && found;
  });
  assert.equal(problem?.source, 'Thaw');
  assert.equal(problem.code, 'empty-file');
  await vscode.workspace.fs.delete(file);
  assert.equal(vscode.languages.getDiagnostics(bad).length, 0);
}, { limitMs: trainingMs });

hostTest('a run that is stopped keeps what it has and says so, and goes on when it is resumed', async () => {
  const id = await start('long.thaw.yaml', short.replace('[head], epochs: 2', '[blocks.6, conv_head, head], epochs: 10000').replace('controls', 'stop: { patience: 10000 }\ncontrols'));
  const { model, runs } = await thaw();
  await eventually('the first epoch', () => (model.runOf(id)?.state.epoch ?? 0) >= 1, 60_000);
  await vscode.commands.executeCommand('thaw.stopRun', { runId: id });
  await eventually('the end', () => model.runOf(id)?.state.status === 'stopped');
  const row = (await runs.getChildren()).find(({ runId }) => runId === id);
  assert.ok(row);
  const item = runs.getTreeItem(row);
  assert.match(String(item.description), /stopped/);
  assert.equal(item.contextValue, 'run ended model interrupted', 'Resume stands in its row');

  const steps = model.runOf(id)!.state.checkpointStep!, resumed = await vscode.commands.executeCommand<RunId | undefined>('thaw.resumeRun', row);
  assert.ok(resumed && resumed !== id);
  await eventually('the next epoch', () => (model.runOf(resumed)?.state.step ?? 0) > steps, 60_000);
  assert.match(model.runOf(resumed)!.state.warnings.find(({ code }) => code === 'run-continued')?.message ?? '', new RegExp(`goes on from step ${steps},`));
  assert.equal(model.runOf(id), undefined, 'it has taken the place of the other');
  await vscode.commands.executeCommand('thaw.stopRun', { runId: resumed });
}, { limitMs: trainingMs });

hostTest('an image is predicted with the latest run', async () => {
  const [label] = await vscode.workspace.fs.readDirectory(inWorkspace('photos'));
  const folder = vscode.Uri.joinPath(inWorkspace('photos'), label![0]);
  const [photo] = await vscode.workspace.fs.readDirectory(folder);
  const image = vscode.Uri.joinPath(folder, photo![0]);
  await accept(vscode.commands.executeCommand('thaw.predict', image)); // the first row is the image's best label: it opens the image
  await eventually('the image to be open', () => vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).some(({ label: name }) => name === photo![0]));
}, { limitMs: trainingMs });

hostTest('plans of two runs, and of a file and its last run, stand side by side', async () => {
  const { model } = await thaw(), [newer, older] = model.runs();
  assert.ok(newer && older, 'there are two runs');
  const shown = async (): Promise<vscode.TabInputTextDiff> => eventually('the diff', () => {
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    return input instanceof vscode.TabInputTextDiff && input;
  });
  const textOf = async (uri: vscode.Uri): Promise<string> => (await vscode.workspace.openTextDocument(uri)).getText();
  await vscode.commands.executeCommand('thaw.diffPlans', { runId: newer.manifest.id }, [{ runId: newer.manifest.id }, { runId: older.manifest.id }]);
  const runs = await shown();
  assert.match(await textOf(runs.original), /^ {4}epochs: 2 {2}# file$/m);
  assert.match(await textOf(runs.modified), /^ {4}epochs: 10000 {2}# file$/m);
  assert.equal(vscode.window.tabGroups.activeTabGroup.activeTab?.label.includes('↔'), true);

  await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  const editor = await showExperiment('long.thaw.yaml', new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.file(newer.manifest.experimentFile))));
  await retype(editor, 'epochs: 10000', 'epochs: 77');
  await vscode.commands.executeCommand('thaw.comparePlan', editor.document.uri);
  const now = await shown();
  assert.match(await textOf(now.original), /epochs: 10000/);
  assert.match(await textOf(now.modified), /epochs: 77/);
  await retype(editor, 'epochs: 77', 'epochs: 78');
  await eventually('the diff to follow the file', async () => (await textOf(now.modified)).includes('epochs: 78'));
  await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  await vscode.window.showTextDocument(editor.document);
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

hostTest('a run that another process starts or deletes comes and goes', async () => {
  const { model } = await thaw();
  const [run] = model.runs();
  assert.ok(run);
  const copy = '20200101-000000-copy-abcdef' as RunId, place = vscode.Uri.joinPath(vscode.Uri.file(run.folder.path), '..', copy);
  await vscode.workspace.fs.copy(vscode.Uri.file(run.folder.path), place);
  await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(place, 'run.json'), new TextEncoder().encode(JSON.stringify({ ...run.manifest, id: copy })));
  await eventually('the copy to appear', () => model.runOf(copy));
  await vscode.workspace.fs.delete(place, { recursive: true });
  await eventually('the copy to go', () => model.runOf(copy) === undefined);
});

hostTest('a deleted run closes its dashboard and leaves the disk', async () => {
  const { model } = await thaw();
  const run = model.runs().find(({ manifest }) => manifest.title === 'photos');
  assert.ok(run);
  await vscode.commands.executeCommand('thaw.openDashboard', { runId: run.manifest.id });
  const before = dashboards().length;
  assert.ok(before > 0);
  model.delete(run.manifest.id);
  await eventually('its dashboard to close', () => dashboards().length === before - 1);
  await assert.rejects(Promise.resolve(vscode.workspace.fs.stat(vscode.Uri.file(run.folder.path))));
});
