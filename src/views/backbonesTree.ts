import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { percent } from '../base/units.ts';
import type { Board } from '../protocol/board.ts';
import type { ActiveExperimentModel } from './activeExperiment.ts';
import type { BackboneModel } from './backboneModel.ts';
import type { BackboneRow } from './backboneRows.ts';
import type { Boards } from './boardPanel.ts';
import type { Homes } from './homes.ts';

/** The Backbones view: what there is to start from, the active experiment's own marked. */
export class BackbonesTree extends Owner implements vscode.TreeDataProvider<BackboneRow> {
  readonly #onDidChange = this.own(new vscode.EventEmitter<void>());
  readonly onDidChangeTreeData = this.#onDidChange.event;
  readonly #experiment: ActiveExperimentModel;
  readonly #backbones: BackboneModel;

  readonly #homes: Homes;
  /** Of the folder that the active experiment is about, as it was last measured. */
  #board: Board | undefined;

  constructor(experiment: ActiveExperimentModel, backbones: BackboneModel, homes: Homes, boards: Pick<Boards, 'onDidChange'>) {
    super();
    this.#homes = homes;
    this.#experiment = experiment;
    this.#backbones = backbones;
    this.own(vscode.window.createTreeView('thaw.backbones', { treeDataProvider: this }));
    this.own(experiment.onDidChange(() => this.#onDidChange.fire()));
    this.own(boards.onDidChange(() => this.#onDidChange.fire()));
    this.own(backbones.onDidChange(() => this.#onDidChange.fire()));
  }

  getChildren(row?: BackboneRow): BackboneRow[] {
    if (row) return [];
    const { uri, plan } = this.#experiment.active ?? {};
    this.#board = uri && plan && this.#homes.hostOf(uri).boardOf(plan.data.manifest ?? plan.data.folder);
    return [...this.#backbones.rows()];
  }

  getTreeItem({ name, label, description, tooltip, fetched }: BackboneRow): vscode.TreeItem {
    const item = new vscode.TreeItem(label), used = this.#experiment.active?.plan?.backbone === name;
    const score = this.#board?.rows.find((each) => each.name === name), known = score && `probe ${percent(score.scores.probe.value, 0)} here`;
    item.id = name;
    item.description = known === undefined ? description : `${known} · ${description}`;
    item.iconPath = new vscode.ThemeIcon(used ? 'circle-filled' : 'circle-outline');
    item.tooltip = score ? `${tooltip}\nOn ${this.#board!.images} photos of this experiment's folder a linear probe gets ${percent(score.scores.probe.value)} right, with random weights ${percent(score.random.probe.value)} (place ${score.place} of ${this.#board!.rows.length})` : tooltip;
    item.accessibilityInformation = { label: `${label}, ${item.description}${used ? ', used by the experiment in Layers' : ''}` };
    item.contextValue = fetched ? 'backbone fetched' : 'backbone';
    return item;
  }
}
