import * as vscode from 'vscode';
import type { TextEdit } from '../experiment/edit.ts';
import type { Setting } from '../experiment/setValue.ts';
import { editExperiment } from './editExperiment.ts';
import { rangeOf } from './experimentProblems.ts';

/** Writes values into an experiment file, as one edit that can be undone, and shows it. Throws Refused. */
export async function changeExperiment(experiment: vscode.Uri, settings: readonly Setting[]): Promise<void> {
  const { setValues } = await import('../experiment/setValue.ts'); // with the YAML library
  await shown(experiment, await editExperiment(experiment, (text) => setValues(text, settings, experiment.fsPath)));
}

/** Writes a linear probe before the stages of an experiment file, likewise. */
export async function writeProbeFirst(experiment: vscode.Uri): Promise<void> {
  const { probeFirst } = await import('../experiment/addStage.ts');
  await shown(experiment, await editExperiment(experiment, (text) => probeFirst(text, experiment.fsPath)));
}

async function shown(experiment: vscode.Uri, [first]: readonly TextEdit[]): Promise<void> {
  const editor = await vscode.window.showTextDocument(experiment, { viewColumn: vscode.ViewColumn.One });
  if (first) editor.revealRange(rangeOf(first.range), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
