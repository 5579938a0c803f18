import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import type { RunId } from '../protocol/runManifest.ts';
import { problemOf, rangeOf } from './experimentProblems.ts';
import type { ModelRun, RunModel } from './runModel.ts';

/** More would bury every other problem of the workspace. */
const shownPerFolder = 100;

/** The Problems panel's entries for data files that the newest run on a folder left out or could not use as they are. */
export class DataProblems extends Owner {
  readonly #problems: vscode.DiagnosticCollection;
  readonly #model: RunModel;
  /** By dataset folder: whose warnings are shown, how many of them, and on which files. */
  readonly #shown = new Map<string, { readonly runId: RunId; readonly warnings: number; readonly files: readonly vscode.Uri[] }>();

  constructor(model: RunModel) {
    super();
    this.#model = model;
    this.#problems = this.own(vscode.languages.createDiagnosticCollection('thaw-data'));
    this.own(model.onDidChangeRun((id) => this.#changed(id)));
  }

  #changed(id: RunId): void {
    const run = this.#model.runOf(id);
    if (!run || run.manifest.controlOf || !run.manifest.dataFolder) return;
    const folder = run.manifest.dataFolder, shown = this.#shown.get(folder);
    if (shown && (shown.runId > id || (shown.runId === id && shown.warnings === run.state.warnings.length))) return; // ids sort by time
    for (const file of shown?.files ?? []) this.#problems.delete(file);
    const entries = entriesOf(run);
    for (const [file, diagnostics] of entries) this.#problems.set(file, diagnostics);
    this.#shown.set(folder, { runId: id, warnings: run.state.warnings.length, files: entries.map(([file]) => file) });
  }
}

const start = new vscode.Range(0, 0, 0, 0);

function entriesOf({ manifest, state }: ModelRun): [vscode.Uri, vscode.Diagnostic[]][] {
  const folder = vscode.Uri.file(manifest.dataFolder);
  const files = new Map<string, [vscode.Uri, vscode.Diagnostic[]]>();
  const add = (file: vscode.Uri, diagnostic: vscode.Diagnostic): void => {
    const entry = files.get(file.toString());
    if (entry) entry[1].push(diagnostic);
    else files.set(file.toString(), [file, [diagnostic]]);
  };
  // Conversions (an alpha channel laid over white) are remarks of the run, not problems of the file.
  const bad = state.warnings.filter(({ where, severity, code }) => where && (severity !== 'information' || code === 'suspicious-label' || code === 'far-from-source' || code === 'channel-order'));
  for (const warning of bad.slice(0, shownPerFolder)) add(fileUri(folder, warning.where!.file), problemOf(warning, rangeOf(warning.where!.range)));
  const more = Math.max(bad.length - shownPerFolder, 0) + unsaid(state);
  if (more > 0) {
    add(folder, problemOf({ code: 'corrupt', severity: 'warning', message: `… and ${more} more files with a problem`, fix: `all are listed in data/manifest.jsonl of the run ${manifest.id}` }, start));
  }
  return [...files.values()];
}

/** Files that the run counted as left out without a warning each: a journal holds only the first few hundred. */
function unsaid({ data, warnings }: ModelRun['state']): number {
  const counted = Object.entries(data?.leftOut ?? {});
  return counted.reduce((sum, [code, n]) => sum + Math.max(0, n - warnings.filter((warning) => warning.code === code).length), 0);
}

const fileUri = (folder: vscode.Uri, file: string): vscode.Uri => isAbsolute(file) ? vscode.Uri.file(file) : vscode.Uri.joinPath(folder, file);
