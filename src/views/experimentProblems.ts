import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import type { Diagnostic, TextRange } from '../protocol/diagnostic.ts';
import { diagnosticsOf, visible } from '../protocol/diagnostic.ts';
import type { Experiments, Reading } from './experiments.ts';

export const severityOf: { readonly [S in Diagnostic['severity']]: vscode.DiagnosticSeverity } = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};

/** Underlines what is wrong in experiment files that are open. */
export class ExperimentProblems extends Owner {
  readonly #problems: vscode.DiagnosticCollection;

  constructor(experiments: Experiments) {
    super();
    this.#problems = this.own(vscode.languages.createDiagnosticCollection('thaw'));
    this.own(experiments.onDidRead((reading) => this.#problems.set(reading.uri, problemsOf(reading))));
    this.own(experiments.onDidClose((uri) => this.#problems.delete(uri)));
  }
}

const problemsOf = ({ checked }: Reading): vscode.Diagnostic[] => diagnosticsOf(checked).map((diagnostic) => problemOf(diagnostic, rangeOf(diagnostic.where?.range)));

/** One entry of the Problems panel. */
export function problemOf({ code, severity, message, fix }: Diagnostic, range: vscode.Range): vscode.Diagnostic {
  const problem = new vscode.Diagnostic(range, visible(fix ? `${message}: ${fix}` : message), severityOf[severity]);
  problem.source = 'Thaw';
  problem.code = code;
  return problem;
}

export const rangeOf = (range: TextRange | undefined): vscode.Range =>
  range ? new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character) : new vscode.Range(0, 0, 0, 0);
