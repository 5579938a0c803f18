import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { liveText } from './liveText.ts';
import { plain } from './plainText.ts';
import { watchLines } from './runLook.ts';
import type { RunModel } from './runModel.ts';

/** One item while something trains: what, how far, how good, how long. A click opens the dashboard. */
export class StatusBar extends Owner {
  readonly #item: vscode.StatusBarItem;
  readonly #model: RunModel;

  constructor(model: RunModel) {
    super();
    this.#model = model;
    this.#item = this.own(vscode.window.createStatusBarItem('thaw.status', vscode.StatusBarAlignment.Left, 10));
    this.#item.name = 'Thaw: Training';
    this.own(model.onDidChangeRun(() => this.#draw()));
    this.#draw();
  }

  #draw(): void {
    const live = this.#model.live();
    const run = live.find(({ state }) => state.status !== 'queued') ?? live[0];
    if (!run) return this.#item.hide();
    const { controlOf } = run.manifest, watched = (controlOf && this.#model.runOf(controlOf)) ?? run; // a control that was added to a run
    const controls = this.#model.controlsOf(run.manifest.id), watch = watchLines(watched.state, this.#model.controlsOf(watched.manifest.id));
    const text = plain(`${run.manifest.title}: ${liveText(run, controls)}`), more = live.length > 1 ? ` (+${live.length - 1})` : '';
    this.#item.text = `$(loading~spin) Thaw: ${text}${more}`;
    this.#item.tooltip = [text, ...watch.map(plain), 'Click to open the dashboard'].join('\n');
    this.#item.accessibilityInformation = { label: `Thaw is training: ${text}. Opens the dashboard.`, role: 'button' };
    this.#item.command = { command: 'thaw.openDashboard', title: 'Open Dashboard', arguments: [{ runId: run.manifest.id }] };
    this.#item.show();
  }
}
