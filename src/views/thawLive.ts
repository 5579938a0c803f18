import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import type { Tick } from '../experiment/trainList.ts';
import { chosenForLess } from '../protocol/chosenForLess.ts';
import { type Diagnostic, Refused } from '../protocol/diagnostic.ts';
import type { RunId } from '../protocol/runManifest.ts';
import { tooLate } from '../runs/control.ts';
import { type Log, showProblem } from './log.ts';
import { plain } from './plainText.ts';
import { isLive } from './runLook.ts';
import type { ModelRun, RunModel } from './runModel.ts';

/** Ticks that follow each other like this are one thing that the person does, and are asked about once. */
const burstMs = 600;

const isTooLate = ({ code }: Diagnostic): boolean => code === 'too-late';

const now = 'Apply to This Run at the Next Epoch', later = 'Next Run Only', over = 'over';

const trains = (run: ModelRun | undefined): boolean => run !== undefined && ['queued', 'preparing', 'training'].includes(run.state.status);

/** Ticks while a run of their experiment trains: whether they are meant for it too. The answer is remembered for that run. */
export class ThawLive extends Owner {
  readonly #onDidChange = this.own(new vscode.EventEmitter<void>());
  /** Somebody has answered. */
  readonly onDidChange = this.#onDidChange.event;
  readonly #runs: RunModel;
  readonly #log: Log;
  readonly #answers = new Map<RunId, typeof now | typeof later>();
  /** Runs that were told of a change and have not ended since. */
  readonly #told = new Set<RunId>();
  #waiting: { readonly run: ModelRun; readonly ticks: Tick[] } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(runs: RunModel, log: Log) {
    super();
    this.#runs = runs;
    this.#log = log;
    this.own({ dispose: () => clearTimeout(this.#timer) });
    this.own(runs.onDidChangeRun((id) => { if (this.#told.has(id)) this.#hear(id); }));
  }

  /** What ticks of this experiment mean at the moment; undefined when no run of it trains. */
  wordsFor(experiment: vscode.Uri): string | undefined {
    const run = this.#trainingOf(experiment);
    if (!run) return undefined;
    switch (this.#answers.get(run.manifest.id)) {
      case now: return 'A run of this experiment is on: changes apply to it at its next epoch, and to the next run.';
      case later: return 'A run of this experiment is on: changes apply to the next run.';
      case undefined: return 'A run of this experiment is on: a change of layers can apply to it too.';
    }
  }

  /** Rows of this experiment were ticked, and its file says so. */
  ticked(experiment: vscode.Uri, ticks: readonly Tick[]): void {
    const run = this.#trainingOf(experiment);
    if (!run || ticks.length === 0) return;
    if (this.#waiting?.run.manifest.id === run.manifest.id) this.#waiting.ticks.push(...ticks);
    else this.#waiting = { run, ticks: [...ticks] };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#settle(), burstMs);
  }

  async #settle(): Promise<void> {
    const { run, ticks } = this.#waiting!, { id } = run.manifest;
    this.#waiting = undefined;
    try {
      const answer = this.#answers.get(id) ?? await this.#ask(run, ticks);
      if (answer === over) return this.#sayTooLate(run, tooLate({ order: 'layers', ticks, from: 'tree' }, 'information'));
      if (answer !== now) return;
      this.#runs.changeLayers(id, ticks);
      this.#told.add(id);
    } catch (error) {
      const late = error instanceof Refused ? error.diagnostics.find(isTooLate) : undefined;
      if (late) this.#sayTooLate(run, late);
      else await showProblem(this.#log, 'The run could not be told', error);
    }
  }

  /** The trainer found the change when no epoch was left for it. */
  #hear(id: RunId): void {
    const run = this.#runs.runOf(id), late = run?.state.warnings.find(isTooLate);
    if (run && late) this.#sayTooLate(run, late);
    else if (!run || !isLive(run.state.status)) this.#told.delete(id);
  }

  #sayTooLate({ manifest: { id, title } }: ModelRun, { message, fix = '' }: Diagnostic): void {
    this.#told.delete(id);
    void vscode.window.showInformationMessage(plain(`${title}: ${message}; ${fix}.`));
  }

  /** Dismissed means not now, and is asked again. The question goes when the run trains no more. */
  async #ask({ manifest: { id, title, engine }, state }: ModelRun, ticks: readonly Tick[]): Promise<typeof now | typeof later | typeof over | undefined> {
    const stage = state.planned?.stages[state.stages.at(-1)?.stage ?? 0]?.name;
    const namesOf = (trains: boolean): string => ticks.filter((tick) => tick.trains === trains).map(({ path }) => path).join(', ');
    const what = [namesOf(true) && `${namesOf(true)} trained`, namesOf(false) && `${namesOf(false)} frozen`].filter(Boolean).join('; ');
    const slow = engine && namesOf(true) ? chosenForLess(engine) : undefined;
    const ending = new vscode.CancellationTokenSource(), close = (): void => { if (!trains(this.#runs.runOf(id))) ending.cancel(); };
    const listening = this.#runs.onDidChangeRun(close);
    close();
    const answer = await vscode.window.showQuickPick([
      { label: now, detail: plain(`${what}, from the weights as they then are; the run${stage === undefined ? '' : `, in its stage ${stage},`} gets a stage of its own for it${slow === undefined ? '' : `; ${slow}`}`) },
      { label: later, detail: 'The experiment file has the change; the run that is on goes on as it began' },
    ] as const, { title: plain(`${title} is training`), placeHolder: 'The answer holds for further changes while this run is on', ignoreFocusOut: true }, ending.token);
    listening.dispose();
    if (ending.token.isCancellationRequested) return over;
    if (!answer) return undefined;
    this.#answers.set(id, answer.label);
    this.#onDidChange.fire();
    return answer.label;
  }

  #trainingOf(experiment: vscode.Uri): ModelRun | undefined {
    return this.#runs.runs().find((run) => run.manifest.experimentFile === experiment.fsPath && trains(run));
  }
}
