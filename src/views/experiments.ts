import { dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { experimentSelector } from '../contributions.ts';
import type { BackboneModel } from './backboneModel.ts';
import type { CostModel } from './costModel.ts';
import { DataFinder } from './dataFinder.ts';
import type { Read } from '../experiment/parse.ts';
import type { Resolved, ResolveOptions } from '../experiment/resolve.ts';
import type { Checked } from '../protocol/diagnostic.ts';

/** What an experiment file says now, unsaved edits included. */
export interface Reading {
  readonly uri: vscode.Uri;
  readonly read: Read;
  readonly checked: Checked<Resolved>;
}

const yamlParts = () => Promise.all([import('../experiment/parse.ts'), import('../experiment/resolve.ts')]);

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
  /** By document, not by name: one that is closed and opened again counts its versions anew. */
  readonly #readings = new Map<vscode.TextDocument, { readonly version: number; readonly reading: Reading }>();
  readonly #costs: CostModel;
  readonly #data = this.own(new DataFinder());

  constructor(backbones: BackboneModel, costs: CostModel) {
    super();
    this.#backbones = backbones;
    this.#costs = costs;
    this.own(costs.onDidChange(() => this.#readAgain()));
    this.own(backbones.onDidChange(() => this.#readAgain()));
    this.own(this.#data.onDidChange(() => this.#readAgain()));
    this.own(vscode.workspace.onDidOpenTextDocument((document) => this.#soon(document, 0)));
    this.own(vscode.workspace.onDidChangeTextDocument(({ document }) => this.#soon(document, settleMs)));
    this.own(vscode.workspace.onDidCloseTextDocument((document) => this.#closed(document)));
    this.own({ dispose: () => this.#timers.forEach((timer) => clearTimeout(timer)) });
    for (const document of vscode.workspace.textDocuments) this.#soon(document, 0);
  }

  /** The reading of a file as it is now, opened when it is not. Rejects when there is no such file. */
  async read(uri: vscode.Uri): Promise<Reading> {
    return this.readingOf(await vscode.workspace.openTextDocument(uri));
  }

  #soon(document: vscode.TextDocument, afterMs: number): void {
    if (!isExperiment(document)) return;
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.set(key, setTimeout(() => {
      this.#timers.delete(key);
      if (!document.isClosed) void this.readingOf(document);
    }, afterMs));
  }

  /** One version of a file is read once, whoever asks: problems, hovers, outline, lenses. */
  async readingOf(document: vscode.TextDocument): Promise<Reading> {
    const [{ readExperiment }, { resolveRead }] = await yamlParts(); // with the YAML library: not before an experiment is there
    const { uri, version } = document, known = this.#readings.get(document);
    if (known?.version === version) return known.reading;
    const read = readExperiment(document.getText(), uri.fsPath), reading = { uri, read, checked: resolveRead(read, this.optionsOf(uri)) };
    if (document.isClosed) return reading; // asked late: no longer what the file says
    this.#readings.set(document, { version, reading });
    this.#onDidRead.fire(reading);
    return reading;
  }

  /** What the text of this file is resolved with. */
  optionsOf(uri: vscode.Uri): ResolveOptions {
    const folder = dirname(uri.fsPath);
    return { file: uri.fsPath, folderOf: (written) => resolve(folder, written), backbones: this.#backbones, imagesIn: (plan) => this.#costs.knownOf(plan)?.images, besideMissing: (path) => this.#data.besideMissing(path) };
  }

  /** What a backbone's name stands for, or what is known of a folder, has changed. */
  #readAgain(): void {
    this.#readings.clear();
    for (const document of vscode.workspace.textDocuments) this.#soon(document, 0);
  }

  #closed(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    if (this.#readings.delete(document)) this.#onDidClose.fire(document.uri);
  }
}
