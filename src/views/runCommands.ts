import * as vscode from 'vscode';
import type { Commands, RunTarget } from '../contributions.ts';
import { experimentSuffix } from '../contributions.ts';
import type { ActiveExperimentModel } from './activeExperiment.ts';
import type { Dashboards } from './dashboardPanel.ts';
import type { Member } from '../experiment/sweep.ts';
import { type Experiments, isExperiment } from './experiments.ts';
import { plain } from './plainText.ts';
import { isLive, lookOf, scoreText } from './runLook.ts';
import type { ModelRun, RunModel } from './runModel.ts';
import { controlKinds, type ControlKind } from '../protocol/verdict.ts';
import { controlOptions } from '../experiment/schema.ts';
import { controlTitle } from '../protocol/wording.ts';
import type { RunId } from '../protocol/runManifest.ts';
import type { RunRow } from './runsTree.ts';
import { whyNotResumable } from '../protocol/resumable.ts';
import { trusted } from './trust.ts';

type ControlRow = RunRow & { readonly kind: 'control' };

/** What can be done with runs: each takes its run from a tree row, or asks. */
export class RunCommands {
  readonly #model: RunModel;
  readonly #dashboards: Dashboards;
  readonly #experiment: ActiveExperimentModel;
  readonly #experiments: Experiments;

  constructor(model: RunModel, dashboards: Dashboards, experiment: ActiveExperimentModel, experiments: Experiments) {
    this.#model = model;
    this.#dashboards = dashboards;
    this.#experiment = experiment;
    this.#experiments = experiments;
  }

  /** Runs an experiment file as it stands in the editor: unsaved changes are saved first, so that file and run agree. */
  startRun: Commands['thaw.startRun'] = async (experiment) => {
    const uri = experiment ?? await this.#experimentMeant();
    if (!uri || !await trusted('Training')) return undefined;
    await vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString())?.save();
    const id = await this.#model.start(uri, await this.#membersOf(uri));
    this.#dashboards.show(id);
    return id;
  };

  stopRun: Commands['thaw.stopRun'] = async (target) => {
    const run = await this.#runMeant(target, 'The run to stop', ({ state }) => isLive(state.status), this.#model.live());
    if (!run) return;
    const title = `Stopping ${plain(run.manifest.title)}: finishing the step and keeping a checkpoint`;
    await vscode.window.withProgress({ location: { viewId: 'thaw.runs' }, title }, () => this.#model.stop(run.manifest.id));
  };

  openDashboard: Commands['thaw.openDashboard'] = async (target) => {
    const run = await this.#runMeant(target, 'The run to show');
    if (run) this.#dashboards.show(run.manifest.id);
  };

  openExperiment: Commands['thaw.openExperiment'] = async (target) => {
    const run = await this.#runMeant(target, 'The run whose experiment file to open');
    if (run) await vscode.window.showTextDocument(vscode.Uri.file(run.manifest.experimentFile), { viewColumn: vscode.ViewColumn.One });
  };

  revealRun: Commands['thaw.revealRun'] = async (target) => {
    const run = await this.#runMeant(target, 'The run whose folder to reveal');
    if (!run) return;
    const folder = vscode.Uri.file(run.folder.path);
    // Runs of a folder that could not be written lie outside the workspace, where the Explorer does not reach.
    await vscode.commands.executeCommand(vscode.workspace.getWorkspaceFolder(folder) ? 'revealInExplorer' : 'revealFileInOS', folder);
  };

  copyRunId: Commands['thaw.copyRunId'] = async (target) => {
    const run = await this.#runMeant(target, 'The run whose id to copy');
    if (run) await vscode.env.clipboard.writeText(run.manifest.id);
  };

  deleteRun: Commands['thaw.deleteRun'] = async (target) => {
    const run = await this.#runMeant(target, 'The run to delete', ({ state }) => !isLive(state.status));
    if (!run) return;
    const controls = this.#model.controlsOf(run.manifest.id).length;
    const detail = `Its folder${controls > 0 ? ` and those of its ${controls} control runs are` : ' is'} removed from the disk, with the trained weights. This cannot be undone.`;
    const yes = 'Delete';
    if (await vscode.window.showWarningMessage(`Delete the run ${plain(run.manifest.title)} (${run.manifest.id})?`, { modal: true, detail }, yes) !== yes) return;
    this.#model.delete(run.manifest.id);
  };

  addControl: Commands['thaw.addControl'] = async (target, wanted) => {
    const run = await this.#runMeant(target, 'The run to add a control to', isComparable);
    if (!run || !await trusted('Training')) return undefined;
    await this.#model.read(run.manifest.id); // of several rows, a list of them comes second
    const control = typeof wanted === 'string' ? wanted : await pickControl(this.#model.runOf(run.manifest.id) ?? run);
    return control && this.#model.addControl(run.manifest.id, control);
  };

  /** A run, or the control of a row, goes on from where it was interrupted. */
  resumeRun: Commands['thaw.resumeRun'] = async (target) => {
    const { runId, control } = target as Partial<ControlRow> | undefined ?? {};
    if (runId && control) return await trusted('Training') ? this.#model.addControl(runId, control.control) : undefined;
    const run = await this.#runMeant(target, 'The run to go on with', ({ manifest, state }) => !whyNotResumable({ ...manifest, status: state.status }));
    if (!run || !await trusted('Training')) return undefined;
    const id = await this.#model.resume(run.manifest.id);
    this.#dashboards.show(id);
    return id;
  };

  confirmRun: Commands['thaw.confirmRun'] = async (target) => {
    const run = await this.#runMeant(target, 'The run to confirm', isComparable);
    if (!run || !await trusted('Training')) return [];
    const started = await this.#model.confirm(run.manifest.id);
    if (started.length === 0) void vscode.window.showInformationMessage(`Three seeds of ${plain(run.manifest.title)} are there already: its verdict counts them all.`);
    return started;
  };

  /** The runs that the file makes; none when it is one, or is wrong: then that run says so. */
  async #membersOf(experiment: vscode.Uri): Promise<readonly Member[]> {
    const { checked } = await this.#experiments.read(experiment);
    if (!checked.ok) return [];
    const { sweepOf } = await import('../experiment/sweep.ts');
    return sweepOf(checked.value.plan);
  }

  async #experimentMeant(): Promise<vscode.Uri | undefined> {
    const document = vscode.window.activeTextEditor?.document;
    if (document && isExperiment(document)) return document.uri;
    if (!this.#experiment.active) await this.#experiment.choose();
    const { uri } = this.#experiment.active ?? {};
    if (!uri) void vscode.window.showInformationMessage(`There is no experiment to run: open a file that ends in ${experimentSuffix}, or choose Fine-Tune This Folder on a folder of photos.`);
    return uri;
  }

  /** The run of a tree row, the only one there is, or the one that the person picks. */
  async #runMeant(target: RunTarget | undefined, placeHolder: string, fits: (run: ModelRun) => boolean = () => true, runs?: readonly ModelRun[]): Promise<ModelRun | undefined> {
    await this.#model.ready();
    if (target) return this.#model.runOf((target as Partial<ControlRow>).control?.runId as RunId | undefined ?? target.runId);
    return pickRun((runs ?? this.#model.runs()).filter(fits), placeHolder);
  }
}

/** Ended and tested: what a control can be compared with. */
const isComparable = ({ manifest: { test, status } }: ModelRun): boolean => test !== undefined && !isLive(status);

/** Asks which control to add; those that the run has are marked, and would be made anew. */
async function pickControl({ state }: ModelRun): Promise<ControlKind | undefined> {
  const items = controlKinds.map((control) => ({ label: controlTitle(control), description: state.controls.some((each) => each.control === control && each.accuracy) ? 'there already' : '', detail: controlOptions[control], control }));
  items.sort((a, b) => a.description.length - b.description.length);
  return (await vscode.window.showQuickPick(items, { placeHolder: 'What to compare the run with, on the same test photos' }))?.control;
}

/** Asks which run is meant; the only one needs no asking. */
export async function pickRun(runs: readonly ModelRun[], placeHolder: string): Promise<ModelRun | undefined> {
  if (runs.length < 2) return runs[0];
  const items = runs.map((run) => ({ label: plain(run.manifest.title), description: factsOf(run), detail: run.manifest.id, run }));
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDetail: true }))?.run;
}

const factsOf = ({ manifest }: ModelRun): string => [scoreText(manifest), lookOf(manifest).words].filter((part) => part !== undefined).join(' · ');

