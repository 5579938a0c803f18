import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Architecture } from '../backbones/card.ts';
import { Owner } from '../base/owner.ts';
import { setContext } from './setContext.ts';
import { experimentSuffix } from '../contributions.ts';
import type { Plan } from '../experiment/plan.ts';
import type { Diagnostic } from '../protocol/diagnostic.ts';
import { type Experiments, isExperiment, type Reading } from './experiments.ts';
import { problemText, type Log } from './log.ts';
import { plain } from './plainText.ts';

/** The experiment that the Layers view shows. */
export interface ActiveExperiment {
  readonly uri: vscode.Uri;
  /** The last plan that could be read; undefined when none could. */
  readonly plan?: Plan;
  /** What that plan is about; undefined: its layers are known once its weights are fetched. */
  readonly backbone?: Architecture | undefined;
  /** The stage whose ticks are shown: an index of `plan.stages`. */
  readonly stage: number;
  /** Errors of the file as it is now; the plan is then an older one. */
  readonly errors: readonly Diagnostic[];
}

const rememberedKey = 'thaw.activeExperiment';
const anyExperiment = `**/*${experimentSuffix}`, excluded = '**/{node_modules,.thaw}/**';

/**
 * Which experiment is meant: the one in the editor; without one, the last that was; else the one of the last session,
 * else the first of the workspace.
 */
export class ActiveExperimentModel extends Owner {
  readonly #onDidChange = this.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.#onDidChange.event;
  readonly #experiments: Experiments;
  readonly #memory: vscode.Memento;
  readonly #log: Log;
  #active: ActiveExperiment | undefined;

  constructor(experiments: Experiments, memory: vscode.Memento, log: Log) {
    super();
    this.#experiments = experiments;
    this.#memory = memory;
    this.#log = log;
    this.own(experiments.onDidRead((reading) => this.#read(reading)));
    this.own(vscode.window.onDidChangeActiveTextEditor((editor) => this.#byItself(this.#follow(editor))));
    const watcher = this.own(vscode.workspace.createFileSystemWatcher(anyExperiment));
    this.own(watcher.onDidChange((uri) => this.#byItself(this.#changedOnDisk(uri))));
    this.own(watcher.onDidCreate(() => this.#byItself(this.start())));
    this.own(watcher.onDidDelete((uri) => this.#byItself(this.#deleted(uri))));
    this.#byItself(this.#follow(vscode.window.activeTextEditor));
  }

  get active(): ActiveExperiment | undefined {
    return this.#active;
  }

  /** Looks for an experiment to show: called once a view wants one, so that nothing is searched before. */
  async start(): Promise<void> {
    if (this.active) return;
    const remembered = this.#memory.get<string>(rememberedKey);
    const candidates = [...(remembered ? [vscode.Uri.parse(remembered)] : []), ...await vscode.workspace.findFiles(anyExperiment, excluded, 1)];
    for (const uri of candidates) {
      if (await this.#isActivated(uri)) return;
    }
  }

  /** True once something is active: this, or what came between. */
  async #isActivated(uri: vscode.Uri): Promise<boolean> {
    if (!this.#active) await this.activate(uri).catch(() => undefined); // gone since then
    return this.#active !== undefined;
  }

  /** Shows this experiment from now on. Rejects when there is no such file. */
  async activate(uri: vscode.Uri): Promise<void> {
    const reading = await this.#experiments.read(uri);
    if (this.#active?.uri.toString() !== uri.toString()) this.#active = { uri, stage: 0, errors: [] };
    this.#read(reading);
    await this.#memory.update(rememberedKey, uri.toString());
  }

  /** Asks which experiment to show. */
  async choose(): Promise<void> {
    const files = await vscode.workspace.findFiles(anyExperiment, excluded);
    const items = files.map((uri) => ({ label: plain(basename(uri.fsPath)), description: plain(vscode.workspace.asRelativePath(uri)), uri }));
    if (items.length === 0) return void vscode.window.showInformationMessage(`There is no experiment yet: right-click a folder of photos and choose Fine-Tune This Folder. It writes a file that ends in ${experimentSuffix}.`);
    const choice = await vscode.window.showQuickPick(items, { placeHolder: 'The experiment that Layers shows' });
    if (choice) await this.activate(choice.uri);
  }

  /** Asks which stage's ticks to show. */
  async chooseStage(): Promise<void> {
    const stages = this.#active?.plan?.stages ?? [];
    const items = stages.map(({ name, train }, index) => ({ label: plain(`${index + 1}. ${name}`), description: plain(`trains ${train.join(', ')}`), index }));
    const choice = await vscode.window.showQuickPick(items, { placeHolder: 'The stage that Layers shows and changes' });
    if (choice) this.showStage(choice.index);
  }

  /** As far as there is such a stage. */
  showStage(stage: number): void {
    if (this.#active?.plan?.stages[stage]) this.#set({ ...this.#active, stage });
  }

  /** Shows the stage after this one, or before it. */
  async moveStage(by: 1 | -1): Promise<void> {
    this.showStage((this.#active?.stage ?? 0) + by);
  }

  /** Files come and go, and one that is gone before it was read is no news to anybody who has not asked for it. */
  #byItself(work: Promise<void>): void {
    work.catch((error: unknown) => this.#log.warn(`Layers: ${problemText(error)}`));
  }

  async #follow(editor: vscode.TextEditor | undefined): Promise<void> {
    if (editor && isExperiment(editor.document)) await this.activate(editor.document.uri);
  }

  #read({ uri, checked }: Reading): void {
    const active = this.#active;
    if (active?.uri.toString() !== uri.toString()) return;
    if (!checked.ok) return this.#set({ ...active, errors: checked.errors });
    const { plan, backbone } = checked.value;
    // A plan seen for the first time shows its last stage: the one that thaws.
    const stage = active.plan ? Math.min(active.stage, plan.stages.length - 1) : plan.stages.length - 1;
    this.#set({ uri, plan, backbone, stage, errors: [] });
  }

  async #changedOnDisk(uri: vscode.Uri): Promise<void> {
    if (this.#active?.uri.toString() === uri.toString()) await this.#experiments.read(uri);
  }

  async #deleted(uri: vscode.Uri): Promise<void> {
    if (this.#active?.uri.toString() !== uri.toString()) return;
    this.#set(undefined);
    await this.start();
  }

  #set(active: ActiveExperiment | undefined): void {
    this.#active = active;
    setContext('thaw.hasExperiment', active !== undefined);
    setContext('thaw.hasStages', (active?.plan?.stages.length ?? 0) > 1);
    this.#onDidChange.fire();
  }
}
