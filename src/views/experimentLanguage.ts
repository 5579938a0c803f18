import { dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import type { Backbones } from '../backbones/backbones.ts';
import { Owner } from '../base/owner.ts';
import { experimentSelector } from '../contributions.ts';
import type { Completion } from '../experiment/outline.ts';
import { rangeOf } from './experimentProblems.ts';
import { markdownText } from './plainText.ts';

/** What the editor shows over an experiment file: Run above it, hovers and completion from the schema. */
export class ExperimentLanguage extends Owner {
  constructor(backbones: Backbones) {
    super();
    this.own(vscode.languages.registerCodeLensProvider(experimentSelector, { provideCodeLenses: lensesOf }));
    this.own(vscode.languages.registerHoverProvider(experimentSelector, { provideHover: hoverAt }));
    this.own(vscode.languages.registerCompletionItemProvider(experimentSelector, { provideCompletionItems: (document, position) => completionsAt(document, position, backbones) }, '[', ',', '.'));
  }
}

/** With the YAML library: not before an experiment is open. */
const outline = () => import('../experiment/outline.ts');

async function lensesOf(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
  const { head, stages } = (await outline()).outlineOf(document.getText());
  return [
    new vscode.CodeLens(rangeOf(head), { command: 'thaw.startRun', title: '$(play) Run', tooltip: 'Train a network as this file says', arguments: [document.uri] }),
    ...stages.map(({ range }, stage) => new vscode.CodeLens(rangeOf(range), { command: 'thaw.findRate', title: 'Find learning rate', tooltip: 'Try rising rates on this stage, and see which its loss falls at', arguments: [document.uri, stage] })),
  ];
}

async function hoverAt(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | undefined> {
  const hover = (await outline()).hoverOf(document.getText(), position);
  return hover && new vscode.Hover(new vscode.MarkdownString(hover.lines.map(markdownText).join('\n\n')), rangeOf(hover.range));
}

async function completionsAt(document: vscode.TextDocument, position: vscode.Position, backbones: Backbones): Promise<vscode.CompletionItem[]> {
  // Patterns have dots in them: the word to replace is longer than YAML's own idea of one.
  const range = document.getWordRangeAtPosition(position, /[\w.*%-]+/) ?? new vscode.Range(position, position);
  const folderOf = (written: string): string => resolve(dirname(document.uri.fsPath), written);
  return (await outline()).completeAt(document.getText(), position, { backbones, folderOf }).map((completion, i) => itemOf(completion, range, i));
}

function itemOf({ label, insert, detail, kind }: Completion, range: vscode.Range, index: number): vscode.CompletionItem {
  const item = new vscode.CompletionItem(label, kind === 'key' ? vscode.CompletionItemKind.Property : vscode.CompletionItemKind.Value);
  item.insertText = insert;
  item.range = range;
  item.detail = detail;
  item.sortText = String(index).padStart(4, '0'); // the schema's order, or the network's
  return item;
}
