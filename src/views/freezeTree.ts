import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { FreezeRow } from '../backbones/freezeTree.ts';
import { networkOf } from '../backbones/networkOf.ts';
import { Owner } from '../base/owner.ts';
import type { Tick } from '../experiment/trainList.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { ActiveExperiment, ActiveExperimentModel } from './activeExperiment.ts';
import type { CostModel } from './costModel.ts';
import { editExperiment } from './editExperiment.ts';
import { type Layers, layersOf } from './layerRows.ts';
import { type Log, showProblem } from './log.ts';
import { readTransfer } from '../runs/evidenceFiles.ts';
import type { ModelRun, RunModel } from './runModel.ts';
import { ThawLive } from './thawLive.ts';

/**
 * The Layers view: the network of the active experiment, ticked where it trains. The file is the truth: a tick only
 * edits it, and the tree is drawn from what the file then says. While the file is broken, the last plan stands there in grey.
 */
export class FreezeTree extends Owner implements vscode.TreeDataProvider<FreezeRow> {
  readonly #onDidChange = this.own(new vscode.EventEmitter<FreezeRow[] | undefined>());
  readonly onDidChangeTreeData = this.#onDidChange.event;
  readonly #experiment: ActiveExperimentModel;
  readonly #costs: CostModel;
  readonly #log: Log;
  readonly #live: ThawLive;
  readonly #runs: RunModel;
  readonly #view: vscode.TreeView<FreezeRow>;
  #layers: Layers | undefined;
  /** How far each row moved in the run that was read last. */
  #moved: { readonly run: string; readonly changes: ReadonlyMap<string, number> } | undefined;
  /** How each row looked when VS Code last asked: of hundreds, a tick changes a few. */
  readonly #drawn = new Map<FreezeRow, string>();

  constructor(experiment: ActiveExperimentModel, runs: RunModel, costs: CostModel, log: Log) {
    super();
    this.#experiment = experiment;
    this.#costs = costs;
    this.#log = log;
    this.#runs = runs;
    this.#live = this.own(new ThawLive(runs, log));
    this.#view = this.own(vscode.window.createTreeView('thaw.layers', { treeDataProvider: this, manageCheckboxStateManually: true, canSelectMany: true, showCollapseAll: true }));
    this.own(vscode.window.registerFileDecorationProvider({ provideFileDecoration: ({ scheme }) => scheme === staleScheme ? stale : undefined }));
    this.own(this.#view.onDidChangeCheckboxState(({ items }) => void this.#ticked(items)));
    this.own(experiment.onDidChange(() => this.#changed()));
    this.own(costs.onDidChange(() => this.#changed()));
    this.own(this.#view.onDidChangeVisibility(({ visible }) => { if (visible) this.#changed(); })); // predictions are asked for when they can be seen
    this.own(runs.onDidChangeRun(() => this.#newestRun()?.manifest.id === this.#moved?.run ? this.#describe() : this.#changed()));
    this.own(runs.onDidChangeRuns(() => { if (this.#newestRun()?.manifest.id !== this.#moved?.run) this.#changed(); }));
    this.own(this.#live.onDidChange(() => this.#describe()));
    this.#changed();
  }

  async getChildren(row?: FreezeRow): Promise<FreezeRow[]> {
    if (row) return [...row.children];
    if (!this.#experiment.active) await this.#experiment.start();
    return [...this.rows];
  }

  getParent(row: FreezeRow): FreezeRow | undefined {
    return this.#layers?.parentOf(row);
  }

  getTreeItem(row: FreezeRow): vscode.TreeItem {
    const words = this.#layers!.wordsOf(row), { ticked, description, tooltip, label, kind, heat } = words; // rows come from #layers
    this.#drawn.set(row, this.#lookOf(row));
    const item = new vscode.TreeItem(row.path, row.children.length > 0 ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None);
    item.id = row.path;
    item.description = description;
    item.tooltip = this.#isStale() ? `${tooltip}\nOf the last plan that could be read.` : tooltip;
    item.contextValue = kind;
    item.accessibilityInformation = { label: this.#isStale() ? `${label}, of the last plan that could be read` : label };
    item.checkboxState = {
      state: ticked ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked,
      tooltip: ticked ? `Freeze ${row.path}` : `Train ${row.path}`,
      accessibilityInformation: { label: ticked ? `${row.path} trains` : `${row.path} is not all trained` },
    };
    if (heat) item.iconPath = new vscode.ThemeIcon('flame', new vscode.ThemeColor(heatColours[heat]));
    if (this.#isStale()) {
      item.resourceUri = vscode.Uri.from({ scheme: staleScheme, path: `/${row.path}` });
      item.iconPath = new vscode.ThemeIcon('history', new vscode.ThemeColor('disabledForeground'));
    }
    return item;
  }

  /** Of the network's blocks, from the input to the head; empty while there is none. */
  get rows(): readonly FreezeRow[] {
    return this.#layers?.rows ?? [];
  }

  get selection(): readonly FreezeRow[] {
    return this.#view.selection;
  }

  isTicked(row: FreezeRow): boolean {
    return this.#layers?.wordsOf(row).ticked ?? false;
  }

  /** What is known of a row, in one line. */
  describe(row: FreezeRow): string {
    return this.#layers?.wordsOf(row).description ?? '';
  }

  async reveal(row: FreezeRow): Promise<void> {
    await this.#view.reveal(row, { select: true, focus: true, expand: true });
  }

  /** Ticks a row. */
  setTrains(path: string, trains: boolean): Promise<void> {
    return this.tick([{ path, trains }]);
  }

  /** Ticks rows: one edit of the experiment file, undone like any other. Throws Refused where the file cannot be read or edited. */
  async tick(ticks: readonly Tick[]): Promise<void> {
    const { uri, stage, backbone } = this.#experiment.active ?? {};
    if (!uri || stage === undefined || !backbone) return;
    const { setTraining } = await import('../experiment/edit.ts');
    await editExperiment(uri, (text) => setTraining(text, ticks, { network: networkOf(backbone), stage, file: uri.fsPath }));
    this.#live.ticked(uri, ticks);
  }

  #changed(): void {
    const { plan, backbone, stage, uri } = this.#experiment.active ?? {}, before = this.#layers?.rows;
    const basis = plan && uri && this.#view.visible ? this.#costs.basisOf(uri, plan) : undefined;
    this.#layers = plan && backbone && layersOf(plan, backbone, stage ?? 0, basis, this.#readMoved());
    this.#describe();
    if (before !== this.#layers?.rows) {
      this.#drawn.clear();
      return this.#onDidChange.fire(undefined);
    }
    const changed = [...this.#drawn].filter(([row, look]) => look !== this.#lookOf(row)).map(([row]) => row);
    if (changed.length > 0) this.#onDidChange.fire(changed);
  }

  /** The newest run that this file finished, on this backbone. */
  #newestRun(): ModelRun | undefined {
    const { plan, uri } = this.#experiment.active ?? {};
    return plan && uri && this.#runs.runs().find(({ manifest: { status, experimentFile, backbone } }) => status === 'finished' && experimentFile === uri.fsPath && backbone === plan.backbone);
  }

  #readMoved(): ReadonlyMap<string, number> | undefined {
    const run = this.#newestRun();
    if (run?.manifest.id !== this.#moved?.run) this.#moved = run && { run: run.manifest.id, changes: new Map(readTransfer(run.folder)?.changes.map(({ path, change }) => [path, change])) };
    return this.#moved?.changes;
  }

  #lookOf(row: FreezeRow): string {
    return JSON.stringify([this.#isStale(), this.#layers!.wordsOf(row)]);
  }

  #isStale(): boolean {
    return (this.#experiment.active?.errors.length ?? 0) > 0;
  }

  #describe(): void {
    const active = this.#experiment.active;
    this.#view.description = active ? [this.#layers?.summary, visible(basename(active.uri.fsPath))].filter((part) => part !== undefined).join(' · ') : '';
    this.#view.message = active ? messageOf(active, this.#live.wordsFor(active.uri) ?? '') : '';
  }

  /** A tick of a row that is selected with others is meant for all of them. */
  async #ticked(items: readonly (readonly [FreezeRow, vscode.TreeItemCheckboxState])[]): Promise<void> {
    try {
      const { tickAll } = await import('../experiment/layerActions.ts');
      await this.tick(items.flatMap(([row, state]) => {
        const meant = this.selection.includes(row) ? this.selection : [row];
        return tickAll(meant.map(({ path }) => path), state === vscode.TreeItemCheckboxState.Checked);
      }));
    } catch (error) {
      await showProblem(this.#log, 'The tick could not be written', error);
    } finally {
      this.#onDidChange.fire(items.map(([row]) => row)); // a tick that changed nothing is taken back
    }
  }
}

const heatColours = { 1: 'charts.yellow', 2: 'charts.orange', 3: 'charts.red' } as const;
const staleScheme = 'thaw-stale-layer';
const stale = new vscode.FileDecoration(undefined, 'Of the last plan that could be read', new vscode.ThemeColor('disabledForeground'));

function messageOf({ plan, backbone, errors: [error], uri }: ActiveExperiment, live: string): string {
  if (error) {
    const line = error.where?.range ? ` (line ${error.where.range.start.line + 1})` : '';
    return `${visible(basename(uri.fsPath))}: ${visible(error.message)}${line}.${plan ? ' This is the last plan that could be read.' : ''}`;
  }
  if (plan && !backbone) return `${visible(plan.backbone)} has not been fetched yet: its layers appear once it is here. A run fetches it, and so does Add Backbone.`;
  return live;
}
