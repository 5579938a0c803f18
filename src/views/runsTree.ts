import * as vscode from 'vscode';
import { nowAt } from '../base/clock.ts';
import { Owner } from '../base/owner.ts';
import { percent } from '../base/units.ts';
import type { RunTarget } from '../contributions.ts';
import type { ControlState } from '../protocol/reduceRun.ts';
import type { RunId } from '../protocol/runManifest.ts';
import { visible } from '../protocol/diagnostic.ts';
import { controlTitle } from '../protocol/wording.ts';
import { watchText } from '../protocol/behindControl.ts';
import { liveText } from './liveText.ts';
import { isLive, type Look, lookOf, scoreText, statusLook } from './runLook.ts';
import type { ModelRun, RunModel } from './runModel.ts';

/** A row of the Runs view; commands take it as their target. */
export type RunRow =
  | RunTarget & { readonly kind: 'run' }
  | RunTarget & { readonly kind: 'control'; readonly control: ControlState };

/** The Runs view: live and stored runs, newest first, each with its controls below it. */
export class RunsTree extends Owner implements vscode.TreeDataProvider<RunRow> {
  readonly #onDidChange = this.own(new vscode.EventEmitter<RunRow | undefined>());
  readonly onDidChangeTreeData = this.#onDidChange.event;
  readonly #model: RunModel;
  /** One object per run, so that VS Code knows which row changed. */
  readonly #rows = new Map<RunId, RunRow>();

  constructor(model: RunModel) {
    super();
    this.#model = model;
    const view = this.own(vscode.window.createTreeView<RunRow>('thaw.runs', { treeDataProvider: this, canSelectMany: true, showCollapseAll: true }));
    this.own(model.onDidChangeRuns(() => this.#onDidChange.fire(undefined)));
    this.own(model.onDidChangeRun((id) => this.#onDidChange.fire(this.#rows.get(model.runOf(id)?.manifest.controlOf ?? id))));
    this.own(model.onDidChangeRuns(() => { view.message = problemsText(model.problems().length); }));
  }

  async getChildren(row?: RunRow): Promise<RunRow[]> {
    if (row?.kind === 'control') return [];
    if (row) {
      const run = await this.#model.read(row.runId);
      return run ? controlRows(run, this.#model.controlsOf(row.runId)) : [];
    }
    await this.#model.ready();
    return this.#model.runs().map(({ manifest: { id } }) => {
      const known = this.#rows.get(id) ?? { kind: 'run', runId: id };
      this.#rows.set(id, known);
      return known;
    });
  }

  getTreeItem(row: RunRow): vscode.TreeItem {
    const run = this.#model.runOf(row.runId);
    if (!run) return new vscode.TreeItem('deleted'); // gone between two frames
    if (row.kind === 'run') return runItem(run, this.#model.controlsOf(row.runId));
    return controlItem(run, row.control, row.control.runId ? this.#model.runOf(row.control.runId as RunId) : undefined);
  }

  getParent(row: RunRow): RunRow | undefined {
    return row.kind === 'control' ? this.#rows.get(row.runId) : undefined;
  }
}

/** What the run's journal knows of, and control runs that it will know of when they have ended. */
function controlRows({ manifest, state }: ModelRun, runs: readonly ModelRun[]): RunRow[] {
  const later = runs.flatMap(({ manifest: { id, control } }, i) => {
    const isNewest = !runs.slice(i + 1).some((other) => other.manifest.control === control), known = state.controls.find((each) => each.control === control);
    return control && isNewest && (known?.runId ?? '') < id ? [{ control, runId: id }] : [];
  });
  const known = state.controls.filter(({ control }) => !later.some((each) => each.control === control));
  return [...known, ...later].map((control) => ({ kind: 'control', runId: manifest.id, control }));
}

function runItem(run: ModelRun, controls: readonly ModelRun[]): vscode.TreeItem {
  const { manifest, state } = run;
  const live = isLive(state.status), look = live ? statusLook[state.status] : lookOf(manifest);
  const item = new vscode.TreeItem(visible(manifest.title), vscode.TreeItemCollapsibleState.Collapsed);
  item.id = manifest.id;
  item.description = live ? liveText(run, controls) : [scoreText(manifest), look.words, timeText(manifest.createdAt)].filter((part) => part !== undefined).join(' · ');
  item.iconPath = iconOf(look);
  item.tooltip = tooltipOf(run, look, live ? watchText(state, controls) : undefined);
  item.accessibilityInformation = { label: `Run ${manifest.title}, ${look.words}, ${item.description}` };
  item.contextValue = `run ${live ? 'live' : 'ended'}`;
  item.command = { command: 'thaw.openDashboard', title: 'Open Dashboard', arguments: [{ runId: manifest.id }] };
  return item;
}

function controlItem(run: ModelRun, { control, accuracy }: ControlState, own: ModelRun | undefined): vscode.TreeItem {
  const look = accuracy || !own ? { words: 'done', icon: 'beaker' } : statusLook[own.state.status];
  const item = new vscode.TreeItem(controlTitle(control));
  item.id = `${run.manifest.id}/${control}`;
  item.description = accuracy ? percent(accuracy.value) : own && isLive(own.state.status) ? liveText(own, []) : look.words;
  item.iconPath = iconOf(look);
  item.tooltip = accuracy && `${controlTitle(control)}: ${accuracy.correct} of ${accuracy.items} test photos right (95 % interval ${percent(accuracy.low)} – ${percent(accuracy.high)})`;
  item.accessibilityInformation = { label: `Control ${controlTitle(control)}, ${item.description}` };
  item.contextValue = own?.manifest.addedLater && isLive(own.state.status) ? 'control live' : 'control'; // the others end with their run
  return item;
}

function tooltipOf({ manifest, state }: ModelRun, look: Look, watch: string | undefined): string {
  const { test, problem } = manifest;
  return visibleLines([
    `${manifest.title}: ${look.words}`,
    test && `Test accuracy ${percent(test.value)} (95 % interval ${percent(test.low)} – ${percent(test.high)}, ${test.items} photos)`,
    watch && `Watch: ${watch}`,
    state.verdict?.words,
    problem?.message,
    problem?.fix,
    `Started ${new Date(manifest.createdAt).toLocaleString()}`,
    manifest.id,
  ]);
}

const visibleLines = (lines: readonly (string | undefined)[]): string => lines.flatMap((line) => line ? [visible(line)] : []).join('\n');

const iconOf = ({ icon, colour }: Look): vscode.ThemeIcon => new vscode.ThemeIcon(icon, colour === undefined ? undefined : new vscode.ThemeColor(colour));

/** Time today, else the date. */
export function timeText(at: string): string {
  const then = new Date(at), today = new Date(nowAt()).toDateString() === then.toDateString();
  return today ? then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) : then.toLocaleDateString();
}

const problemsText = (n: number): string => n === 0 ? '' : `${n} ${n === 1 ? 'folder' : 'folders'} could not be read as a run: see the log.`;
