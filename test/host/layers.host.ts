import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually, hostTest } from './suite.ts';
import { retype, showExperiment, thaw } from './thaw.ts';

const text = `# kept: the first line
thaw: 1
data: { folder: photos }
stages:
  - name: thaw            # kept: why this stage
    train: [head]         # kept: the head alone
    epochs: 2
`;

/** The state of a row's checkbox, found by its path; undefined when there is no such row. */
async function isTicked(path: string): Promise<boolean | undefined> {
  const { layers } = await thaw();
  for (let rows = await layers.getChildren(); rows.length > 0;) {
    const row = rows.find((each) => path === each.path || path.startsWith(`${each.path}.`));
    if (!row) return undefined;
    if (row.path === path) return layers.getTreeItem(row).checkboxState === undefined ? undefined : stateOf(layers.getTreeItem(row));
    rows = await layers.getChildren(row);
  }
  return undefined;
}

function stateOf({ checkboxState }: vscode.TreeItem): boolean {
  const state = typeof checkboxState === 'object' ? checkboxState.state : checkboxState;
  return state === vscode.TreeItemCheckboxState.Checked;
}

const becomes = (path: string, ticked: boolean): Promise<unknown> =>
  eventually(`${path} to be ${ticked ? 'ticked' : 'not ticked'}`, async () => await isTicked(path) === ticked);

hostTest('the layers of the experiment in the editor appear, ticked where they train', async () => {
  await showExperiment('layers.thaw.yaml', text);
  await becomes('head', true);
  assert.equal(await isTicked('blocks.6'), false);
  const { layers } = await thaw();
  const rows = await layers.getChildren();
  assert.equal(rows.at(-1)?.path, 'head');
  assert.ok(rows.length >= 9, `${rows.length} rows`);
  assert.match(layers.getTreeItem(rows[0]!).tooltip as string, /parameters/);
});

hostTest('a backbone that ends after an earlier block has no rows above it', async () => {
  const editor = await showExperiment('layers.thaw.yaml', text), { layers } = await thaw();
  await becomes('blocks.6', false);
  await retype(editor, 'stages:', 'features: blocks.2\nstages:');
  await eventually('the shorter tree', async () => (await layers.getChildren()).map(({ path }) => path).join() === 'stem,blocks.0,blocks.1,blocks.2,head');
  await vscode.commands.executeCommand('workbench.action.files.revert');
  await becomes('blocks.6', false);
});

hostTest('a tick edits the experiment file, keeps its comments, and can be undone', async () => {
  const { document } = await showExperiment('layers.thaw.yaml', text);
  await becomes('head', true);
  await (await thaw()).layers.setTrains('blocks.6', true);
  await becomes('blocks.6', true);
  assert.match(document.getText(), /train: \[.*blocks\.6.*\] *# kept: the head alone/);
  assert.equal(document.getText().match(/# kept/g)?.length, 3);
  assert.equal(document.isDirty, true);
  await vscode.commands.executeCommand('undo');
  await becomes('blocks.6', false);
  assert.equal(document.getText(), text);
});

hostTest('ticks in quick succession are all written', async () => {
  const { document } = await showExperiment('layers.thaw.yaml', text);
  await becomes('head', true);
  const { layers } = await thaw();
  await Promise.all(['blocks.4', 'blocks.5', 'blocks.6'].map((path) => layers.setTrains(path, true)));
  assert.match(document.getText(), /train: \[head, blocks\.4, blocks\.5, blocks\.6\] *# kept: the head alone/);
});

hostTest('ticking every layer of a block ticks the block; unticking one leaves "n of m train"', async () => {
  await showExperiment('layers.thaw.yaml', text.replace('[head]', '[blocks.6, head]'));
  await becomes('blocks.6', true);
  const { layers } = await thaw();
  const block = (await layers.getChildren()).find(({ path }) => path === 'blocks.6');
  assert.ok(block);
  const [part] = await layers.getChildren(block);
  const [layer] = part ? await layers.getChildren(part) : [];
  assert.ok(layer, 'a block has layers below it');
  await layers.setTrains(layer.path, false);
  await becomes('blocks.6', false);
  const now = (await layers.getChildren()).find(({ path }) => path === 'blocks.6')!;
  assert.match(String(layers.getTreeItem(now).description), /^\d+ of \d+ train/);
  await layers.setTrains(layer.path, true);
  await becomes('blocks.6', true);
});

hostTest('an edit of the file moves the ticks', async () => {
  const editor = await showExperiment('layers.thaw.yaml', text);
  await becomes('blocks.5', false);
  await retype(editor, '[head]', '[blocks.5, head]');
  await becomes('blocks.5', true);
});

hostTest('a file that is broken keeps the last ticks, and a tick leaves it as it is', async () => {
  const editor = await showExperiment('layers.thaw.yaml', text);
  await becomes('head', true);
  await retype(editor, 'epochs: 2', 'epochs: {');
  await eventually('the errors of the file', async () => ((await thaw()).experiment.active?.errors.length ?? 0) > 0);
  assert.equal(await isTicked('head'), true);
  const broken = editor.document.getText();
  await assert.rejects((await thaw()).layers.setTrains('blocks.6', true), { name: 'Refused' });
  assert.equal(editor.document.getText(), broken);
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

hostTest('the stage that the tree edits can be another than the last', async () => {
  const { document } = await showExperiment('stages.thaw.yaml', `thaw: 1\ndata: { folder: photos }\nstages:\n  - { name: probe, train: [head] }\n  - { name: thaw, train: [head, blocks.6] }\n`);
  await becomes('blocks.6', true);
  const { experiment, layers } = await thaw();
  const choosing = experiment.chooseStage();
  await eventually('the first stage to be chosen', async () => {
    await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    return experiment.active?.stage === 0;
  });
  await choosing;
  assert.equal(await isTicked('blocks.6'), false);
  await layers.setTrains('conv_head', true);
  await becomes('conv_head', true);
  assert.match(document.getText(), /name: probe, train: \[.*conv_head.*\]/);
  assert.match(document.getText(), /name: thaw, train: \[head, blocks\.6\]/);
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

const undo = (): Thenable<unknown> => vscode.commands.executeCommand('undo');

/** Rows whose state an action of the tree has to change, from `[head, blocks.2]`. */
const actions: readonly (readonly [command: string, row: string, list: RegExp])[] = [
  ['thaw.trainFromHere', 'blocks.5', /\[head, blocks\.2, blocks\.5, blocks\.6, conv_head\]/],
  ['thaw.freezeBelow', 'blocks.5', /\[head\]/],
  ['thaw.onlyHead', 'blocks.5', /\[head\]/],
  ['thaw.trainLayers', 'blocks.6', /\[head, blocks\.2, blocks\.6\]/],
  ['thaw.freezeLayers', 'head', /\[blocks\.2\]/],
];
for (const [command, path, list] of actions) {
  hostTest(`${command} is one edit, which undo takes back`, async () => {
    const before = text.replace('[head]', '[head, blocks.2]'), { document } = await showExperiment('layers.thaw.yaml', before);
    await becomes('blocks.2', true);
    const row = (await (await thaw()).layers.getChildren()).find((each) => each.path === path);
    await vscode.commands.executeCommand(command, row);
    assert.match(document.getText(), list);
    assert.equal(document.getText().match(/# kept/g)?.length, 3);
    await undo();
    assert.equal(document.getText(), before);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });
}

hostTest('a command on a selection means every row of it, in one edit', async () => {
  const { document } = await showExperiment('layers.thaw.yaml', text);
  await becomes('blocks.6', false);
  const rows = (await (await thaw()).layers.getChildren()).filter(({ path }) => ['stem', 'blocks.3', 'blocks.6'].includes(path));
  await vscode.commands.executeCommand('thaw.trainLayers', rows[0], rows);
  assert.match(document.getText(), /\[head, stem, blocks\.3, blocks\.6\]/);
  await vscode.commands.executeCommand('thaw.copyLayerPath', rows[0], rows);
  assert.equal(await vscode.env.clipboard.readText(), 'stem, blocks.3, blocks.6');
  await undo();
  assert.equal(document.getText(), text);
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

hostTest('batch norm is switched in the file, and its badge follows', async () => {
  const { document } = await showExperiment('layers.thaw.yaml', text.replace('[head]', '[blocks.6, head]'));
  await becomes('blocks.6', true);
  const { layers } = await thaw(), badge = async (): Promise<string> => String(layers.getTreeItem((await layers.getChildren()).find(({ path }) => path === 'blocks.6')!).description);
  assert.match(await badge(), /BN stored$/);
  await vscode.commands.executeCommand('thaw.switchBatchNorm');
  assert.match(document.getText(), /^ {4}batchNorm: batch$/m);
  await eventually('the badge', async () => (await badge()).startsWith('BN batch'));
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

hostTest('a stage is added behind the one that is shown, is then the one that is shown, and undo takes it back', async () => {
  const { document } = await showExperiment('layers.thaw.yaml', text);
  await becomes('blocks.6', false);
  await vscode.commands.executeCommand('thaw.addStage');
  await becomes('blocks.6', true); // it trains everything
  const { experiment } = await thaw();
  assert.deepEqual([experiment.active?.stage, experiment.active?.plan?.stages.map(({ name }) => name)], [1, ['thaw', 'fine-tune']]);
  assert.equal(document.getText().match(/# kept/g)?.length, 3);
  await vscode.commands.executeCommand('undo');
  await becomes('blocks.6', false);
  assert.equal(document.getText(), text);
});

hostTest('stages are stepped through', async () => {
  await showExperiment('stages.thaw.yaml', `thaw: 1\ndata: { folder: photos }\nstages:\n  - { name: probe, train: [head] }\n  - { name: thaw, train: [head, blocks.6] }\n`);
  const { experiment } = await thaw();
  await eventually('both stages', () => experiment.active?.plan?.stages.length === 2);
  for (const [command, stage] of [['thaw.previousStage', 0], ['thaw.previousStage', 0], ['thaw.nextStage', 1], ['thaw.nextStage', 1]] as const) {
    await vscode.commands.executeCommand(command);
    assert.equal(experiment.active?.stage, stage);
  }
});

hostTest('a layer is found by its name, wherever the tree is folded', async () => {
  await showExperiment('layers.thaw.yaml', text);
  await becomes('head', true);
  await vscode.commands.executeCommand('thaw.layers.focus');
  const { layers } = await thaw(), finding = vscode.commands.executeCommand('thaw.findLayer');
  await eventually('the tree to select the row', async () => {
    await vscode.commands.executeCommand('workbench.action.quickOpenSelectNext');
    await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    return layers.selection.length === 1;
  });
  await finding;
});

hostTest('of 500 rows, a tick redraws those that it changes', async () => {
  await showExperiment('large.thaw.yaml', text.replace('stages:', 'backbone: hf:timm/densenet201.tv_in1k\nstages:'));
  const { layers } = await thaw();
  const all = async (row?: Parameters<typeof layers.getChildren>[0]): Promise<number> => {
    let count = 0;
    for (const child of await layers.getChildren(row)) {
      layers.getTreeItem(child);
      count += 1 + await all(child);
    }
    return count;
  };
  await becomes('features.denseblock4', false);
  assert.ok(await all() > 500);
  const redrawn: (number | undefined)[] = [], listening = layers.onDidChangeTreeData((rows) => redrawn.push(rows?.length));
  const startMs = performance.now();
  await layers.setTrains('features.denseblock3.denselayer48.conv2', true);
  await becomes('features.denseblock3.denselayer48.conv2', true);
  listening.dispose();
  assert.ok(performance.now() - startMs < 2000, `${(performance.now() - startMs).toFixed(0)} ms`);
  assert.ok(redrawn.length > 0 && redrawn.every((count) => count !== undefined && count < 250), redrawn.join(', ')); // the layer, its parents, and what the moved boundary no longer caches
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

hostTest('the last plan of a broken file is grey, and says what it is', async () => {
  const editor = await showExperiment('layers.thaw.yaml', text), { layers, experiment } = await thaw();
  await becomes('head', true);
  const head = async (): Promise<vscode.TreeItem> => layers.getTreeItem((await layers.getChildren()).at(-1)!);
  assert.equal((await head()).resourceUri, undefined);
  await retype(editor, 'epochs: 2', 'epochs: {');
  await eventually('the errors of the file', () => (experiment.active?.errors.length ?? 0) > 0);
  assert.equal((await head()).resourceUri?.scheme, 'thaw-stale-layer');
  assert.match((await head()).accessibilityInformation?.label ?? '', /of the last plan that could be read$/);
  await vscode.commands.executeCommand('workbench.action.files.revert');
  await eventually('the plan to be read again', () => experiment.active?.errors.length === 0);
  assert.equal((await head()).resourceUri, undefined);
});
