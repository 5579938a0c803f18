import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { diagnosticText } from '../protocol/diagnostic.ts';
import type { CostBasis } from '../protocol/answers.ts';
import { parseCostBasis } from '../protocol/guards.ts';
import type { Homes } from './homes.ts';
import { isLive } from './runLook.ts';
import type { Log } from './log.ts';
import type { RunModel } from './runModel.ts';

/** A large folder to count, and once per machine an engine to measure. */
const askTimeoutMs = 600_000;

/** What predictions rest on, by dataset folder: asked of a trainer when somebody looks, and again once a run has ended, which has learnt. */
export class CostModel extends Owner {
  readonly #onDidChange = this.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.#onDidChange.event;
  readonly #homes: Homes;
  readonly #runs: RunModel;
  readonly #log: Log;
  readonly #known = new Map<string, CostBasis>();
  readonly #refused = new Map<string, string>();
  readonly #asked = new Set<string>();
  readonly #ended = new AbortController();
  #wasTraining = false;

  constructor(homes: Homes, runs: RunModel, log: Log) {
    super();
    this.#homes = homes;
    this.#runs = runs;
    this.#log = log;
    this.own(runs.onDidChangeRun(() => this.#forgetAfterRuns()));
    this.own({ dispose: () => this.#ended.abort() });
  }

  /** For this dataset folder or manifest, if it is known by now; otherwise it is asked for, and `onDidChange` tells. */
  basisOf(experiment: vscode.Uri, folder: string): CostBasis | undefined {
    if (vscode.workspace.isTrusted && !this.#isTraining() && !this.#asked.has(folder)) void this.#ask(experiment, folder);
    return this.#known.get(folder);
  }

  /** The same without asking. */
  knownOf(folder: string): CostBasis | undefined {
    return this.#known.get(folder);
  }

  /** Why nothing is known for this folder, when that is certain. */
  whyUnknown(folder: string): string | undefined {
    if (!vscode.workspace.isTrusted) return 'No prediction: counting photos and measuring this machine start a program, which needs this workspace to be trusted.';
    return this.#isTraining() && !this.#known.has(folder) ? 'Predictions come when the run that is on has ended: nothing is measured beside it.' : this.#refused.get(folder);
  }

  async #ask(experiment: vscode.Uri, folder: string): Promise<void> {
    this.#asked.add(folder);
    try {
      const answer = await this.#homes.hostOf(experiment).ask('cost', [folder], { signal: this.#ended.signal, timeoutMs: askTimeoutMs });
      const basis = answer.ok ? parseCostBasis(answer.value) : undefined;
      const refused = answer.ok ? 'the answer is not understood' : answer.errors.map(diagnosticText).join('; ');
      if (basis?.ok) this.#known.set(folder, basis.value);
      else this.#refused.set(folder, `No prediction: ${refused}`);
      if (!basis?.ok) this.#log.info(`no prediction for ${folder}: ${refused}`);
      this.#onDidChange.fire();
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#log.info(`no prediction for ${folder}: ${String(error)}`);
    }
  }

  #isTraining(): boolean {
    return this.#runs.runs().some(({ state }) => isLive(state.status)); // nothing is measured beside it
  }

  #forgetAfterRuns(): void {
    const training = this.#isTraining();
    if (this.#wasTraining && !training) {
      this.#asked.clear();
      this.#onDidChange.fire();
    }
    this.#wasTraining = training;
  }
}
