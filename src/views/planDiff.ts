import { basename } from 'node:path';
import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import type { Commands } from '../contributions.ts';
import { experimentSuffix } from '../contributions.ts';
import { formatResolved } from '../experiment/format.ts';
import { Refused } from '../protocol/diagnostic.ts';
import type { RunId } from '../protocol/runManifest.ts';
import type { ActiveExperimentModel } from './activeExperiment.ts';
import type { Experiments } from './experiments.ts';
import { plain } from './plainText.ts';
import { pickRun } from './runCommands.ts';
import type { ModelRun, RunModel } from './runModel.ts';
import { timeText } from './runsTree.ts';

/** Of read-only documents; the query says whose plan: `run=<id>`, or `file=<address>` for an experiment file as it is now. */
const scheme = 'thaw-plan';

/** *Compare Plans*, *Compare with Last Run*: resolved plans, every value with its origin, side by side in VS Code's diff editor. */
export class PlanDiff extends Owner implements vscode.TextDocumentContentProvider {
  readonly #onDidChange = this.own(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidChange = this.#onDidChange.event;
  readonly #model: RunModel;
  readonly #experiments: Experiments;
  readonly #experiment: ActiveExperimentModel;
  /** What stands in an open diff of a file that is being edited: broken, it keeps its last plan. */
  readonly #now = new Map<string, string>();

  constructor(model: RunModel, experiments: Experiments, experiment: ActiveExperimentModel) {
    super();
    this.#model = model;
    this.#experiments = experiments;
    this.#experiment = experiment;
    this.own(vscode.workspace.registerTextDocumentContentProvider(scheme, this));
    this.own(experiments.onDidRead(({ uri, checked }) => {
      if (!checked.ok || !this.#now.has(uri.toString())) return;
      this.#now.set(uri.toString(), formatResolved(checked.value.plan, checked.value.origins));
      this.#onDidChange.fire(fileUri(uri));
    }));
    this.own(vscode.workspace.onDidCloseTextDocument(({ uri }) => { if (uri.scheme === scheme) this.#now.delete(new URLSearchParams(uri.query).get('file') ?? ''); }));
  }

  async provideTextDocumentContent({ query }: vscode.Uri): Promise<string> {
    const asked = new URLSearchParams(query), file = asked.get('file');
    if (file !== null) return this.#now.get(file) ?? await this.#textNow(vscode.Uri.parse(file));
    await this.#model.ready();
    const run = this.#model.runOf(asked.get('run') as RunId);
    return run ? planText(run) : '# This run has been deleted.\n';
  }

  /** Two runs: those selected, the one chosen and another, or two that the person picks. The older one stands on the left. */
  diffPlans: Commands['thaw.diffPlans'] = async (target, selected) => {
    await this.#model.ready();
    const meant = (selected ?? (target ? [target] : [])).flatMap(({ runId }) => this.#model.runOf(runId) ?? []);
    const [one, other] = await this.#completed([...new Set(meant)]);
    if (!one || !other) return;
    const [older, newer] = one.manifest.createdAt <= other.manifest.createdAt ? [one, other] : [other, one];
    await showDiff(runUri(older), runUri(newer), `${nameOf(older)} ↔ ${nameOf(newer)}`);
  };

  /** What the file says now, unsaved changes included, against the plan of its newest run. Throws Refused where it is broken. */
  comparePlan: Commands['thaw.comparePlan'] = async (experiment) => {
    await this.#model.ready();
    const uri = experiment ?? this.#experiment.active?.uri;
    if (!uri) return;
    const last = this.#model.runs().find(({ manifest }) => manifest.experimentFile === uri.fsPath), name = basename(uri.fsPath);
    if (!last) return void vscode.window.showInformationMessage(plain(`${name} has not been run yet: there is no plan to compare with.`));
    this.#now.set(uri.toString(), await this.#textNow(uri));
    await showDiff(runUri(last), fileUri(uri), `${nameOf(last)} ↔ ${plain(name)} now`);
  };

  async #textNow(uri: vscode.Uri): Promise<string> {
    const { checked } = await this.#experiments.read(uri);
    if (!checked.ok) throw new Refused(checked.errors);
    return formatResolved(checked.value.plan, checked.value.origins);
  }

  async #completed(runs: readonly ModelRun[]): Promise<readonly (ModelRun | undefined)[]> {
    if (runs.length >= 2) return runs.slice(0, 2);
    const first = runs[0] ?? await pickRun(this.#model.runs(), 'The first of two runs to compare');
    const others = this.#model.runs().filter((run) => run !== first);
    if (first && others.length === 0) void vscode.window.showInformationMessage('There is only one run: nothing to compare it with yet.');
    return [first, first && await pickRun(others, `The run to compare with ${plain(first.manifest.title)}`)];
  }
}

async function planText({ folder }: ModelRun): Promise<string> {
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.file(folder.resolvedPlan)));
  } catch {
    return '# This run ended before its plan was resolved.\n';
  }
}

/** `flowers, 14:02`. */
const nameOf = ({ manifest }: ModelRun): string => plain(`${manifest.title}, ${timeText(manifest.createdAt)}`);

/** The path gives its tab a name, and YAML's colours. */
const runUri = ({ manifest }: ModelRun): vscode.Uri => vscode.Uri.from({ scheme, path: `/${manifest.id}.yaml`, query: `run=${manifest.id}` });

const fileUri = (experiment: vscode.Uri): vscode.Uri =>
  vscode.Uri.from({ scheme, path: `/${basename(experiment.fsPath, experimentSuffix)} now.yaml`, query: new URLSearchParams({ file: experiment.toString() }).toString() });

const showDiff = (left: vscode.Uri, right: vscode.Uri, title: string): Thenable<unknown> => vscode.commands.executeCommand('vscode.diff', left, right, title);
