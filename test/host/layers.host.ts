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
