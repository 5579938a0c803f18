import { parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import { lineIndex } from './lineIndex.ts';
import type { LineIndex } from './lineIndex.ts';
import type { Diagnostic, FileChange, Mend } from '../protocol/diagnostic.ts';
import { firstOfEach, yamlProblem, type YamlProblem } from './yamlProblem.ts';

/**
 * The text of an experiment file as a YAML tree with positions. Refused before anything is built from them: files that
 * are not text, files far larger than an experiment, nesting that would exhaust the stack, and YAML's anchors, aliases
 * and tags (bombs, code, and edits that would change two places at once).
 */
export interface Source extends LineIndex {
  readonly file: string;
  readonly text: string;
  /** Undefined when there is nothing to read in it. */
  readonly document: Document.Parsed | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** An experiment has some kilobytes; what is larger is another kind of file. */
export const maxFileCharacters = 64 * 1024;
/** A real experiment nests four deep and is indented by some twenty columns. */
const maxOpenBrackets = 50, maxIndentColumns = 200, maxIndicators = 20;

export function readSource(bytesOrText: Uint8Array | string, file: string): Source {
  const text = typeof bytesOrText === 'string' ? bytesOrText : decode(bytesOrText);
  const lines = lineIndex(text ?? '');
  const unread = { file, text: text ?? '', document: undefined, ...lines };
  const refuse = (message: string, fix: string): Source =>
    ({ ...unread, diagnostics: [{ code: 'yaml-syntax', severity: 'error', message, fix, where: { file, range: lines.rangeOf(0, 0) } }] });

  if (text === undefined) return refuse('the file is not UTF-8 text', 'save it as UTF-8');
  if (text.length > maxFileCharacters) return refuse(`the file is larger than ${maxFileCharacters / 1024} KiB`, 'is this an experiment file?');
  if (nestsDeeply(text)) return refuse('the file nests far deeper than an experiment', 'is this an experiment file?');
  // Duplicate keys are found by parse.ts; the library's own check is quadratic.
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, version: '1.2', schema: 'core' });
  const problems = [...firstOfEach(document.errors).map((error) => ({ ...yamlProblem(error), start: error.pos[0], end: error.pos[1], mend: error.code === 'TAB_AS_INDENT' ? withoutTabs(text, lines) : undefined })), ...forbidden(document)];
  const diagnostics = problems.map(({ start, end, mend, ...words }: Problem): Diagnostic =>
    ({ code: 'yaml-syntax', severity: 'error', ...words, where: { file, range: lines.rangeOf(start, Math.max(end, start + 1)) }, ...(mend && { mend }) }));
  return { ...unread, document, diagnostics };
}

interface Problem extends YamlProblem {
  readonly start: number;
  readonly end: number;
  readonly mend?: Mend | undefined;
}

/** All tabs that indent a line, as two spaces each: one alone would be told again on the next line. */
function withoutTabs(text: string, { rangeOf }: LineIndex): Mend {
  const changes = [...text.matchAll(/^[ \t]*\t[ \t]*/gm)].map(({ index, 0: lead }): FileChange => ({ type: 'replace', range: rangeOf(index, index + lead.length), text: lead.replaceAll('\t', '  ') }));
  return { title: 'Indent by spaces', changes };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    // One byte more than may be read shows that there is too much; a character cut in half at the end is not an error then.
    const limit = 4 * maxFileCharacters + 1;
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, limit), { stream: bytes.length > limit });
  } catch {
    return undefined; // the one way TextDecoder says "not UTF-8"
  }
}

/**
 * An upper bound on nesting, taken before parsing: the YAML library recurses per level, and 60,000 times "- " on one line
 * (120 kB) ends the whole process in its regular expressions, where no catch helps.
 */
export function nestsDeeply(text: string): boolean {
  let open = 0;
  for (const line of text.split(/\r\n?|\n/)) {
    const [lead = ''] = /^(?:[ \t]|[-?:](?=\s|$))*/.exec(line) ?? [];
    if (lead.length > maxIndentColumns || lead.replace(/\s/g, '').length > maxIndicators) return true;
    for (const c of line) {
      if (c === '[' || c === '{') open++;
      if ((c === ']' || c === '}') && open > 0) open--;
    }
    if (open > maxOpenBrackets) return true;
  }
  return false;
}

/** Anchors, aliases and tags: nothing in an experiment needs them. */
function forbidden(document: Document.Parsed): Problem[] {
  const found: Problem[] = [];
  const say = (message: string, fix: string, range: readonly number[] | null | undefined): void => {
    found.push({ message, fix, start: range?.[0] ?? 0, end: range?.[1] ?? 0 });
  };
  visit(document, {
    Alias: (_, node) => say(`alias "*${node.source}"`, 'write the value out', node.range),
    Node: (_, node) => {
      if ('anchor' in node && typeof node.anchor === 'string') say(`anchor "&${node.anchor}"`, 'take it out: nothing here may refer to it', node.range);
      if ('tag' in node && typeof node.tag === 'string') say(`tag "${node.tag}"`, 'write the plain value', node.range);
    },
  });
  return found;
}
