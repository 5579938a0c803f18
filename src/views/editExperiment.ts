import * as vscode from 'vscode';
import type { TextEdit } from '../experiment/edit.ts';
import { type Checked, Refused } from '../protocol/diagnostic.ts';
import { rangeOf } from './experimentProblems.ts';

/** Changes an experiment file as its editor holds it, in one step that undo takes back. Returns the edits. Throws Refused where it cannot be read or edited. */
export async function editExperiment(uri: vscode.Uri, editsOf: (text: string) => Checked<readonly TextEdit[]>): Promise<readonly TextEdit[]> {
  const edits = editsOf((await vscode.workspace.openTextDocument(uri)).getText());
  if (!edits.ok) throw new Refused(edits.errors);
  const edit = new vscode.WorkspaceEdit();
  edit.set(uri, edits.value.map(({ range, newText }) => vscode.TextEdit.replace(rangeOf(range), newText)));
  await vscode.workspace.applyEdit(edit);
  return edits.value;
}
