import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands } from '../../src/contributions.ts';
import { hostTest } from './suite.ts';
import { thaw } from './thaw.ts';

hostTest('the extension activates within 50 ms of processor time', async () => {
  const { activationMs } = await thaw();
  assert.ok(activationMs > 0 && activationMs < 50, `${activationMs.toFixed(1)} ms`);
});

hostTest('every command of the manifest has its code behind it', async () => {
  const registered = await vscode.commands.getCommands(true);
  assert.deepEqual(Object.keys(commands).filter((id) => !registered.includes(id)), []);
});
