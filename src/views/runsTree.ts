import * as vscode from 'vscode';
import { nowAt } from '../base/clock.ts';
import { Owner } from '../base/owner.ts';
import type { RunTarget } from '../contributions.ts';
import type { ControlState } from '../protocol/reduceRun.ts';
import type { RunId } from '../protocol/runManifest.ts';
import { visible } from '../protocol/diagnostic.ts';
import { controlTitle, intervalText, scoreName, scoreSentence, scoreText as textOf } from '../protocol/wording.ts';
import { rowName, scoreSpread } from '../protocol/sweepWords.ts';
import type { SweepRow } from '../protocol/sweep.ts';
import { liveText } from './liveText.ts';
import { isLive, type Look, lookOf, scoreText, statusLook, watchLook, watchLines } from './runLook.ts';
import { hasModel, type ModelRun, type RunModel } from './runModel.ts';
import { whyNotResumable } from '../protocol/resumable.ts';
import { SweepReader } from './sweepReader.ts';

/** A row of the Runs view; commands take it as their target. */
export type RunRow =
  | RunTarget & { readonly kind: 'run' }
  | RunTarget & { readonly kind: 'control'; readonly control: ControlState }
  /** Runs that one file made; `runId` is the first. */
  | RunTarget & { readonly kind: 'sweep'; readonly sweep: string };

/** The Runs view: live and stored runs, newest first, each with its controls below it; those that one file made stand together. */
export class RunsTree extends Owner implements vscode.TreeDataProvider<RunRow> {
  readonly #onDidChange = this.own(new vscode.EventEmitter<RunRow | undefined>());
  readonly onDidChangeTreeData = this.#onDidChange.event;
  readonly #model: RunModel;
  /** One object per run, so that VS Code knows which row changed. */
  readonly #rows = new Map<RunId, RunRow>();
  readonly #sweeps = new Map<string, RunRow>();
  readonly #sweepReader: SweepReader;

  constructor(model: RunModel) {
    super();
    this.#model = model;
    this.#sweepReader = new SweepReader(model, false);
    const view = this.own(vscode.window.createTreeView<RunRow>('thaw.runs', { treeDataProvider: this, canSelectMany: true, showCollapseAll: true }));
    this.own(model.onDidChangeRuns(() => this.#onDidChange.fire(undefined)));
    this.own(model.onDidChangeRun((id) => this.#changed(model.runOf(id)?.manifest.controlOf ?? id)));
    this.own(model.onDidChangeRuns(() => { view.message = problemsText(model.problems().length); }));
  }

  #changed(id: RunId): void {
    this.#onDidChange.fire(this.#rows.get(id));
    const sweep = this.#sweeps.get(this.#model.runOf(id)?.manifest.sweep?.id ?? '');
    if (sweep) this.#onDidChange.fire(sweep);
  }

  async getChildren(row?: RunRow): Promise<RunRow[]> {
    if (row?.kind === 'control') return [];
    if (row?.kind === 'sweep') return this.#model.membersOf(row.sweep).map(({ manifest: { id } }) => this.#rowOf(id));
    if (row) {
      const run = await this.#model.read(row.runId);
      return run ? controlRows(run, this.#model.controlsOf(row.runId)) : [];
    }
    await this.#model.ready();
    return this.#model.runs().flatMap(({ manifest: { id, sweep } }) => {
      const members = sweep ? this.#model.membersOf(sweep.id) : [];
      if (!sweep || members.length < 2) return [this.#rowOf(id)];
      return members.at(-1)!.manifest.id === id ? [this.#sweepRow(sweep.id, members[0]!.manifest.id)] : [];
    });
  }

  #rowOf(id: RunId): RunRow {
    const known = this.#rows.get(id) ?? { kind: 'run', runId: id };
    this.#rows.set(id, known);
    return known;
  }

  #sweepRow(sweep: string, first: RunId): RunRow {
    const known = this.#sweeps.get(sweep) ?? { kind: 'sweep', sweep, runId: first };
    this.#sweeps.set(sweep, known);
    return known;
  }

  getTreeItem(row: RunRow): vscode.TreeItem {
    const run = this.#model.runOf(row.runId);
    if (!run) return new vscode.TreeItem('deleted'); // gone between two frames
    if (row.kind === 'sweep') return sweepItem(row.sweep, this.#model.membersOf(row.sweep), this.#sweepReader.rowsOf(row.sweep) ?? []);
    if (row.kind === 'run') return runItem(run, this.#model.controlsOf(row.runId), this.#sweeps.has(run.manifest.sweep?.id ?? ''));
    return controlItem(run, row.control, row.control.runId ? this.#model.runOf(row.control.runId as RunId) : undefined);
  }

  getParent(row: RunRow): RunRow | undefined {
    if (row.kind === 'control') return this.#rows.get(row.runId);
    const sweep = row.kind === 'run' ? this.#model.runOf(row.runId)?.manifest.sweep : undefined;
    return sweep && this.#sweeps.get(sweep.id);
  }
}

/** What the run's journal knows of, and control runs that it will know of when they have ended. */
function controlRows({ manifest, state }: ModelRun, runs: readonly ModelRun[]): RunRow[] {
  const own = runs.filter(({ manifest: { controlOf } }) => controlOf === manifest.id), later = own.flatMap(({ manifest: { id, control } }, i) => {
    const isNewest = !own.slice(i + 1).some((other) => other.manifest.control === control), known = state.controls.find((each) => each.control === control);
    return control && isNewest && (known?.runId ?? '') < id ? [{ control, runId: id }] : [];
  });
  const known = state.controls.filter(({ control }) => !later.some((each) => each.control === control));
  return [...known, ...later].map((control) => ({ kind: 'control', runId: manifest.id, control }));
}

function sweepItem(id: string, members: readonly ModelRun[], rows: readonly SweepRow[]): vscode.TreeItem {
  const [{ manifest }] = members as readonly [ModelRun], ended = members.filter(({ state }) => !isLive(state.status)).length, best = rows.find(({ isBest }) => isBest);
  const title = visible(manifest.title.replace(` (${manifest.sweep!.name})`, '')), item = new vscode.TreeItem(title, ended < members.length ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed); // two dozen rows of the past would hide all other runs
  const found = best?.test && [best.name, scoreSpread(best.test, manifest.task)].filter((part) => part !== '').join(' ');
  item.id = id;
  item.description = [`${members.length} runs`, ended < members.length ? `${ended} ended` : undefined, found && visible(best.name === '' ? found : `best: ${found}`), timeText(manifest.createdAt)].filter((part) => part !== undefined).join(' · ');
  item.iconPath = new vscode.ThemeIcon('layers');
  item.tooltip = visibleLines([
    `${title}: ${members.length} runs`,
    ...rows.map((row) => `${row.isBest ? '✓' : '  '} ${rowName(row) || 'run'}: ${[row.validation && `validation ${scoreSpread(row.validation, manifest.task)}`, row.test && `test ${scoreSpread(row.test, manifest.task)}`].filter((part) => part !== undefined).join(', ') || 'no result yet'}`),
    best && '✓ best on validation. Click to see which differences are more than luck.',
  ]);
  item.accessibilityInformation = { label: `${title}: ${item.description}` };
  item.contextValue = 'sweep';
  item.command = { command: 'thaw.openDashboard', title: 'Open Dashboard', arguments: [{ runId: best?.runs[0] ?? manifest.id }] };
  return item;
}

function runItem(run: ModelRun, controls: readonly ModelRun[], isMember: boolean): vscode.TreeItem {
  const { manifest, state } = run;
  const live = isLive(state.status), look = live ? statusLook[state.status] : lookOf(manifest), watch = watchLines(state, controls);
  const item = new vscode.TreeItem(visible(isMember ? manifest.sweep!.name : manifest.title), vscode.TreeItemCollapsibleState.Collapsed);
  item.id = manifest.id;
  item.description = live ? liveText(run, controls) : [scoreText(manifest), look.words, timeText(manifest.createdAt)].filter((part) => part !== undefined).join(' · ');
  item.iconPath = iconOf({ ...look, ...watch.length > 0 && watchLook });
  item.tooltip = tooltipOf(run, look, watch);
  item.accessibilityInformation = { label: `Run ${manifest.title}, ${[look.words, ...watch, item.description].join(', ')}` };
  item.contextValue = ['run', live ? 'live' : 'ended', ...!live && hasModel(run) ? ['model'] : [], ...whyNotResumable({ ...manifest, status: state.status }) ? [] : ['interrupted']].join(' ');
  item.command = { command: 'thaw.openDashboard', title: 'Open Dashboard', arguments: [{ runId: manifest.id }] };
  return item;
}

function controlItem(run: ModelRun, { control, accuracy }: ControlState, own: ModelRun | undefined): vscode.TreeItem {
  const look = accuracy || !own ? { words: 'done', icon: 'beaker' } : statusLook[own.state.status];
  const item = new vscode.TreeItem(controlTitle(control));
  item.id = `${run.manifest.id}/${control}`;
  item.description = accuracy ? textOf(accuracy.value, run.manifest.task) : own && isLive(own.state.status) ? liveText(own, []) : look.words;
  item.iconPath = iconOf(look);
  item.tooltip = accuracy && `${controlTitle(control)}: ${scoreSentence(accuracy, run.manifest.task)} (${intervalText(accuracy, run.manifest.task)})`;
  item.accessibilityInformation = { label: `Control ${controlTitle(control)}, ${item.description}` };
  item.contextValue = own?.manifest.addedLater && isLive(own.state.status) ? 'control live' : own && !accuracy && isInterrupted(run, own) ? 'control interrupted' : 'control'; // the others end with their run
  return item;
}

/** What did not get to its end can go on, once its run has ended. */
const isInterrupted = (run: ModelRun, { state: { status } }: ModelRun): boolean => run.manifest.test !== undefined && !isLive(run.state.status) && !isLive(status) && status !== 'finished';

function tooltipOf({ manifest, state }: ModelRun, look: Look, watch: readonly string[]): string {
  const { test, problem } = manifest;
  return visibleLines([
    `${manifest.title}: ${look.words}`,
    test && `Test ${scoreName(manifest.task)} ${textOf(test.value, manifest.task).replace('R² ', '')} (${intervalText(test, manifest.task)}, ${test.items} photos)`,
    ...watch,
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
