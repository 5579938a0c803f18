import * as vscode from 'vscode';
import type { Setting } from '../experiment/setValue.ts';
import { editExperiment } from './editExperiment.ts';
import { rangeOf } from './experimentProblems.ts';

/** Writes values into an experiment file, as one edit that can be undone, and shows it. Throws Refused. */
export async function changeExperiment(experiment: vscode.Uri, settings: readonly Setting[]): Promise<void> {
  const { setValues } = await import('../experiment/setValue.ts'); // with the YAML library
  const [first] = await editExperiment(experiment, (text) => setValues(text, settings, experiment.fsPath));
  const editor = await vscode.window.showTextDocument(experiment, { viewColumn: vscode.ViewColumn.One });
  if (first) editor.revealRange(rangeOf(first.range), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
