import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { about, bytes } from '../base/units.ts';
import type { EngineGain } from '../protocol/runEvent.ts';
import type { RunId } from '../protocol/runManifest.ts';
import { isLive } from './runLook.ts';
import type { RunModel } from './runModel.ts';

const shownKey = 'thaw.engineOffered';

/** Offers the native engine when a run would gain much from it: once per workspace, whatever the answer. */
export class EngineNotice extends Owner {
  readonly #model: RunModel;
  readonly #memory: vscode.Memento;

  constructor(model: RunModel, memory: vscode.Memento) {
    super();
    this.#model = model;
    this.#memory = memory;
    this.own(model.onDidChangeRun((id) => this.#changed(id)));
  }

  #changed(id: RunId): void {
    const run = this.#model.runOf(id), gain = run?.state.engine?.gain;
    if (!run || !gain || !isLive(run.state.status) || run.manifest.controlOf || this.#memory.get(shownKey)) return;
    void this.#memory.update(shownKey, true);
    void offer(gain);
  }
}

async function offer(gain: EngineGain): Promise<void> {
  const install = 'Install Native Engine';
  const choice = await vscode.window.showInformationMessage(`This run takes about ${gainText(gain)}. The next run would use it.`, install, 'Not Now');
  if (choice === install) await vscode.commands.executeCommand('thaw.installEngine');
}

/** "24 min; with TensorFlow about 3.1 min (7.7 × faster, up to 261 MiB to fetch)". */
export const gainText = ({ seconds, offeredSeconds, fetchBytes }: EngineGain): string =>
  `${about(seconds * 1000)}; with TensorFlow about ${about(offeredSeconds * 1000)} (${(seconds / offeredSeconds).toFixed(1)} × faster, up to ${bytes(fetchBytes)} to fetch)`;
