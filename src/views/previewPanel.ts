import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { freezeTree } from '../backbones/freezeTree.ts';
import { networkOf } from '../backbones/networkOf.ts';
import { Owner } from '../base/owner.ts';
import type { Commands } from '../contributions.ts';
import { experimentSuffix, previewType } from '../contributions.ts';
import type { Resolved } from '../experiment/resolve.ts';
import { diagnosticText } from '../protocol/diagnostic.ts';
import { parseFromPreview } from '../protocol/guards.ts';
import type { FromPreview, ToPreview } from '../protocol/previewMessages.ts';
import type { ActiveExperimentModel } from './activeExperiment.ts';
import type { CostModel } from './costModel.ts';
import { editExperiment } from './editExperiment.ts';
import { type Experiments, isExperiment, type Reading } from './experiments.ts';
import { type Log, showProblem } from './log.ts';
import { pageHtml } from './pageHtml.ts';

/** What a preview reads and changes. */
interface Sources {
  readonly extension: vscode.Uri;
  readonly experiments: Experiments;
  readonly experiment: ActiveExperimentModel;
  readonly costs: CostModel;
  readonly log: Log;
}

/** The open previews of plans: one panel per experiment file, made again by VS Code after a reload. */
export class Previews extends Owner implements vscode.WebviewPanelSerializer {
  readonly #sources: Sources;
  readonly #open = new Map<string, Preview>();

  constructor(sources: Sources) {
    super();
    this.#sources = sources;
    this.own(vscode.window.registerWebviewPanelSerializer(previewType, this));
  }

  /** *Preview Plan*: beside the editor; one that is open comes forward. */
  show: Commands['thaw.predictCost'] = async (experiment) => {
    const document = vscode.window.activeTextEditor?.document;
    const uri = experiment ?? (document && isExperiment(document) ? document.uri : this.#sources.experiment.active?.uri);
    if (!uri) return this.#sources.experiment.choose();
    const open = this.#open.get(uri.toString());
    if (open) return open.reveal();
    await this.#adopt(vscode.window.createWebviewPanel(previewType, 'Plan', { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }, {}), uri);
  };

  /** `state` is what the page kept. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const file = typeof state === 'object' && state !== null && 'file' in state ? String(state.file) : undefined;
    if (file === undefined) return void panel.dispose();
    await this.#adopt(panel, vscode.Uri.parse(file)).catch(() => void panel.dispose()); // the file is gone: nothing to show
  }

  async #adopt(panel: vscode.WebviewPanel, uri: vscode.Uri): Promise<void> {
    const reading = await this.#sources.experiments.read(uri);
    const preview = this.own(new Preview(panel, reading, this.#sources)), key = uri.toString();
    this.#open.set(key, preview);
    panel.onDidDispose(() => {
      this.#open.delete(key);
      preview.dispose();
    });
  }
}

/** One panel. The file is the truth: a chosen cut only edits it, and the page is drawn from what the file then says. */
class Preview extends Owner {
  readonly #panel: vscode.WebviewPanel;
  readonly #uri: vscode.Uri;
  readonly #sources: Sources;
  /** The last plan that could be read. */
  #resolved: Resolved | undefined;
  #broken: string | undefined;
  #stage: number | undefined;

  constructor(panel: vscode.WebviewPanel, reading: Reading, sources: Sources) {
    super();
    this.#panel = this.own(panel);
    this.#uri = reading.uri;
    this.#sources = sources;
    this.own(sources.experiments.onDidRead((next) => { if (next.uri.toString() === this.#uri.toString()) this.#read(next); }));
    this.own(sources.costs.onDidChange(() => void this.#post()));
    this.own(sources.experiment.onDidChange(() => this.#followStage()));
    this.own(panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)));
    panel.iconPath = vscode.Uri.joinPath(sources.extension, 'media', 'icons', 'logo.svg');
    panel.title = `Plan: ${basename(this.#uri.fsPath, experimentSuffix)}`;
    panel.webview.options = { enableScripts: true, localResourceRoots: [this.#asset()] };
    this.#read(reading);
    this.#followStage();
    panel.webview.html = this.#html();
  }

  reveal(): void {
    this.#panel.reveal(undefined, true);
  }

  #read({ checked }: Reading): void {
    if (checked.ok) this.#resolved = checked.value;
    this.#broken = checked.ok ? undefined : checked.errors.map(diagnosticText)[0];
    void this.#post();
  }

  /** The Layers view and the page show one stage, as long as they show one file. */
  #followStage(): void {
    const { active } = this.#sources.experiment;
    if (active?.uri.toString() !== this.#uri.toString() || active.stage === this.#stage) return;
    this.#stage = active.stage;
    void this.#post();
  }

  async #post(): Promise<void> {
    if (!this.#panel.visible) return; // a hidden page is gone; it asks again when it is shown
    const { previewOf } = await import('../experiment/preview.ts');
    const resolved = this.#resolved, basis = resolved && this.#sources.costs.basisOf(this.#uri, resolved.plan), unpredicted = resolved && this.#sources.costs.whyUnknown(resolved.plan);
    const message: ToPreview = {
      type: 'preview', file: this.#uri.toString(), stage: this.#chosenStage(),
      ...(resolved && { preview: previewOf(resolved, basename(this.#uri.fsPath, experimentSuffix), basis) }),
      ...(this.#broken !== undefined && { broken: this.#broken }),
      ...(unpredicted !== undefined && { unpredicted }),
    };
    await this.#panel.webview.postMessage(message);
  }

  /** The last one at first: the one that thaws. */
  #chosenStage(): number {
    const last = (this.#resolved?.plan.stages.length ?? 1) - 1;
    return Math.min(this.#stage ?? last, last);
  }

  #receive(message: unknown): void {
    const parsed = parseFromPreview(message);
    if (!parsed.ok) return this.#sources.log.warn(`the preview sent what it should not: ${parsed.note}`);
    this.#act(parsed.value).catch((error: unknown) => showProblem(this.#sources.log, 'The plan could not be changed', error));
  }

  async #act(message: FromPreview): Promise<unknown> {
    switch (message.type) {
      case 'ready': return this.#post();
      case 'cut': return this.#cut(message.stage, message.path);
      case 'choose-stage': return this.#choose(message.stage);
      case 'run': return vscode.commands.executeCommand('thaw.startRun', this.#uri);
      case 'open-file': return vscode.window.showTextDocument(this.#uri, { viewColumn: vscode.ViewColumn.One });
      case 'page-error': return this.#sources.log.error(`preview: ${message.message}`);
    }
  }

  async #cut(stage: number, path: string): Promise<void> {
    const backbone = this.#resolved?.backbone;
    if (!backbone) return;
    const [{ setTraining }, { cutAt }] = await Promise.all([import('../experiment/edit.ts'), import('../experiment/layerActions.ts')]), network = networkOf(backbone);
    await editExperiment(this.#uri, (text) => setTraining(text, cutAt(freezeTree(network), path), { network, stage, file: this.#uri.fsPath }));
  }

  async #choose(stage: number): Promise<void> {
    this.#stage = stage;
    const { experiment } = this.#sources;
    if (experiment.active?.uri.toString() === this.#uri.toString()) experiment.showStage(stage);
    await this.#post();
  }

  #html(): string {
    const { webview, title } = this.#panel, address = (name: string): string => webview.asWebviewUri(this.#asset(name)).toString();
    return pageHtml({ cspSource: webview.cspSource, script: address('preview.js'), style: address('preview.css'), nonce: randomUUID().replaceAll('-', ''), title, label: 'Preview of the plan' });
  }

  #asset(...names: string[]): vscode.Uri {
    return vscode.Uri.joinPath(this.#sources.extension, 'dist', 'media', ...names);
  }
}
