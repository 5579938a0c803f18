import * as vscode from 'vscode';
import type { Card } from '../backbones/card.ts';
import { cardNames, cardOf } from '../backbones/cards.ts';
import { Owner } from '../base/owner.ts';
import { bytes, count, percent } from '../base/units.ts';
import type { ActiveExperimentModel } from './activeExperiment.ts';

/** The Backbones view: what there is to start from, the active experiment's own marked. */
export class BackbonesTree extends Owner implements vscode.TreeDataProvider<Card> {
  readonly #onDidChange = this.own(new vscode.EventEmitter<void>());
  readonly onDidChangeTreeData = this.#onDidChange.event;
  readonly #experiment: ActiveExperimentModel;

  constructor(experiment: ActiveExperimentModel) {
    super();
    this.#experiment = experiment;
    this.own(vscode.window.createTreeView('thaw.backbones', { treeDataProvider: this }));
    this.own(experiment.onDidChange(() => this.#onDidChange.fire()));
  }

  getChildren(card?: Card): Card[] {
    return card ? [] : cardNames.map((name) => cardOf(name)!);
  }

  getTreeItem(card: Card): vscode.TreeItem {
    const item = new vscode.TreeItem(card.title), used = this.#experiment.active?.plan?.backbone === card.name;
    item.id = card.name;
    item.description = `${count(card.parameters)} · bundled`;
    item.iconPath = new vscode.ThemeIcon(used ? 'circle-filled' : 'circle-outline');
    item.tooltip = tooltipOf(card);
    item.accessibilityInformation = { label: `${card.title}, ${item.description}${used ? ', used by the experiment in Layers' : ''}` };
    item.contextValue = 'backbone';
    return item;
  }
}

function tooltipOf({ name, title, parameters, weights, input, imagenetTop1, licence, source }: Card): string {
  const top1 = imagenetTop1 === undefined ? [] : [`ImageNet top-1: ${percent(imagenetTop1)}`];
  return [
    `${title} (${name})`,
    `${parameters.toLocaleString('en')} parameters, ${bytes(weights.sizeBytes)} bundled`,
    `Photos of ${input.width} × ${input.height}`,
    ...top1,
    `Licence: ${licence}`,
    `Source: ${source}`,
  ].join('\n');
}
