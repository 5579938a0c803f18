import { basename } from 'node:path';
import * as vscode from 'vscode';
import { experimentSuffix } from '../contributions.ts';
import { plain } from './plainText.ts';

/** What became of the wish to write an experiment file. */
export type Written = { readonly uri: vscode.Uri; readonly then: 'run' | 'open' };

/**
 * Writes `<folder>.thaw.yaml` beside the folder. A different file of that name is a person's work: nothing happens to it
 * without being asked for. Undefined: the person turned away.
 */
export async function writeExperiment(folder: vscode.Uri, text: string): Promise<Written | undefined> {
  const uri = folder.with({ path: `${folder.path.replace(/\/+$/, '')}${experimentSuffix}` });
  const there = await textAt(uri);
  if (there === undefined) return written(uri, text);
  if (there === text) return { uri, then: 'run' };
  switch (await askAbout(uri)) {
    case 'run': return { uri, then: 'run' };
    case 'open': return { uri, then: 'open' };
    case 'replace': return written(uri, text);
    case 'rename': return written(await freeName(uri), text);
    case undefined: return undefined;
  }
}

type Answer = 'run' | 'open' | 'replace' | 'rename';

async function askAbout(uri: vscode.Uri): Promise<Answer | undefined> {
  const name = plain(basename(uri.fsPath));
  const items: readonly (vscode.QuickPickItem & { readonly answer: Answer })[] = [
    { label: `$(play) Run ${name} as it is`, detail: 'Leave the file alone and start a run from it.', answer: 'run' },
    { label: `$(go-to-file) Open ${name}`, detail: 'Look at it first; nothing starts.', answer: 'open' },
    { label: '$(new-file) Write another file beside it', detail: 'The plan just chosen, under a new name.', answer: 'rename' },
    { label: `$(replace-all) Replace ${name}`, detail: 'What is written there now is lost (undo works while it is open).', answer: 'replace' },
  ];
  return (await vscode.window.showQuickPick(items, { title: `${name} is there already, and says something else`, ignoreFocusOut: true }))?.answer;
}

/** Through the editor when the file is open there, so that undo brings the old text back. */
async function written(uri: vscode.Uri, text: string): Promise<Written> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open) {
    const edit = new vscode.WorkspaceEdit();
    edit.replace(uri, new vscode.Range(0, 0, open.lineCount, 0), text);
    await vscode.workspace.applyEdit(edit);
    await open.save();
  } else {
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  }
  return { uri, then: 'run' };
}

async function freeName(uri: vscode.Uri): Promise<vscode.Uri> {
  for (let n = 2; ; n++) {
    const candidate = uri.with({ path: `${uri.path.slice(0, -experimentSuffix.length)}-${n}${experimentSuffix}` });
    if (await textAt(candidate) === undefined) return candidate;
  }
}

/** The text of a file, as it stands in an editor when it is open; undefined when there is none. */
async function textAt(uri: vscode.Uri): Promise<string | undefined> {
  try {
    await vscode.workspace.fs.stat(uri);
  } catch {
    return undefined; // not there: the one thing asked
  }
  return (await vscode.workspace.openTextDocument(uri)).getText();
}
