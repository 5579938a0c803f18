import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually, hostTest } from './suite.ts';
import { retype, showExperiment } from './thaw.ts';

const text = 'thaw: 1\ndata: { folder: photos }\nstages:\n  - { name: probe, train: [head], epochs: 2 }\n';

const problemsOf = ({ document }: vscode.TextEditor): readonly vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source === 'Thaw');

hostTest('an experiment file stays YAML', async () => {
  assert.equal((await showExperiment('file.thaw.yaml', text)).document.languageId, 'yaml');
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

hostTest('Run stands above the experiment, Find learning rate above each stage', async () => {
  const { document } = await showExperiment('file.thaw.yaml', `# a comment first\n${text}`);
  const lenses = await eventually('the code lens', async () => {
    const found = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 10);
    return found.length > 0 && found;
  });
  assert.deepEqual(lenses.map(({ command }) => command?.command), ['thaw.startRun', 'thaw.findRate']);
  assert.equal(lenses[0]!.range.start.line, 1);
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
  for (const name of ['all', 'head', 'blocks.6', 'conv_head']) assert.ok(patterns.includes(name), `${name} among ${patterns.length} patterns`);
  await retype(editor, 'stages:', 'b\nstages:');
  assert.ok((await itemsAt(editor.document.getText().indexOf('b\n') + 1)).includes('batch'));
  await vscode.commands.executeCommand('workbench.action.files.revert');
});
