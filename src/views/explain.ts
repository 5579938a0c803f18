import { basename, resolve } from 'node:path';
import * as vscode from 'vscode';
import { percent } from '../base/units.ts';
import type { Commands } from '../contributions.ts';
import type { FileExplanation } from '../protocol/answers.ts';
import { Refused } from '../protocol/diagnostic.ts';
import { explainNote, sanityText } from '../protocol/explainWords.ts';
import { parseExplainProgress, parseExplanations } from '../protocol/guards.ts';
import { mistakesOf, readPredictions } from '../runs/predictions.ts';
import type { Homes } from './homes.ts';
import { plain } from './plainText.ts';
import { pickRun } from './runCommands.ts';
import { hasModel, type ModelRun, type RunModel } from './runModel.ts';
import { trusted } from './trust.ts';

/** Mistakes that are explained in one go. */
const mostMistakes = 12;

/** *Explain Predictions*: where in photos a run sees what it calls them, drawn over them and opened as pictures. */
export class Explain {
  readonly #model: RunModel;
  readonly #homes: Homes;

  constructor(model: RunModel, homes: Homes) {
    this.#model = model;
    this.#homes = homes;
  }

  run: Commands['thaw.explain'] = async (target, images) => {
    await this.#model.ready();
    const run = target ? this.#model.runOf(target.runId) : await pickRun(this.#model.runs().filter(hasModel), 'The run to explain');
    if (!run || !await trusted('Explaining')) return [];
    const files = images?.every((each) => each instanceof vscode.Uri) ? images : await imagesOf(run); // of several rows, a list of them comes second
    if (!files || files.length === 0) return [];
    const explained = await this.#ask(run, files);
    await show(run, explained);
    return explained;
  };

  async #ask(run: ModelRun, images: readonly vscode.Uri[]): Promise<readonly FileExplanation[]> {
    const title = plain(`Explaining what ${run.manifest.title} sees`);
    return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (progress, token) => {
      const cancelled = new AbortController();
      token.onCancellationRequested(() => cancelled.abort());
      const onProgress = (told: unknown): void => {
        const at = parseExplainProgress(told);
        if (at.ok && at.value.total > 1) progress.report({ message: `${at.value.done} of ${at.value.total}`, increment: at.value.done === 0 ? 0 : 100 / at.value.total });
      };
      const answer = await this.#homes.hostOf(vscode.Uri.file(run.manifest.experimentFile)).ask('explain', [run.folder.path, ...images.map(({ fsPath }) => fsPath)], { timeoutMs: 600_000, signal: cancelled.signal, onProgress });
      if (!answer.ok) throw new Refused(answer.errors);
      const explained = parseExplanations(answer.value);
      if (explained.ok) return explained.value;
      throw new Refused([{ code: 'internal-error', severity: 'error', message: `the trainer answered something else: ${explained.note}` }]);
    });
  }
}

/** The run's worst mistakes, or images that the person picks; undefined when none are. */
async function imagesOf(run: ModelRun): Promise<readonly vscode.Uri[] | undefined> {
  const predictions = readPredictions(run.folder, 'test'), mistakes = predictions.ok ? mistakesOf(predictions.value, mostMistakes) : [];
  const ofMistakes = { label: `$(error) The ${mistakes.length === 1 ? 'mistake' : `${mistakes.length} worst mistakes`} on the test images` }, others = { label: '$(folder-opened) Choose images …' };
  const choice = mistakes.length === 0 ? others : await vscode.window.showQuickPick([ofMistakes, others], { placeHolder: 'Which images to explain' });
  if (choice === ofMistakes) return mistakes.map(({ path }) => vscode.Uri.file(resolve(run.manifest.dataFolder, path)));
  return choice && vscode.window.showOpenDialog({ canSelectMany: true, openLabel: 'Explain', defaultUri: vscode.Uri.file(run.manifest.dataFolder), filters: { Images: ['jpg', 'jpeg', 'png', 'webp', 'gif', 'bmp', 'avif'] } });
}

/** One picture opens where files do; of several a list opens those that are chosen, one after the other. */
async function show(run: ModelRun, explained: readonly FileExplanation[]): Promise<void> {
  const open = (overlay: string): Thenable<unknown> => vscode.commands.executeCommand('vscode.open', vscode.Uri.file(overlay), { viewColumn: vscode.ViewColumn.One, preserveFocus: true, preview: true });
  const [only] = explained;
  if (explained.length === 1 && only?.overlay !== undefined) {
    await open(only.overlay);
    vscode.window.setStatusBarMessage(plain(`${basename(only.file)}: ${wordsOf(only)}`), 15_000);
    return;
  }
  const items = explained.map((each) => ({ label: plain(basename(each.file)), description: plain(each.problem?.message ?? wordsOf(each)), overlay: each.overlay }));
  const pick = vscode.window.createQuickPick<(typeof items)[number]>();
  Object.assign(pick, { items, title: plain(`What ${run.manifest.title} sees`), placeholder: explainNote, ignoreFocusOut: true });
  pick.onDidChangeActive(([active]) => { if (active?.overlay !== undefined) void open(active.overlay); });
  pick.onDidAccept(() => pick.hide());
  pick.onDidHide(() => pick.dispose());
  pick.show();
}

const wordsOf = ({ label = '', probability = 0, ...of }: FileExplanation): string => `${label} ${percent(probability)}, ${sanityText(of)}`;
