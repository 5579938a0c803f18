import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { TextEdit } from '../experiment/edit.ts';
import { type Checked, Refused } from '../protocol/diagnostic.ts';
import { rangeOf } from './experimentProblems.ts';

/**
 * Changes an experiment file as its editor holds it, in one step that undo takes back. Returns the edits. Throws Refused where it cannot be read or edited.
 * VS Code turns an edit down when the text changed after it was read, as with two ticks in quick succession: then it is made anew from the text that stands there.
 */
export async function editExperiment(uri: vscode.Uri, editsOf: (text: string) => Checked<readonly TextEdit[]>): Promise<readonly TextEdit[]> {
  for (let triesLeft = 5; triesLeft > 0; triesLeft--) {
    const edits = editsOf((await vscode.workspace.openTextDocument(uri)).getText());
    if (!edits.ok) throw new Refused(edits.errors);
    const edit = new vscode.WorkspaceEdit();
    edit.set(uri, edits.value.map(({ range, newText }) => vscode.TextEdit.replace(rangeOf(range), newText)));
    if (await vscode.workspace.applyEdit(edit)) return edits.value;
  }
  throw new Error(`VS Code did not take the change of ${basename(uri.fsPath)}: it may be read-only, or something else keeps changing it`);
}
