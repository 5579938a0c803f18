import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import type { ActiveExperimentModel } from './activeExperiment.ts';
import type { BackboneModel } from './backboneModel.ts';
import type { BackboneRow } from './backboneRows.ts';

/** The Backbones view: what there is to start from, the active experiment's own marked. */
export class BackbonesTree extends Owner implements vscode.TreeDataProvider<BackboneRow> {
  readonly #onDidChange = this.own(new vscode.EventEmitter<void>());
  readonly onDidChangeTreeData = this.#onDidChange.event;
  readonly #experiment: ActiveExperimentModel;
  readonly #backbones: BackboneModel;

  constructor(experiment: ActiveExperimentModel, backbones: BackboneModel) {
    super();
    this.#experiment = experiment;
    this.#backbones = backbones;
    this.own(vscode.window.createTreeView('thaw.backbones', { treeDataProvider: this }));
    this.own(experiment.onDidChange(() => this.#onDidChange.fire()));
    this.own(backbones.onDidChange(() => this.#onDidChange.fire()));
  }

  getChildren(row?: BackboneRow): BackboneRow[] {
    return row ? [] : [...this.#backbones.rows()];
  }

  getTreeItem({ name, label, description, tooltip, fetched }: BackboneRow): vscode.TreeItem {
    const item = new vscode.TreeItem(label), used = this.#experiment.active?.plan?.backbone === name;
    item.id = name;
    item.description = description;
    item.iconPath = new vscode.ThemeIcon(used ? 'circle-filled' : 'circle-outline');
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: `${label}, ${description}${used ? ', used by the experiment in Layers' : ''}` };
    item.contextValue = fetched ? 'backbone fetched' : 'backbone';
    return item;
  }
}
