import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually, hostTest } from './suite.ts';
import { inWorkspace, retype, showExperiment, thaw } from './thaw.ts';

const text = 'thaw: 1\ndata: { folder: photos }\nstages:\n  - { name: probe, train: [head], epochs: 2 }\n';

const problemsOf = ({ document }: vscode.TextEditor): readonly vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source === 'Thaw');

hostTest('an experiment file stays YAML', async () => {
  assert.equal((await showExperiment('file.thaw.yaml', text)).document.languageId, 'yaml');
});

hostTest('photos that are not there are underlined, with what was meant', async () => {
  const editor = await showExperiment('file.thaw.yaml', text.replace('photos', 'photo'));
  const missing = await eventually('the warning', () => problemsOf(editor).find(({ code }) => code === 'no-folder'));
  assert.deepEqual([missing.severity, missing.message, editor.document.getText(missing.range)], [vscode.DiagnosticSeverity.Warning, 'there is no folder "photo" here: did you mean "photos"?', 'photo']);
  await retype(editor, 'photo ', 'photos ');
  await eventually('no warning', () => !problemsOf(editor).some(({ code }) => code === 'no-folder'));
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

hostTest('all problems of an unsaved file are underlined at their words, and go when they are mended', async () => {
  const editor = await showExperiment('file.thaw.yaml', text);
  await retype(editor, 'epochs: 2', 'epoch: 2');
  await retype(editor, 'head', 'haed');
  const problems = await eventually('two problems', () => {
    const found = problemsOf(editor).filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error);
    return found.length === 2 && found;
  });
  assert.deepEqual(problems.map(({ code }) => code).sort(), ['pattern-matches-nothing', 'unknown-key']);
  for (const { code, range } of problems) assert.equal(editor.document.getText(range), code === 'unknown-key' ? 'epoch' : 'haed');
  await retype(editor, 'epoch:', 'epochs:');
  await retype(editor, 'haed', 'head');
  await eventually('no problem', () => problemsOf(editor).every(({ severity }) => severity !== vscode.DiagnosticSeverity.Error));
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

hostTest('Run and Predict cost stand above the experiment, Find learning rate above each stage, nothing about a last run before there is one', async () => {
  const { document } = await showExperiment('file.thaw.yaml', `# a comment first\n${text}`);
  const lenses = await eventually('the code lens', async () => {
    const found = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 10);
    return found.length > 0 && found;
  });
  assert.deepEqual(lenses.map(({ command }) => command?.command), ['thaw.startRun', 'thaw.predictCost', 'thaw.findRate', 'thaw.addStage']);
  assert.equal(lenses[0]!.range.start.line, 1);
});

/** A run of this file as it would be found again: its manifest, and its copy of the file. */
async function storedRun(id: string, experimentFile: string, plan: string): Promise<vscode.Uri> {
  const folder = inWorkspace('.thaw', 'runs', id), bytes = (words: string): Uint8Array => new TextEncoder().encode(words);
  await vscode.workspace.fs.createDirectory(folder);
  await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder, 'plan.yaml'), bytes(plan));
  await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder, 'run.json'), bytes(JSON.stringify({
    format: 1, id, title: 'lens', status: 'finished', createdAt: '2026-05-01T13:15:02.000Z', endedAt: '2026-05-01T13:16:02.000Z', experimentFile, dataFolder: '', backbone: 'efficientnet_lite0', versions: {},
    test: { value: 0.843, low: 0.8, high: 0.9, correct: 843, items: 1000 }, claim: 'helps',
  })));
  return folder;
}

hostTest('the run that used this very text is one click away; once the text has changed, so is the difference', async () => {
  const { model } = await thaw(), editor = await showExperiment('lens.thaw.yaml', text), { document } = editor;
  const folder = await storedRun('20260501-131502-lens-3fa9c1', document.uri.fsPath, text);
  const titles = async (): Promise<string[]> => (await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 10)).map(({ command }) => command?.title ?? '');
  try {
    model.refresh();
    await eventually('the last run', async () => (await titles()).includes('$(history) Last run: 84.3 % · transfer helps'));
    await retype(editor, 'epochs: 2', 'epochs: 3');
    await eventually('the difference', async () => (await titles()).join() === '$(play) Run,$(open-preview) Predict cost,$(history) Last run: 84.3 % · transfer helps · changed since,$(diff) Compare with last run,Find learning rate,Add a stage');
  } finally {
    await vscode.workspace.fs.delete(folder, { recursive: true });
    model.refresh();
    await vscode.commands.executeCommand('workbench.action.files.revert');
  }
});

const actionsAt = async ({ document }: vscode.TextEditor, word: string): Promise<readonly vscode.CodeAction[]> => {
  const start = document.positionAt(document.getText().indexOf(word));
  return vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', document.uri, new vscode.Range(start, start.translate(0, word.length)));
};

hostTest('a quick fix is one edit that keeps comments, and all can be fixed at once', async () => {
  const editor = await showExperiment('file.thaw.yaml', text.replace('epochs: 2 }', 'epoch: 2, warmup: 80% } # mine'));
  const [fix] = (await actionsAt(editor, 'epoch')).filter(({ title }) => title === 'Write epochs');
  assert.ok(fix?.edit);
  assert.ok(fix.isPreferred);
  assert.ok(await vscode.workspace.applyEdit(fix.edit));
  assert.ok(editor.document.getText().includes('epochs: 2, warmup: 80% } # mine'));
  await retype(editor, 'head', 'haed');
  await retype(editor, 'epochs', 'epoch');
  const all = (await actionsAt(editor, 'haed')).find(({ title }) => title.startsWith('Fix all'));
  assert.ok(all?.edit);
  assert.ok(await vscode.workspace.applyEdit(all.edit));
  assert.equal(editor.document.getText(), text.replace('epochs: 2 }', 'epochs: 2, warmup: 10% } # mine'));
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

hostTest('outline, folding and formatting come from the experiment', async () => {
  const { document } = await showExperiment('file.thaw.yaml', '# one\n# two\nthaw:  1\ndata: {folder: photos}\nstages:\n- name: probe # first\n  epochs: 2\n');
  const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', document.uri);
  const stages = symbols.find(({ name }) => name === 'stages');
  assert.deepEqual(stages?.children.map(({ name }) => name), ['probe']);
  const folds = await vscode.commands.executeCommand<vscode.FoldingRange[]>('vscode.executeFoldingRangeProvider', document.uri);
  assert.ok(folds.some(({ start, end, kind }) => start === 0 && end === 1 && kind === vscode.FoldingRangeKind.Comment));
  assert.ok(folds.some(({ start, end }) => start === 5 && end === 6));
  const edits = await vscode.commands.executeCommand<vscode.TextEdit[]>('vscode.executeFormatDocumentProvider', document.uri, { tabSize: 2, insertSpaces: true });
  const edit = new vscode.WorkspaceEdit();
  edit.set(document.uri, edits);
  assert.ok(await vscode.workspace.applyEdit(edit));
  assert.equal(document.getText(), '# one\n# two\nthaw: 1\ndata: { folder: photos }\nstages:\n  - name: probe # first\n    epochs: 2\n');
  await vscode.commands.executeCommand('workbench.action.files.revert');
});

hostTest('a key says what it is for when the mouse rests on it', async () => {
  const { document } = await showExperiment('file.thaw.yaml', text);
  const at = document.positionAt(text.indexOf('epochs') + 2);
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, at);
  const words = hovers.flatMap(({ contents }) => contents as vscode.MarkdownString[]).map(({ value }) => value).join('\n');
  assert.match(words, /Passes over the training photos/);
});

hostTest('keys and real layer names are completed', async () => {
  const editor = await showExperiment('file.thaw.yaml', text);
  const itemsAt = async (offset: number): Promise<string[]> => {
    const { items } = await vscode.commands.executeCommand<vscode.CompletionList>('vscode.executeCompletionItemProvider', editor.document.uri, editor.document.positionAt(offset));
    return items.map(({ label }) => typeof label === 'string' ? label : label.label);
  };
  const patterns = await itemsAt(text.indexOf('head]') + 4);
  for (const name of ['all', 'blocks.6', 'conv_head', 'blocks.*']) assert.ok(patterns.includes(name), `${name} among ${patterns.length} patterns`);
  const folders = await itemsAt(text.indexOf('photos') + 3);
  assert.ok(folders.includes('photos'), folders.join());
  await retype(editor, 'stages:', 'b\nstages:');
  assert.ok((await itemsAt(editor.document.getText().indexOf('b\n') + 1)).includes('batch'));
  await retype(editor, 'b\nstages:', 'features: \nstages:');
  const blocks = await itemsAt(editor.document.getText().indexOf('features: ') + 10);
  assert.ok(['last', 'blocks.4'].every((name) => blocks.includes(name)) && !blocks.includes('head'), blocks.join());
  await vscode.commands.executeCommand('workbench.action.files.revert');
});
