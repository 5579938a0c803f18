import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { diagnosticText } from '../protocol/diagnostic.ts';
import type { CostBasis } from '../protocol/answers.ts';
import { parseCostBasis } from '../protocol/guards.ts';
import { dataText } from '../experiment/dataText.ts';
import type { Plan } from '../experiment/plan.ts';
import type { Homes } from './homes.ts';
import { isLive } from './runLook.ts';
import type { Log } from './log.ts';
import type { RunModel } from './runModel.ts';

type DataOf = Pick<Plan, 'task' | 'data'>;

/** A large folder to count, and once per machine an engine to measure. */
const askTimeoutMs = 600_000;

/** What predictions rest on, by what of a plan says which photos are used: asked of a trainer when somebody looks, and again once a run has ended, which has learnt. */
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

  /** For the photos of this plan, if it is known by now; otherwise it is asked for, and `onDidChange` tells. */
  basisOf(experiment: vscode.Uri, plan: DataOf): CostBasis | undefined {
    const data = dataText(plan);
    if (vscode.workspace.isTrusted && !this.#isTraining() && !this.#asked.has(data)) void this.#ask(experiment, data);
    return this.#known.get(data);
  }

  /** The same without asking. */
  knownOf(plan: DataOf): CostBasis | undefined {
    return this.#known.get(dataText(plan));
  }

  /** Why nothing is known for these photos, when that is certain. */
  whyUnknown(plan: DataOf): string | undefined {
    const data = dataText(plan);
    if (!vscode.workspace.isTrusted) return 'No prediction: counting photos and measuring this machine start a program, which needs this workspace to be trusted.';
    return this.#isTraining() && !this.#known.has(data) ? 'Predictions come when the run that is on has ended: nothing is measured beside it.' : this.#refused.get(data);
  }

  async #ask(experiment: vscode.Uri, data: string): Promise<void> {
    this.#asked.add(data);
    try {
      const answer = await this.#homes.hostOf(experiment).ask('cost', [data], { signal: this.#ended.signal, timeoutMs: askTimeoutMs });
      const basis = answer.ok ? parseCostBasis(answer.value) : undefined;
      const refused = answer.ok ? 'the answer is not understood' : answer.errors.map(diagnosticText).join('; ');
      if (basis?.ok) this.#known.set(data, basis.value);
      else this.#refused.set(data, `No prediction: ${refused}`);
      if (!basis?.ok) this.#log.info(`no prediction for ${data}: ${refused}`);
      this.#onDidChange.fire();
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#log.info(`no prediction for ${data}: ${String(error)}`);
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
