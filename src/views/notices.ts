import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import type { RunId } from '../protocol/runManifest.ts';
import { plain } from './plainText.ts';
import { isLive, lookOf, scoreText } from './runLook.ts';
import type { ModelRun, RunModel } from './runModel.ts';

/** At most one notification per run: when it ends while nobody looks. A run that was over when the window opened is no news. */
export class Notices extends Owner {
  readonly #model: RunModel;
  readonly #awaited = new Set<RunId>();

  constructor(model: RunModel) {
    super();
    this.#model = model;
    this.own(model.onDidChangeRun((id) => this.#changed(id)));
  }

  #changed(id: RunId): void {
    const run = this.#model.runOf(id);
    if (!run || run.manifest.controlOf) return;
    if (isLive(run.state.status)) this.#awaited.add(id);
    else if (this.#awaited.delete(id) && run.state.status !== 'stopped' && !vscode.window.state.focused) void announce(run);
  }
}

async function announce({ manifest, state }: ModelRun): Promise<void> {
  const open = 'Open Dashboard';
  const text = plain(noticeText(manifest, state));
  const choice = await (state.status === 'finished' ? vscode.window.showInformationMessage(text, open) : vscode.window.showErrorMessage(text, open));
  if (choice) await vscode.commands.executeCommand('thaw.openDashboard', { runId: manifest.id });
}

/** "flowers: 94.1 %, transfer helps." */
export function noticeText(manifest: ModelRun['manifest'], { problem }: ModelRun['state']): string {
  const facts = [scoreText(manifest), lookOf(manifest).words].filter((part) => part !== undefined).join(', ');
  return `${manifest.title}: ${facts}.${problem ? ` ${problem.message}` : ''}`;
}
