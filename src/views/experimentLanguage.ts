import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';
import { experimentSelector } from '../contributions.ts';
import type { Completion } from '../experiment/completion.ts';
import { isManifestName } from '../experiment/manifestName.ts';
import type { Entry } from '../experiment/outline.ts';
import type { CostModel } from './costModel.ts';
import { rangeOf } from './experimentProblems.ts';
import type { Experiments } from './experiments.ts';
import { markdownText } from './plainText.ts';

/** Typed, these bring completions up: after a key, in lists and maps, and down the layers of a network. */
const triggers = [' ', '[', '{', ',', '.', '/'];

/** What the editor shows over an experiment file. Thin: what it says is made in experiment/, from text alone. */
export class ExperimentLanguage extends Owner {
  readonly #experiments: Experiments;
  readonly #costs: CostModel;

  constructor(experiments: Experiments, costs: CostModel) {
    super();
    this.#experiments = experiments;
    this.#costs = costs;
    const { languages } = vscode;
    this.own(languages.registerHoverProvider(experimentSelector, { provideHover: (document, position) => this.#hover(document, position) }));
    this.own(languages.registerCompletionItemProvider(experimentSelector, { provideCompletionItems: (document, position) => this.#complete(document, position) }, ...triggers));
    this.own(languages.registerDocumentSymbolProvider(experimentSelector, { provideDocumentSymbols: (document) => this.#symbols(document) }, { label: 'Thaw' }));
    this.own(languages.registerFoldingRangeProvider(experimentSelector, { provideFoldingRanges: (document) => this.#folds(document) }));
    this.own(languages.registerDocumentFormattingEditProvider(experimentSelector, { provideDocumentFormattingEdits: layOut }));
  }

  async #hover(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | undefined> {
    const [{ hoverAt }, { read, checked }] = await Promise.all([import('../experiment/hover.ts'), this.#experiments.readingOf(document)]);
    const basis = checked.ok ? this.#costs.knownOf(checked.value.plan) : undefined, hover = hoverAt({ read, checked, basis }, position);
    return hover && new vscode.Hover(new vscode.MarkdownString(hover.lines.map(markdownText).join('\n\n')), rangeOf(hover.range));
  }

  async #complete(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.CompletionItem[]> {
    const { completeAt } = await import('../experiment/completion.ts'), found = completeAt(document.getText(), position, this.#experiments.optionsOf(document.uri));
    if (!found) return [];
    const range = rangeOf(found.word), folders = found.folder === undefined ? [] : await foldersBelow(document.uri, found.folder, found.manifests === true);
    return [...found.items, ...folders].map((completion, i) => itemOf(completion, range, i));
  }

  async #symbols(document: vscode.TextDocument): Promise<vscode.DocumentSymbol[]> {
    const [{ entriesOf }, { read }] = await Promise.all([import('../experiment/outline.ts'), this.#experiments.readingOf(document)]);
    return entriesOf(read).map(symbolOf);
  }

  async #folds(document: vscode.TextDocument): Promise<vscode.FoldingRange[]> {
    const [{ foldsOf }, { read }] = await Promise.all([import('../experiment/outline.ts'), this.#experiments.readingOf(document)]);
    return foldsOf(read).map(({ start, end, isComment }) => new vscode.FoldingRange(start, end, isComment ? vscode.FoldingRangeKind.Comment : undefined));
  }
}

async function layOut(document: vscode.TextDocument): Promise<vscode.TextEdit[]> {
  const { laidOut } = await import('../experiment/layout.ts'), text = laidOut(document.getText());
  return text === undefined || text === document.getText() ? [] : [vscode.TextEdit.replace(new vscode.Range(0, 0, document.lineCount, 0), text)]; // VS Code narrows it to what differs
}

const kinds: { readonly [K in Completion['kind']]: vscode.CompletionItemKind } = {
  key: vscode.CompletionItemKind.Property, value: vscode.CompletionItemKind.Value, layer: vscode.CompletionItemKind.Module, folder: vscode.CompletionItemKind.Folder,
};

function itemOf({ label, snippet, detail, documentation, kind }: Completion, range: vscode.Range, index: number): vscode.CompletionItem {
  const item = new vscode.CompletionItem(label, kinds[kind]);
  item.insertText = new vscode.SnippetString(snippet);
  item.keepWhitespace = true; // its lines are indented as the file is
  item.range = range;
  item.detail = detail;
  if (documentation !== undefined) item.documentation = documentation;
  item.sortText = String(index).padStart(4, '0'); // the schema's order, or the network's
  if (kind === 'folder' || (kind === 'key' && !snippet.includes('${'))) item.command = { command: 'editor.action.triggerSuggest', title: 'Suggest' };
  return item;
}

/** Folders (and manifests) that a path which has been written so far may go on with. */
async function foldersBelow(file: vscode.Uri, written: string, manifests: boolean): Promise<readonly Completion[]> {
  const parent = written.slice(0, written.lastIndexOf('/') + 1), folder = parent.startsWith('/') ? file.with({ path: parent }) : vscode.Uri.joinPath(file.with({ path: dirname(file.path) }), parent);
  try {
    const entries = await vscode.workspace.fs.readDirectory(folder);
    return entries.filter(([name, type]) => ((type & vscode.FileType.Directory) !== 0 || (manifests && isManifestName(name))) && !name.startsWith('.'))
      .map(([name]) => ({ label: `${parent}${name}`, snippet: `${parent}${name}`.replace(/[\\$}]/g, '\\$&'), detail: isManifestName(name) ? 'manifest' : 'folder', kind: 'folder' }));
  } catch {
    return []; // no such folder, or none that may be read: nothing to offer
  }
}

function symbolOf({ name, detail, kind, range, selection, children }: Entry): vscode.DocumentSymbol {
  const symbol = new vscode.DocumentSymbol(name, detail, kind === 'stage' ? vscode.SymbolKind.Event : children.length > 0 ? vscode.SymbolKind.Module : vscode.SymbolKind.Property, rangeOf(range), rangeOf(selection));
  symbol.children = children.map(symbolOf);
  return symbol;
}
