import * as vscode from 'vscode';

/** True when this workspace may start programs on its files; otherwise says why not and how to change it. */
export async function trusted(what: string): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const manage = 'Manage Workspace Trust';
  const choice = await vscode.window.showWarningMessage(`${what} needs a trusted workspace: it starts a program that reads this folder's files. Browsing experiments and runs works without.`, manage);
  if (choice === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  return false;
}
