import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands } from '../../src/contributions.ts';
import { hostTest } from './suite.ts';

const extension = (): vscode.Extension<unknown> => {
  const found = vscode.extensions.getExtension('thaw.thaw');
  assert.ok(found, 'VS Code knows the extension');
  return found;
};

hostTest('the extension activates', async () => {
  await extension().activate();
  assert.equal(extension().isActive, true);
});

hostTest('every command of the manifest has its code behind it', async () => {
  const registered = await vscode.commands.getCommands(true);
  assert.deepEqual(Object.keys(commands).filter((id) => !registered.includes(id)), []);
});
