import * as vscode from 'vscode';
import { Refused } from '../protocol/diagnostic.ts';
import type { Setting } from '../experiment/setValue.ts';
import { rangeOf } from './experimentProblems.ts';

/** Writes values into an experiment file, as one edit that can be undone, and shows it. Throws Refused. */
export async function changeExperiment(experiment: vscode.Uri, settings: readonly Setting[]): Promise<void> {
  const document = await vscode.workspace.openTextDocument(experiment), { setValues } = await import('../experiment/setValue.ts'); // with the YAML library
  const edits = setValues(document.getText(), settings, experiment.fsPath);
  if (!edits.ok) throw new Refused(edits.errors);
  const change = new vscode.WorkspaceEdit();
  for (const { range, newText } of edits.value) change.replace(experiment, rangeOf(range), newText);
  await vscode.workspace.applyEdit(change);
  const editor = await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.One }), [first] = edits.value;
  if (first) editor.revealRange(rangeOf(first.range), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
