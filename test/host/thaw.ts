import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ExtensionApi } from '../../src/extension.ts';
import type { RunId } from '../../src/protocol/runManifest.ts';

/** The extension under test, activated. */
export async function thaw(): Promise<ExtensionApi> {
  const found = vscode.extensions.getExtension<ExtensionApi>('thaw.thaw');
  assert.ok(found, 'VS Code knows the extension');
  return found.activate();
}

/** A file or folder of the workspace that is open. */
export function inWorkspace(...path: readonly string[]): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder, 'a folder is open');
  return vscode.Uri.file(join(folder.uri.fsPath, ...path));
}

/** Shows an experiment file with this text, saved. An editor that has it open takes over what is on the disk only later: it is told. */
export async function showExperiment(name: string, text: string): Promise<vscode.TextEditor> {
  const uri = inWorkspace(name), edit = new vscode.WorkspaceEdit();
  edit.createFile(uri, { ignoreIfExists: true });
  assert.ok(await vscode.workspace.applyEdit(edit));
  const editor = await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.One });
  const { document } = editor;
  await editor.edit((builder) => builder.replace(new vscode.Range(0, 0, document.lineCount, 0), text));
  await document.save();
  return editor;
}

/** Replaces the first `before` of a document by `after`, as typing would. */
export async function retype({ document }: vscode.TextEditor, before: string, after: string): Promise<void> {
  const start = document.getText().indexOf(before);
  assert.ok(start >= 0, `"${before}" stands in ${document.fileName}`);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(document.positionAt(start), document.positionAt(start + before.length)), after);
  assert.ok(await vscode.workspace.applyEdit(edit));
}

/** Two busy cores and the built-in engine. */
export const trainingMs = 180_000;

/** Starts a run of an experiment file with this text. */
export async function start(name: string, text: string): Promise<RunId> {
  const { document } = await showExperiment(name, text);
  const id = await vscode.commands.executeCommand<RunId | undefined>('thaw.startRun', document.uri);
  assert.ok(id, 'a run was started');
  return id;
}
