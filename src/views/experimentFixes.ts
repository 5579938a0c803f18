import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { experimentSelector } from '../contributions.ts';
import type { TextEdit } from '../experiment/edit.ts';
import type { Diagnostic } from '../protocol/diagnostic.ts';
import { diagnosticsOf } from '../protocol/diagnostic.ts';
import { problemOf, rangeOf } from './experimentProblems.ts';
import type { Experiments } from './experiments.ts';
import { plain } from './plainText.ts';

const fixAll = vscode.CodeActionKind.SourceFixAll.append('thaw');

/** Quick fixes for what is underlined in an experiment file: one, or all that are errors and warnings. */
export class ExperimentFixes extends Owner implements vscode.CodeActionProvider {
  readonly #experiments: Experiments;

  constructor(experiments: Experiments) {
    super();
    this.#experiments = experiments;
    this.own(vscode.languages.registerCodeActionsProvider(experimentSelector, this, { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix, fixAll] }));
  }

  async provideCodeActions(document: vscode.TextDocument, range: vscode.Range, { only }: vscode.CodeActionContext): Promise<vscode.CodeAction[]> {
    const [{ editsOf }, { read, checked }] = await Promise.all([import('../experiment/mend.ts'), this.#experiments.readingOf(document)]);
    const mendable = diagnosticsOf(checked).filter(({ mend }) => mend), isWanted = (kind: vscode.CodeActionKind): boolean => !only || only.contains(kind);
    const here = isWanted(vscode.CodeActionKind.QuickFix) ? mendable.filter(({ where }) => range.intersection(rangeOf(where?.range))) : [];
    const single = here.flatMap((diagnostic) => fixOf(document.uri, diagnostic, editsOf(read.source, diagnostic.mend!.changes)));
    const many = mendable.filter(({ severity }) => severity !== 'information').length;
    const kinds = [...many > 1 && here.length > 0 ? [vscode.CodeActionKind.QuickFix] : [], ...only && isWanted(fixAll) && many > 0 ? [fixAll] : []];
    return kinds.length === 0 ? single : [...single, ...await this.#all(document, kinds)];
  }

  async #all(document: vscode.TextDocument, kinds: readonly vscode.CodeActionKind[]): Promise<vscode.CodeAction[]> {
    const { mendAll } = await import('../experiment/mendAll.ts'), text = document.getText(), mended = mendAll(text, this.#experiments.optionsOf(document.uri));
    if (mended === text) return [];
    return kinds.map((kind) => {
      const action = new vscode.CodeAction('Fix all problems of this experiment', kind);
      action.edit = new vscode.WorkspaceEdit();
      action.edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), mended);
      return action;
    });
  }
}

function fixOf(uri: vscode.Uri, diagnostic: Diagnostic, edits: readonly TextEdit[]): vscode.CodeAction[] {
  if (edits.length === 0) return [];
  const action = new vscode.CodeAction(plain(diagnostic.mend!.title), vscode.CodeActionKind.QuickFix);
  action.edit = new vscode.WorkspaceEdit();
  action.edit.set(uri, edits.map(({ range, newText }) => vscode.TextEdit.replace(rangeOf(range), newText)));
  action.diagnostics = [problemOf(diagnostic, rangeOf(diagnostic.where?.range))];
  action.isPreferred = diagnostic.severity !== 'information';
  return [action];
}
