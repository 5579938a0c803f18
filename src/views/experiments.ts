import { dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { experimentSelector } from '../contributions.ts';
import type { BackboneModel } from './backboneModel.ts';
import type { Resolved } from '../experiment/resolve.ts';
import type { Checked } from '../protocol/diagnostic.ts';

/** What an experiment file says now, unsaved edits included. */
export interface Reading {
  readonly uri: vscode.Uri;
  readonly checked: Checked<Resolved>;
}

/** Long enough to not read at every key, short enough to feel at once. */
const settleMs = 150;

export const isExperiment = (document: vscode.TextDocument): boolean => vscode.languages.match(experimentSelector, document) > 0;

/** Reads every experiment file that VS Code holds, and reads it again after each change. The file is the truth. */
export class Experiments extends Owner {
  readonly #onDidRead = this.own(new vscode.EventEmitter<Reading>());
  readonly onDidRead = this.#onDidRead.event;
  readonly #onDidClose = this.own(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidClose = this.#onDidClose.event;
  readonly #backbones: BackboneModel;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #readings = new Map<string, { readonly version: number; readonly reading: Reading }>();

  constructor(backbones: BackboneModel) {
    super();
    this.#backbones = backbones;
    this.own(backbones.onDidChange(() => this.#readAgain()));
    this.own(vscode.workspace.onDidOpenTextDocument((document) => this.#soon(document, 0)));
    this.own(vscode.workspace.onDidChangeTextDocument(({ document }) => this.#soon(document, settleMs)));
    this.own(vscode.workspace.onDidCloseTextDocument((document) => this.#closed(document)));
    this.own({ dispose: () => this.#timers.forEach((timer) => clearTimeout(timer)) });
    for (const document of vscode.workspace.textDocuments) this.#soon(document, 0);
  }

  /** The reading of a file as it is now, opened when it is not. Rejects when there is no such file. */
  async read(uri: vscode.Uri): Promise<Reading> {
    return this.#read(await vscode.workspace.openTextDocument(uri));
  }

  #soon(document: vscode.TextDocument, afterMs: number): void {
    if (!isExperiment(document)) return;
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.set(key, setTimeout(() => {
      this.#timers.delete(key);
      if (!document.isClosed) void this.#read(document);
    }, afterMs));
  }

  async #read(document: vscode.TextDocument): Promise<Reading> {
    const { resolveExperiment } = await import('../experiment/resolve.ts'); // with the YAML library: not before an experiment is there
    const { uri, version } = document, key = uri.toString();
    const known = this.#readings.get(key);
    if (known?.version === version) return known.reading;
    const folder = dirname(uri.fsPath);
    const checked = resolveExperiment(document.getText(), { file: uri.fsPath, folderOf: (written) => resolve(folder, written), backbones: this.#backbones });
    const reading = { uri, checked };
    this.#readings.set(key, { version, reading });
    this.#onDidRead.fire(reading);
    return reading;
  }

  /** What a backbone's name stands for has changed, perhaps. */
  #readAgain(): void {
    this.#readings.clear();
    for (const document of vscode.workspace.textDocuments) this.#soon(document, 0);
  }

  #closed(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    if (this.#readings.delete(key)) this.#onDidClose.fire(document.uri);
  }
}
