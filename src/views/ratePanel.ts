import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { experimentSuffix, ratesType } from '../contributions.ts';
import type { RateTest } from '../protocol/answers.ts';
import type { FromRates, ToRates } from '../protocol/pageMessages.ts';
import { parseFromRates } from '../protocol/guards.ts';
import { changeExperiment } from './changeExperiment.ts';
import type { Experiments, Reading } from './experiments.ts';
import type { Homes } from './homes.ts';
import { type Log, showProblem } from './log.ts';
import { pageHtml } from './pageHtml.ts';

/** What the panels read and change. */
interface Sources {
  readonly extension: vscode.Uri;
  readonly experiments: Experiments;
  readonly homes: Homes;
  readonly log: Log;
}

/** The open learning-rate tests: one panel per stage of an experiment, made again by VS Code after a reload from the test that was kept. */
export class RatePanels extends Owner implements vscode.WebviewPanelSerializer {
  readonly #sources: Sources;
  readonly #open = new Map<string, RatePanel>();

  constructor(sources: Sources) {
    super();
    this.#sources = sources;
    this.own(vscode.window.registerWebviewPanelSerializer(ratesType, this));
  }

  async show(test: RateTest): Promise<void> {
    const open = this.#open.get(keyOf(test));
    if (open) return open.show(test);
    await this.#adopt(vscode.window.createWebviewPanel(ratesType, 'Learning Rate', { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }, {}), test);
  }

  /** `state` is what the page kept. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const { file, stage } = (state ?? {}) as { readonly file?: unknown; readonly stage?: unknown };
    const test = typeof file === 'string' && typeof stage === 'number' ? this.#sources.homes.hostOf(vscode.Uri.file(file)).rateTest(file, stage) : undefined;
    if (test) await this.#adopt(panel, test).catch(() => { panel.dispose(); }); // the file is gone: nowhere to write to
    else panel.dispose();
  }

  async #adopt(panel: vscode.WebviewPanel, test: RateTest): Promise<void> {
    const reading = await this.#sources.experiments.read(vscode.Uri.file(test.experimentFile)), key = keyOf(test);
    const rates = this.own(new RatePanel(panel, test, reading, this.#sources));
    this.#open.set(key, rates);
    panel.onDidDispose(() => {
      this.#open.delete(key);
      rates.dispose();
    });
  }
}

const keyOf = ({ experimentFile, stage }: RateTest): string => `${experimentFile}#${stage.index}`;

/** One panel: the curve of the test, its suggestions, and what the file says now. */
class RatePanel extends Owner {
  readonly #panel: vscode.WebviewPanel;
  readonly #uri: vscode.Uri;
  readonly #sources: Sources;
  #test: RateTest;
  #reading: Reading;

  constructor(panel: vscode.WebviewPanel, test: RateTest, reading: Reading, sources: Sources) {
    super();
    this.#panel = this.own(panel);
    this.#uri = reading.uri;
    this.#sources = sources;
    this.#test = test;
    this.#reading = reading;
    this.own(sources.experiments.onDidRead((next) => { if (next.uri.toString() === this.#uri.toString()) this.#read(next); }));
    this.own(panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)));
    panel.iconPath = vscode.Uri.joinPath(sources.extension, 'media', 'icons', 'logo.svg');
    panel.title = `Learning Rate: ${basename(this.#uri.fsPath, experimentSuffix)}`;
    panel.webview.options = { enableScripts: true, localResourceRoots: [this.#asset()] };
    panel.webview.html = this.#html();
  }

  async show(test: RateTest): Promise<void> {
    this.#test = test;
    this.#panel.reveal(undefined, true);
    await this.#post();
  }

  #read(reading: Reading): void {
    this.#reading = reading;
    void this.#post();
  }

  async #post(): Promise<void> {
    const { checked } = this.#reading, rate = checked.ok ? checked.value.plan.stages[this.#test.stage.index]?.rate : undefined;
    const message: ToRates = { type: 'rates', test: this.#test, ...(rate !== undefined && { rate }) };
    await this.#panel.webview.postMessage(message);
  }

  #receive(message: unknown): void {
    const parsed = parseFromRates(message);
    if (!parsed.ok) return this.#sources.log.warn(`the page of a learning-rate test sent what it should not: ${parsed.note}`);
    this.#act(parsed.value).catch((error: unknown) => showProblem(this.#sources.log, 'The rate could not be written', error));
  }

  async #act(message: FromRates): Promise<unknown> {
    switch (message.type) {
      case 'ready': return this.#post();
      case 'use-rate': return this.#use(message.rate);
      case 'test-again': return vscode.commands.executeCommand('thaw.findRate', this.#uri, this.#test.stage.index);
      case 'open-experiment': return vscode.window.showTextDocument(this.#uri, { viewColumn: vscode.ViewColumn.One });
      case 'page-error': return this.#sources.log.error(`learning rate: ${message.message}`);
    }
  }

  async #use(rate: number): Promise<void> {
    const [{ formatValue }, { fieldAt }] = await Promise.all([import('../experiment/format.ts'), import('../experiment/schema.ts')]), path = `stages.${this.#test.stage.index}.rate`;
    await changeExperiment(this.#uri, [{ path, value: formatValue(fieldAt(path)!, rate) }]);
  }

  #html(): string {
    const { webview, title } = this.#panel, address = (name: string): string => webview.asWebviewUri(this.#asset(name)).toString();
    return pageHtml({ cspSource: webview.cspSource, script: address('rates.js'), style: address('rates.css'), nonce: randomUUID().replaceAll('-', ''), title, label: 'Learning-rate test' });
  }

  #asset(...names: string[]): vscode.Uri {
    return vscode.Uri.joinPath(this.#sources.extension, 'dist', 'media', ...names);
  }
}
