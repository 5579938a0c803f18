import { randomUUID } from 'node:crypto';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { dashboardType } from '../contributions.ts';
import type { FromPage, PageHint, PageResults } from '../protocol/pageMessages.ts';
import { pageProtocol } from '../protocol/pageMessages.ts';
import { parseFromPage } from '../protocol/guards.ts';
import type { RunId } from '../protocol/runManifest.ts';
import { changeExperiment, writeProbeFirst } from './changeExperiment.ts';
import { showProblem, type Log } from './log.ts';
import { pageHtml } from './pageHtml.ts';
import { PageFeed } from './pageFeed.ts';
import type { Remedy, Verdict } from '../protocol/verdict.ts';
import type { ModelRun, RunModel } from './runModel.ts';
import { readResults } from './runResults.ts';
import { SweepReader } from './sweepReader.ts';

/** The open dashboards: one panel per run, made again by VS Code after a reload. */
export class Dashboards extends Owner implements vscode.WebviewPanelSerializer {
  readonly #extension: vscode.Uri;
  readonly #model: RunModel;
  readonly #log: Log;
  readonly #open = new Map<RunId, Dashboard>();

  constructor(extension: vscode.Uri, model: RunModel, log: Log) {
    super();
    this.#extension = extension;
    this.#model = model;
    this.#log = log;
    this.own(vscode.window.registerWebviewPanelSerializer(dashboardType, this));
  }

  /** Shows the dashboard of a run beside the editor, or brings the open one forward. */
  show(runId: RunId): void {
    const open = this.#open.get(runId);
    if (open) open.reveal();
    else this.#adopt(vscode.window.createWebviewPanel(dashboardType, 'Thaw', { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }, {}), runId);
  }

  /** VS Code brings back a panel that was open before a reload; `state` is what the page kept. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    await this.#model.ready();
    const runId = typeof state === 'object' && state !== null && 'runId' in state ? String(state.runId) as RunId : undefined;
    if (runId && this.#model.runOf(runId)) this.#adopt(panel, runId);
    else panel.dispose(); // the run is gone: nothing to show
  }

  #adopt(panel: vscode.WebviewPanel, runId: RunId): void {
    const dashboard = this.own(new Dashboard(panel, runId, this.#extension, this.#model, this.#log));
    this.#open.set(runId, dashboard);
    panel.onDidDispose(() => {
      this.#open.delete(runId);
      dashboard.dispose();
    });
  }
}

/** One panel: carries messages between the page and the model, and lets the page do only what it is for. */
class Dashboard extends Owner {
  readonly #panel: vscode.WebviewPanel;
  readonly #runId: RunId;
  readonly #extension: vscode.Uri;
  readonly #model: RunModel;
  readonly #log: Log;
  readonly #feed: PageFeed;
  #dataFolder = '';
  /** Where the page may load photos from. */
  #folders = '';
  #results: PageResults | undefined;
  /** The verdict that they were read with: another one may rest on another control. */
  #resultsFor: Verdict | undefined;
  #hints: readonly PageHint[] | undefined;
  /** The warnings that they were taken from. */
  #hintsFor: ModelRun['state']['warnings'] | undefined;

  constructor(panel: vscode.WebviewPanel, runId: RunId, extension: vscode.Uri, model: RunModel, log: Log) {
    super();
    this.#panel = this.own(panel);
    this.#runId = runId;
    this.#extension = extension;
    this.#model = model;
    this.#log = log;
    const sweeps = new SweepReader(model, true);
    this.#feed = this.own(new PageFeed(runId, {
      runOf: (id) => model.runOf(id),
      controlsOf: (id) => model.controlsOf(id),
      resultsOf: () => this.#readResults(),
      sweepOf: (id) => sweeps.rowsOf(model.runOf(id)?.manifest.sweep?.id),
      hintsOf: () => this.#readHints(),
    }, (message) => void panel.webview.postMessage(message)));
    void model.read(runId);
    this.own(model.onDidChangeRun((id) => this.#changed(id)));
    this.own(panel.onDidChangeViewState(() => { if (!panel.visible) this.#feed.pause(); }));
    this.own(panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)));
    panel.iconPath = vscode.Uri.joinPath(extension, 'media', 'icons', 'logo.svg');
    this.#setRoots();
    this.#setTitle();
    panel.webview.html = this.#html();
  }

  reveal(): void {
    this.#panel.reveal(undefined, true);
  }

  #changed(id: RunId): void {
    if (id === this.#runId) {
      if (!this.#model.runOf(id)) return void this.#panel.dispose();
      this.#setRoots();
      this.#setTitle();
    }
    this.#feed.changed(id);
  }

  /**
   * The page may load our own files and the photos of this run, which the trainer names once it has read the plan. A manifest's
   * photos may lie anywhere: of them the folders of those that are shown. Other roots than before load the page anew.
   */
  #setRoots(): void {
    const dataFolder = this.#model.runOf(this.#runId)?.manifest.dataFolder ?? '', folders = [...dataFolder ? [dataFolder] : [], ...foldersOutside(dataFolder, shownIn(this.#results))];
    if (this.#panel.webview.options.localResourceRoots && folders.join('\n') === this.#folders) return;
    this.#dataFolder = dataFolder;
    this.#folders = folders.join('\n');
    this.#panel.webview.options = { enableScripts: true, localResourceRoots: [this.#asset(), ...folders.map((folder) => vscode.Uri.file(folder))] };
  }

  #setTitle(): void {
    const manifest = this.#model.runOf(this.#runId)?.manifest;
    this.#panel.title = manifest ? `Run: ${manifest.title}` : 'Run';
  }

  #html(): string {
    const { webview, title } = this.#panel;
    const address = (name: string): string => webview.asWebviewUri(this.#asset(name)).toString();
    const nonce = randomUUID().replaceAll('-', '');
    return pageHtml({ cspSource: webview.cspSource, script: address('dashboard.js'), style: address('dashboard.css'), nonce, title, label: 'Run dashboard' });
  }

  #asset(...names: string[]): vscode.Uri {
    return vscode.Uri.joinPath(this.#extension, 'dist', 'media', ...names);
  }

  /** The photos whose labels were doubted: what a list of warnings can only name. */
  #readHints(): readonly PageHint[] | undefined {
    const warnings = this.#model.runOf(this.#runId)?.state.warnings ?? [];
    if (warnings === this.#hintsFor) return this.#hints;
    this.#hintsFor = warnings;
    const doubted = warnings.filter(({ code }) => code === 'suspicious-label');
    if (doubted.length !== (this.#hints?.length ?? 0)) {
      this.#hints = doubted.flatMap(({ message, fix = '', where }) => where ? [{ path: where.file, thumbnail: this.#thumbnailOf(where.file), words: `${message}; ${fix}` }] : []);
    }
    return this.#hints;
  }

  readonly #thumbnailOf = (path: string): string => this.#panel.webview.asWebviewUri(this.#photo(path)).toString();

  /** path: relative to the data folder. */
  #photo(path: string): vscode.Uri {
    return vscode.Uri.file(resolve(this.#model.runOf(this.#runId)?.manifest.dataFolder ?? this.#dataFolder, path));
  }

  #readResults(): PageResults | undefined {
    const run = this.#model.runOf(this.#runId);
    if (!run?.state.tested || !run.state.data || this.#results && this.#resultsFor === run.state.verdict) return this.#results;
    const read = readResults(run.folder, { ...run.state, data: run.state.data }, this.#thumbnailOf);
    this.#resultsFor = run.state.verdict;
    if (read.ok) {
      this.#results = read.value;
      this.#setRoots();
    } else for (const { message } of read.errors) this.#log.error(message);
    return this.#results;
  }

  #receive(message: unknown): void {
    const parsed = parseFromPage(message);
    if (parsed.ok) void this.#act(parsed.value);
    else this.#log.warn(`the dashboard sent what it should not: ${parsed.note}`);
  }

  async #act(message: FromPage): Promise<unknown> {
    const target = { runId: this.#runId }, run = this.#model.runOf(this.#runId);
    switch (message.type) {
      case 'ready': return this.#ready(message.protocol);
      case 'stop': return execute('thaw.stopRun', target);
      case 'run-again': return run && execute('thaw.startRun', vscode.Uri.file(run.manifest.experimentFile));
      case 'resume': return execute('thaw.resumeRun', target);
      case 'add-control': return execute('thaw.addControl', target);
      case 'confirm': return execute('thaw.confirmRun', target);
      case 'remedy': return run && this.#remedy(run, run.state.verdict?.advice?.[message.advice]?.remedies[message.remedy]);
      case 'open-experiment': return execute('thaw.openExperiment', target);
      case 'reveal-folder': return execute('thaw.revealRun', target);
      case 'open-plan': return run && execute('vscode.open', vscode.Uri.file(run.folder.resolvedPlan), { viewColumn: vscode.ViewColumn.One });
      case 'open-run': return execute('thaw.openDashboard', { runId: message.runId });
      case 'open-file': return this.#isShown(message.path) && execute('vscode.open', this.#photo(message.path), { viewColumn: vscode.ViewColumn.One });
      case 'explain': return this.#isShown(message.path) && execute('thaw.explain', target, [this.#photo(message.path)]);
      case 'page-error': return this.#log.error(`dashboard: ${message.message}`);
    }
  }

  async #remedy(run: ModelRun, remedy: Remedy | undefined): Promise<void> {
    const target = { runId: this.#runId };
    switch (remedy?.type) {
      case 'edit': return changeExperiment(vscode.Uri.file(run.manifest.experimentFile), remedy.edits).catch((error: unknown) => void showProblem(this.#log, remedy.title, error));
      case 'control': return execute('thaw.addControl', target, remedy.control);
      case 'confirm': return execute('thaw.confirmRun', target);
      case 'probe-first': return writeProbeFirst(vscode.Uri.file(run.manifest.experimentFile)).catch((error: unknown) => void showProblem(this.#log, remedy.title, error));
      case 'rank': return execute('thaw.rankBackbones', vscode.Uri.file(run.manifest.dataFolder));
      case undefined: return this.#log.warn('the dashboard asked for advice that it was not given');
    }
  }

  #ready(protocol: number): void {
    if (protocol !== pageProtocol) this.#log.warn(`the dashboard speaks protocol ${protocol}, the extension ${pageProtocol}`);
    this.#feed.ready();
  }

  /** Only photos that this page was shown: a page gone wrong must not open any file by name. */
  #isShown(path: string): boolean {
    const isShown = shownIn(this.#results).includes(path) || (this.#hints ?? []).some((hint) => hint.path === path);
    if (!isShown) this.#log.warn(`the dashboard asked for a file that it was not shown: ${JSON.stringify(path)}`);
    return isShown;
  }
}

/** Paths of the photos that a page shows. */
const shownIn = ({ mistakes = [], differing }: Partial<PageResults> = {}): readonly string[] =>
  [...mistakes, ...differing?.fixed ?? [], ...differing?.broken ?? []].map(({ path }) => path);

/** Of photos by their paths from `folder`: the folders of those that do not lie in it. */
function foldersOutside(folder: string, paths: readonly string[]): readonly string[] {
  const all = new Set(paths.map((path) => dirname(resolve(folder, path))));
  return [...all].filter((each) => relative(folder, each).startsWith('..') || isAbsolute(relative(folder, each))).sort();
}

const execute = async (command: string, ...args: readonly unknown[]): Promise<void> => {
  await vscode.commands.executeCommand(command, ...args);
};
