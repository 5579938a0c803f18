import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { experimentSelector } from '../contributions.ts';
import type { RunId } from '../protocol/runManifest.ts';
import { readPlanText } from '../runs/planText.ts';
import { rangeOf } from './experimentProblems.ts';
import type { Experiments } from './experiments.ts';
import { lastRunOf } from './lastRun.ts';
import { plain } from './plainText.ts';
import { isLive, lookOf, scoreText, statusLook } from './runLook.ts';
import type { ModelRun, RunModel } from './runModel.ts';

/** VS Code asks a quarter of a second after a file has opened. */
const askedByMs = 1000;

/** The line above an experiment: run it, and what came of it the last time; above each stage, its learning rate. */
export class ExperimentLenses extends Owner implements vscode.CodeLensProvider {
  readonly #onDidChange = this.own(new vscode.EventEmitter<void>());
  readonly onDidChangeCodeLenses = this.#onDidChange.event;
  readonly #experiments: Experiments;
  readonly #runs: RunModel;
  /** A run's copy of its experiment file never changes. */
  readonly #texts = new Map<RunId, string | undefined>();
  readonly #shown = new Map<RunId, string>();
  readonly #asked = new Set<string>();
  #reminder: NodeJS.Timeout | undefined;

  constructor(experiments: Experiments, runs: RunModel) {
    super();
    this.#experiments = experiments;
    this.#runs = runs;
    this.own(vscode.languages.registerCodeLensProvider(experimentSelector, this));
    this.own(runs.onDidChangeRuns(() => this.#onDidChange.fire()));
    this.own(runs.onDidChangeRun((id) => { if (this.#isNews(id)) this.#onDidChange.fire(); }));
    this.own(experiments.onDidRead(({ uri }) => { if (!this.#asked.has(uri.toString())) this.#remind(); }));
    this.own(experiments.onDidClose((uri) => this.#asked.delete(uri.toString())));
    this.own({ dispose: () => clearTimeout(this.#reminder) });
  }

  /** VS Code forgets to ask when the focus leaves an editor that has just opened, until it returns: the file would stand there without its lines. */
  #remind(): void {
    clearTimeout(this.#reminder);
    this.#reminder = setTimeout(() => this.#onDidChange.fire(), askedByMs);
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    this.#asked.add(document.uri.toString());
    const [{ headOf, stagesOf }, { read }] = await Promise.all([import('../experiment/outline.ts'), this.#experiments.readingOf(document), this.#runs.ready()]);
    const head = headOf(read);
    if (!head) return [];
    const run = { command: 'thaw.startRun', title: '$(play) Run', tooltip: 'Train a network as this file says', arguments: [document.uri] };
    const cost = { command: 'thaw.predictCost', title: '$(open-preview) Predict cost', tooltip: 'Minutes, memory and cache of each stage, while you type', arguments: [document.uri] };
    const addStage = (after: number): vscode.Command => ({ command: 'thaw.addStage', title: 'Add a stage', tooltip: 'After this one: all layers, at a tenth of its rate. Ticks in Layers take from it what is too much.', arguments: [document.uri, after] });
    const findRate = (stage: number): vscode.Command => ({ command: 'thaw.findRate', title: 'Find learning rate', tooltip: 'Try rising rates on this stage, and see which its loss falls at', arguments: [document.uri, stage] });
    return [
      ...[run, cost, ...this.#lastRun(document)].map((command) => new vscode.CodeLens(rangeOf(head), command)),
      ...stagesOf(read).flatMap(({ range }, stage) => [findRate(stage), addStage(stage)].map((command) => new vscode.CodeLens(rangeOf(range), command))),
    ];
  }

  #lastRun(document: vscode.TextDocument): vscode.Command[] {
    const { uri } = document, last = lastRunOf(this.#runs.runs(), uri.fsPath, document.getText(), (run) => this.#textOf(run));
    if (!last) return [];
    const { run, isSame } = last, open = { command: 'thaw.openDashboard', arguments: [{ runId: run.manifest.id }] };
    if (isSame) return [{ ...open, title: `$(history) Last run: ${resultOf(run)}`, tooltip: 'Open the dashboard of the newest run of this very text' }];
    const compare = { command: 'thaw.comparePlan', title: '$(diff) Compare with last run', tooltip: 'What has changed in this plan since its last run', arguments: [uri] };
    return [{ ...open, title: `$(history) Last run: ${resultOf(run)} · changed since`, tooltip: 'Open the dashboard of the newest run of this file, which said something else then' }, compare];
  }

  #textOf({ manifest: { id }, folder }: ModelRun): string | undefined {
    if (!this.#texts.has(id)) this.#texts.set(id, readPlanText(folder));
    return this.#texts.get(id);
  }

  /** A run has news with every step; its line here changes when it ends. */
  #isNews(id: RunId): boolean {
    const run = this.#runs.runOf(id), now = run ? resultOf(run) : 'gone', before = this.#shown.get(id);
    this.#shown.set(id, now);
    return now !== before;
  }
}

/** "84.3 % · transfer helps"; "training". */
function resultOf({ manifest, state }: ModelRun): string {
  if (isLive(state.status)) return statusLook[state.status].words;
  return plain([scoreText(manifest), lookOf(manifest).words].filter((part) => part !== undefined).join(' · '));
}
