import * as vscode from 'vscode';
import type { ContextKey } from '../contributions.ts';

/** Tells `when` clauses. */
export const setContext = (key: ContextKey, value: boolean): void => void vscode.commands.executeCommand('setContext', key, value);
