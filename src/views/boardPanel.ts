import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { isFolder } from '../backbones/backboneName.ts';
import type { Backbones } from '../backbones/backbones.ts';
import { Owner } from '../base/owner.ts';
import { boardType } from '../contributions.ts';
import type { Commands } from '../contributions.ts';
import type { Board } from '../protocol/board.ts';
import type { BoardState, FromBoard, ToBoard } from '../protocol/boardPage.ts';
import { Refused, type Diagnostic } from '../protocol/diagnostic.ts';
import { parseBoard, parseFromBoard, parseRankProgress } from '../protocol/guards.ts';
import type { ActiveExperimentModel } from './activeExperiment.ts';
import { pageHtml } from './pageHtml.ts';
import { editExperiment } from './editExperiment.ts';
import { askFolder } from './fineTune.ts';
import type { Homes } from './homes.ts';
import { showProblem, type Log } from './log.ts';
import { plain } from './plainText.ts';
import { trusted } from './trust.ts';

/** Dozens of large backbones, on one core. */
const rankTimeoutMs = 3_600_000;

/** *Rank Backbones for This Folder*: one page per folder, made again by VS Code after a reload; tells when a board has come. */
export class Boards extends Owner implements vscode.WebviewPanelSerializer {
  readonly #onDidChange = this.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.#onDidChange.event;
  readonly #extension: vscode.Uri;
  readonly #homes: Homes;
  readonly #experiment: ActiveExperimentModel;
  readonly #backbones: Backbones;
  readonly #log: Log;
  readonly #open = new Map<string, BoardPanel>();

  constructor(extension: vscode.Uri, homes: Homes, experiment: ActiveExperimentModel, backbones: Backbones, log: Log) {
    super();
    this.#extension = extension;
    this.#homes = homes;
    this.#experiment = experiment;
    this.#backbones = backbones;
    this.#log = log;
    this.own(vscode.window.registerWebviewPanelSerializer(boardType, this));
  }

  run: Commands['thaw.rankBackbones'] = async (chosen) => {
    if (!await trusted('Ranking backbones')) return;
    const data = this.#experiment.active?.plan?.data, active = data?.manifest ?? data?.folder, folder = chosen?.fsPath ?? active ?? (await askFolder('Rank'))?.fsPath;
    if (folder === undefined) return;
    const panel = this.#open.get(folder) ?? this.#adopt(vscode.window.createWebviewPanel(boardType, 'Backbones', vscode.ViewColumn.Active, {}), folder);
    panel.reveal();
    await panel.measure();
  };

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    if (typeof state === 'object' && state !== null && 'folder' in state && typeof state.folder === 'string') this.#adopt(panel, state.folder);
    else panel.dispose();
  }

  #adopt(panel: vscode.WebviewPanel, folder: string): BoardPanel {
    const board = this.own(new BoardPanel(panel, folder, { extension: this.#extension, homes: this.#homes, experiment: this.#experiment, backbones: this.#backbones, log: this.#log, changed: () => this.#onDidChange.fire() }));
    this.#open.set(folder, board);
    panel.onDidDispose(() => {
      this.#open.delete(folder);
      board.dispose();
    });
    return board;
  }
}

interface Surroundings {
  readonly extension: vscode.Uri;
  readonly homes: Homes;
  readonly experiment: ActiveExperimentModel;
  readonly backbones: Backbones;
  readonly log: Log;
  readonly changed: () => void;
}

/** One panel: asks the trainer, shows what comes, and lets the page do only what it is for. */
class BoardPanel extends Owner {
  readonly #panel: vscode.WebviewPanel;
  readonly #folder: vscode.Uri;
  readonly #around: Surroundings;
  #board: Board | undefined;
  #progress: BoardState['progress'];
  #problem: BoardState['problem'];
  #measuring: AbortController | undefined;

  constructor(panel: vscode.WebviewPanel, folder: string, around: Surroundings) {
    super();
    this.#panel = this.own(panel);
    this.#folder = vscode.Uri.file(folder);
    this.#around = around;
    this.#board = around.homes.hostOf(this.#folder).boardOf(folder);
    this.own(panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)));
    this.own(panel.onDidChangeViewState(() => this.#post()));
    this.own(around.experiment.onDidChange(() => this.#post()));
    this.own({ dispose: () => this.#measuring?.abort() });
    const media = vscode.Uri.joinPath(around.extension, 'dist', 'media'), address = (name: string): string => panel.webview.asWebviewUri(vscode.Uri.joinPath(media, name)).toString();
    panel.title = `Backbones: ${plain(basename(folder))}`;
    panel.iconPath = vscode.Uri.joinPath(around.extension, 'media', 'icons', 'logo.svg');
    panel.webview.options = { enableScripts: true, localResourceRoots: [media] };
    panel.webview.html = pageHtml({
      cspSource: panel.webview.cspSource, script: address('board.js'), style: address('board.css'), nonce: randomUUID().replaceAll('-', ''), title: panel.title, label: 'Backbones ranked',
    });
  }

  reveal(): void {
    this.#panel.reveal();
  }

  /** What is not known yet, or no longer true. One at a time. */
  async measure(): Promise<void> {
    if (this.#measuring) return;
    const measuring = this.#measuring = new AbortController();
    this.#problem = this.#progress = undefined;
    this.#post();
    try {
      const { homes, experiment, backbones } = this.#around, used = experiment.active?.plan?.backbone;
      const names = used !== undefined && isFolder(used) ? [...backbones.names(), used] : []; // a folder of weights is at hand only by its name
      const answer = await homes.hostOf(this.#folder).rank(this.#folder.fsPath, names, { signal: measuring.signal, timeoutMs: rankTimeoutMs, onProgress: (value) => this.#told(value) });
      if (!answer.ok) throw new Refused(answer.errors);
      const board = parseBoard(answer.value);
      if (!board.ok) throw new Refused([{ code: 'internal-error', severity: 'error', message: `the trainer answered something else: ${board.note}` }]);
      this.#board = board.value;
    } catch (error) {
      if (!measuring.signal.aborted) this.#problem = problemOf(error);
    } finally {
      this.#measuring = this.#progress = undefined;
      this.#post();
      this.#around.changed();
    }
  }

  #told(value: unknown): void {
    const parsed = parseRankProgress(value);
    if (!parsed.ok) return;
    const { board, ...progress } = parsed.value;
    if (board) {
      this.#board = board;
      this.#around.changed();
    }
    this.#progress = progress;
    this.#post();
  }

  #post(): void {
    const active = this.#active();
    const state: BoardState = {
      folder: this.#folder.fsPath, running: this.#measuring !== undefined,
      ...(this.#board && { board: this.#board }), ...(this.#progress && { progress: this.#progress }), ...(this.#problem && { problem: this.#problem }),
      ...(active?.plan && { experiment: { file: basename(active.uri.fsPath), backbone: active.plan.backbone } }),
    };
    const message: ToBoard = { type: 'state', state };
    if (this.#panel.visible) void this.#panel.webview.postMessage(message);
  }

  /** The active experiment, if it is on these photos. */
  #active(): ActiveExperimentModel['active'] {
    const { active } = this.#around.experiment, data = active?.plan?.data;
    return data && (data.manifest ?? data.folder) === this.#folder.fsPath ? active : undefined;
  }

  #receive(message: unknown): void {
    const parsed = parseFromBoard(message);
    if (parsed.ok) void this.#act(parsed.value).catch((error: unknown) => void showProblem(this.#around.log, 'The board', error));
    else this.#around.log.warn(`the board sent what it should not: ${parsed.note}`);
  }

  async #act(message: FromBoard): Promise<void> {
    switch (message.type) {
      case 'ready': return this.#post();
      case 'cancel': return this.#measuring?.abort();
      case 'measure': return this.measure();
      case 'use': return this.#use(message.name);
      case 'page-error': return this.#around.log.error(`board: ${message.message}`);
    }
  }

  /** Only a backbone that stands on the board. An edit of the file, undone like any other. */
  async #use(name: string): Promise<void> {
    if (!this.#board?.rows.some((row) => row.name === name)) return this.#around.log.warn(`the board asked for a backbone that it was not shown: ${JSON.stringify(name)}`);
    const active = this.#active();
    if (!active) return vscode.commands.executeCommand<undefined>('thaw.fineTune', this.#folder, name);
    const [{ setValues }, { yamlText }] = await Promise.all([import('../experiment/setValue.ts'), import('../experiment/format.ts')]);
    await editExperiment(active.uri, (text) => setValues(text, [{ path: 'backbone', value: yamlText(name) }], active.uri.fsPath));
    await vscode.window.showTextDocument(active.uri, { viewColumn: vscode.ViewColumn.Beside, preview: false });
  }
}

function problemOf(error: unknown): Pick<Diagnostic, 'message' | 'fix'> {
  const [first] = error instanceof Refused ? error.diagnostics : [];
  return first ? { message: first.message, ...(first.fix !== undefined && { fix: first.fix }) } : { message: error instanceof Error ? error.message : String(error) };
}
