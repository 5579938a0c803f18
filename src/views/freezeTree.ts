import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { FreezeRow } from '../backbones/freezeTree.ts';
import { Owner } from '../base/owner.ts';
import { Refused, visible } from '../protocol/diagnostic.ts';
import type { ActiveExperiment, ActiveExperimentModel } from './activeExperiment.ts';
import type { CostModel } from './costModel.ts';
import { rangeOf } from './experimentProblems.ts';
import { type Layers, layersOf, networkOf } from './layerRows.ts';
import { type Log, showProblem } from './log.ts';
import { isLive } from './runLook.ts';
import type { RunModel } from './runModel.ts';

/**
 * The Layers view: the network of the active experiment, ticked where it trains. The file is the truth: a tick only
 * edits it, and the tree is drawn from what the file then says.
 */
export class FreezeTree extends Owner implements vscode.TreeDataProvider<FreezeRow> {
  readonly #onDidChange = this.own(new vscode.EventEmitter<void>());
  readonly onDidChangeTreeData = this.#onDidChange.event;
  readonly #experiment: ActiveExperimentModel;
  readonly #runs: RunModel;
  readonly #costs: CostModel;
  readonly #log: Log;
  readonly #view: vscode.TreeView<FreezeRow>;
  #layers: Layers | undefined;

  constructor(experiment: ActiveExperimentModel, runs: RunModel, costs: CostModel, log: Log) {
    super();
    this.#experiment = experiment;
    this.#runs = runs;
    this.#costs = costs;
    this.#log = log;
    this.#view = this.own(vscode.window.createTreeView('thaw.layers', { treeDataProvider: this, manageCheckboxStateManually: true, showCollapseAll: true }));
    this.own(this.#view.onDidChangeCheckboxState(({ items }) => void this.#ticked(items)));
    this.own(experiment.onDidChange(() => this.#changed()));
    this.own(costs.onDidChange(() => this.#changed()));
    this.own(this.#view.onDidChangeVisibility(({ visible }) => { if (visible) this.#changed(); })); // predictions are asked for when they can be seen
    this.own(runs.onDidChangeRun(() => this.#describe()));
    this.#changed();
  }

  async getChildren(row?: FreezeRow): Promise<FreezeRow[]> {
    if (row) return [...row.children];
    if (!this.#experiment.active) await this.#experiment.start();
    return [...this.#layers?.rows ?? []];
  }

  getTreeItem(row: FreezeRow): vscode.TreeItem {
    const { ticked, description, tooltip } = this.#layers!.wordsOf(row); // rows come from #layers
    const item = new vscode.TreeItem(row.path, row.children.length > 0 ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None);
    item.id = row.path;
    item.description = description;
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: `${row.path}, ${ticked ? 'trains' : 'not ticked'}, ${description}` };
    item.checkboxState = {
      state: ticked ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked,
      tooltip: ticked ? `Freeze ${row.path}` : `Train ${row.path}`,
      accessibilityInformation: { label: ticked ? `${row.path} trains` : `${row.path} is not all trained` },
    };
    return item;
  }

  #changed(): void {
    const { plan, backbone, stage, uri } = this.#experiment.active ?? {};
    const basis = plan && uri && this.#view.visible ? this.#costs.basisOf(uri, plan.data.folder) : undefined;
    this.#layers = plan && backbone && layersOf(plan, backbone, stage ?? 0, basis);
    this.#describe();
    this.#onDidChange.fire();
  }

  #describe(): void {
    const active = this.#experiment.active;
    this.#view.description = active ? [visible(basename(active.uri.fsPath)), this.#layers?.summary].filter((part) => part !== undefined).join(' · ') : '';
    const isOn = this.#runs.runs().some(({ manifest, state }) => isLive(state.status) && manifest.experimentFile === active?.uri.fsPath);
    this.#view.message = active ? messageOf(active, isOn) : '';
  }

  async #ticked(items: readonly (readonly [FreezeRow, vscode.TreeItemCheckboxState])[]): Promise<void> {
    try {
      for (const [row, state] of items) await this.setTrains(row.path, state === vscode.TreeItemCheckboxState.Checked);
    } catch (error) {
      await showProblem(this.#log, 'The tick could not be written', error);
    } finally {
      this.#onDidChange.fire(); // a tick that changed nothing is taken back
    }
  }

  /** Ticks a row: an edit of the experiment file, undone like any other. Refuses where the file cannot be read or edited. */
  async setTrains(path: string, trains: boolean): Promise<void> {
    const { uri, stage, backbone } = this.#experiment.active ?? {};
    if (!uri || stage === undefined || !backbone) return;
    const [{ setFrozen }, document] = await Promise.all([import('../experiment/edit.ts'), vscode.workspace.openTextDocument(uri)]);
    const edits = setFrozen(document.getText(), path, !trains, { network: networkOf(backbone), stage, file: uri.fsPath });
    if (!edits.ok) throw new Refused(edits.errors);
    const edit = new vscode.WorkspaceEdit();
    edit.set(uri, edits.value.map(({ range, newText }) => vscode.TextEdit.replace(rangeOf(range), newText)));
    await vscode.workspace.applyEdit(edit);
  }
}

function messageOf({ plan, backbone, errors: [error], uri }: ActiveExperiment, training: boolean): string {
  if (error) {
    const line = error.where?.range ? ` (line ${error.where.range.start.line + 1})` : '';
    return `${visible(basename(uri.fsPath))}: ${visible(error.message)}${line}.${plan ? ' This is the last plan that could be read.' : ''}`;
  }
  if (plan && !backbone) return `${visible(plan.backbone)} has not been fetched yet: its layers appear once it is here. A run fetches it, and so does Add Backbone.`;
  return training ? 'A run of this experiment is on: changes apply to the next run.' : '';
}
