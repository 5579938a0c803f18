import * as vscode from 'vscode';
import { diagnosticText, Refused } from '../protocol/diagnostic.ts';
import { plain } from './plainText.ts';

/** The output channel "Thaw": made once by extension.ts, handed to whoever has something to say. */
export type Log = vscode.LogOutputChannel;

/** What went wrong, for a person: a Refused says its diagnostics, a Bug asks to be reported, the rest says its message. */
export function problemText(error: unknown): string {
  if (error instanceof Refused) return error.diagnostics.map(({ message, fix }) => fix ? `${message} ${sentence(fix)}` : message).join(' ');
  if (error instanceof Error && error.name === 'Bug') return `Thaw broke a promise of its own: ${error.message}. Please report it with the log.`;
  return error instanceof Error ? error.message : String(error);
}

/** Logs an error whole and shows it in brief, with the way to the log. Never rejects: the last stop of every command. */
export async function showProblem(log: Log, what: string, error: unknown): Promise<void> {
  if (error instanceof Error && error.name === 'AbortError') return log.info(`${what}: cancelled`); // by the person, who knows
  if (error instanceof Refused) for (const diagnostic of error.diagnostics) log.error(`${what}: ${diagnosticText(diagnostic)}`);
  else log.error(`${what}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
  const choice = await vscode.window.showErrorMessage(plain(`${what}: ${problemText(error)}`), 'Show Log');
  if (choice) log.show();
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`;
