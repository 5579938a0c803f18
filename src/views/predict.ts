import { basename } from 'node:path';
import * as vscode from 'vscode';
import { percent } from '../base/units.ts';
import type { Commands } from '../contributions.ts';
import type { FilePrediction } from '../protocol/answers.ts';
import { Refused } from '../protocol/diagnostic.ts';
import { parsePredictions } from '../protocol/guards.ts';
import type { Homes } from './homes.ts';
import { plain } from './plainText.ts';
import { hasModel, type ModelRun, type RunModel } from './runModel.ts';
import { pickRun } from './runCommands.ts';
import { trusted } from './trust.ts';

/** Blocks of a bar, so that probabilities can be compared at a glance where only text can be shown. */
const barBlocks = 12;

/** *Predict with Latest Run*: labels with probabilities, in a quick pick. */
export class Predict {
  readonly #model: RunModel;
  readonly #homes: Homes;
  /** The run that was last chosen: a person compares images, not runs. */
  #last: ModelRun | undefined;

  constructor(model: RunModel, homes: Homes) {
    this.#model = model;
    this.#homes = homes;
  }

  run: Commands['thaw.predict'] = async (image, selected) => {
    const images = await this.#images(image, selected);
    if (images.length === 0 || !await trusted('Prediction')) return;
    const run = await this.#runMeant();
    if (!run) return;
    await showPredictions(run, await this.#ask(run, images), () => this.#again(images));
  };

  async #again(images: readonly vscode.Uri[]): Promise<void> {
    const run = await pickRun(this.#model.runs().filter(hasModel), 'The run to predict with');
    if (run) await showPredictions(this.#last = run, await this.#ask(run, images), () => this.#again(images));
  }

  async #images(image: vscode.Uri | undefined, selected: readonly vscode.Uri[] | undefined): Promise<readonly vscode.Uri[]> {
    if (selected && selected.length > 0) return selected;
    if (image) return [image];
    return await vscode.window.showOpenDialog({ canSelectMany: true, openLabel: 'Predict', filters: { Images: ['jpg', 'jpeg', 'png', 'webp', 'gif', 'bmp', 'avif'] } }) ?? [];
  }

  async #runMeant(): Promise<ModelRun | undefined> {
    await this.#model.ready();
    const runs = this.#model.runs().filter(hasModel);
    if (runs.length === 0) void vscode.window.showInformationMessage('There is no finished run yet: right-click a folder of photos and choose Fine-Tune This Folder.');
    return runs.find(({ manifest }) => manifest.id === this.#last?.manifest.id) ?? runs[0];
  }

  async #ask(run: ModelRun, images: readonly vscode.Uri[]): Promise<readonly FilePrediction[]> {
    const title = `Predicting with ${plain(run.manifest.title)}`;
    return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (_, token) => {
      const cancelled = new AbortController();
      token.onCancellationRequested(() => cancelled.abort());
      const host = this.#homes.hostOf(vscode.Uri.file(run.manifest.experimentFile));
      const answer = await host.ask('predict', [run.folder.path, ...images.map(({ fsPath }) => fsPath)], { signal: cancelled.signal });
      if (!answer.ok) throw new Refused(answer.errors);
      const predictions = parsePredictions(answer.value);
      if (predictions.ok) return predictions.value;
      throw new Refused([{ code: 'internal-error', severity: 'error', message: `the trainer answered something else: ${predictions.note}` }]);
    });
  }
}

interface PredictionItem extends vscode.QuickPickItem {
  readonly file?: string;
  readonly otherRun?: true;
}

async function showPredictions(run: ModelRun, predictions: readonly FilePrediction[], again: () => Promise<void>): Promise<void> {
  const other: PredictionItem = { label: '$(list-selection) Predict with another run …', otherRun: true, alwaysShow: true };
  const items = [...predictions.flatMap(itemsOf), { label: '', kind: vscode.QuickPickItemKind.Separator }, other];
  const choice = await vscode.window.showQuickPick<PredictionItem>(items, { title: `Predicted by ${plain(run.manifest.title)} (${run.manifest.id})`, placeHolder: 'Choose a row to open its image' });
  if (choice?.otherRun) await again();
  else if (choice?.file) await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(choice.file));
}

function itemsOf({ file, top, number, problem }: FilePrediction): PredictionItem[] {
  const heading: PredictionItem = { label: plain(basename(file)), kind: vscode.QuickPickItemKind.Separator };
  if (problem) return [heading, { label: '$(error) Not predicted', description: plain(problem.message), file }];
  if (number !== undefined) return [heading, { label: String(Number(number.toPrecision(4))), file }];
  return [heading, ...top.map(({ label, probability }) => ({ label: plain(label), description: `${bar(probability)} ${percent(probability)}`, file }))];
}

const bar = (share: number): string => '█'.repeat(Math.round(share * barBlocks)).padEnd(barBlocks, '░');
