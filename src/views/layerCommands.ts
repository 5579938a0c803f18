import * as vscode from 'vscode';
import type { FreezeRow } from '../backbones/freezeTree.ts';
import type { Commands } from '../contributions.ts';
import { freezeBelow, lowestOf, onlyHead, tickAll, trainFromHere } from '../experiment/layerActions.ts';
import type { ActiveExperimentModel } from './activeExperiment.ts';
import { editExperiment } from './editExperiment.ts';
import type { FreezeTree } from './freezeTree.ts';

/** What can be done with rows of the Layers view: each is one edit of the experiment file. Rows come from a menu, or are those selected. */
export class LayerCommands {
  readonly #tree: FreezeTree;
  readonly #experiment: ActiveExperimentModel;

  constructor(tree: FreezeTree, experiment: ActiveExperimentModel) {
    this.#tree = tree;
    this.#experiment = experiment;
  }

  trainLayers: Commands['thaw.trainLayers'] = (row, rows) => this.#tree.tick(tickAll(this.#meant(row, rows), true));

  freezeLayers: Commands['thaw.freezeLayers'] = (row, rows) => this.#tree.tick(tickAll(this.#meant(row, rows), false));

  /** By keyboard: unticked where all of the selection trains, else ticked. */
  toggleLayers: Commands['thaw.toggleLayers'] = () =>
    this.#tree.tick(tickAll(this.#meant(), !this.#tree.selection.every((row) => this.#tree.isTicked(row))));

  trainFromHere: Commands['thaw.trainFromHere'] = async (row, rows) => {
    const lowest = lowestOf(this.#tree.rows, this.#meant(row, rows));
    if (lowest !== undefined) await this.#tree.tick(trainFromHere(this.#tree.rows, lowest));
  };

  freezeBelow: Commands['thaw.freezeBelow'] = async (row, rows) => {
    const lowest = lowestOf(this.#tree.rows, this.#meant(row, rows));
    if (lowest !== undefined) await this.#tree.tick(freezeBelow(this.#tree.rows, lowest));
  };

  onlyHead: Commands['thaw.onlyHead'] = () => this.#tree.tick(onlyHead(this.#tree.rows));

  /** Of the stage: its trained blocks have one mode. */
  switchBatchNorm: Commands['thaw.switchBatchNorm'] = async () => {
    const { uri, plan, stage } = this.#experiment.active ?? {}, now = plan?.stages[stage ?? 0]?.batchNorm;
    if (!uri || stage === undefined || !now) return;
    const { setValues } = await import('../experiment/setValue.ts');
    await editExperiment(uri, (text) => setValues(text, [{ path: `stages.${stage}.batchNorm`, value: now === 'stored' ? 'batch' : 'stored' }], uri.fsPath));
  };

  /** Behind the stage that is shown, or the one that is said; then it is the one that is shown. */
  addStage: Commands['thaw.addStage'] = async (experiment, after) => {
    const uri = experiment ?? this.#experiment.active?.uri;
    if (!uri) return;
    const { addStage } = await import('../experiment/addStage.ts'), at = after ?? this.#experiment.active?.stage ?? 0;
    await editExperiment(uri, (text) => addStage(text, at, uri.fsPath));
    await this.#experiment.activate(uri);
    this.#experiment.showStage(at + 1);
  };

  /** VS Code's own search of a tree sees the rows that are unfolded; this one sees all. */
  findLayer: Commands['thaw.findLayer'] = async () => {
    const items = this.#allRows().map((row) => ({ label: row.path, description: this.#tree.describe(row), row }));
    const found = await vscode.window.showQuickPick(items, { placeHolder: 'The layer to show in the tree' });
    if (found) await this.#tree.reveal(found.row);
  };

  copyPath: Commands['thaw.copyLayerPath'] = async (row, rows) => vscode.env.clipboard.writeText(this.#meant(row, rows).join(', '));

  #meant(row?: { readonly path: string }, rows?: readonly { readonly path: string }[]): readonly string[] {
    return (rows ?? (row ? [row] : this.#tree.selection)).map(({ path }) => path);
  }

  #allRows(): readonly FreezeRow[] {
    const below = (row: FreezeRow): readonly FreezeRow[] => [row, ...row.children.flatMap(below)];
    return this.#tree.rows.flatMap(below);
  }
}
