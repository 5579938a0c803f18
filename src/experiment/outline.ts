import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Node, Pair } from 'yaml';
import type { Backbones } from '../backbones/backbones.ts';
import { isFolder } from '../backbones/backboneName.ts';
import { patternNames } from '../backbones/freezePlan.ts';
import type { Architecture } from '../backbones/card.ts';
import type { TextPosition, TextRange } from '../protocol/diagnostic.ts';
import { lineIndex } from './lineIndex.ts';
import { readExperiment } from './parse.ts';
import type { ResolveOptions } from './resolve.ts';
import { detailOf, formatValue } from './format.ts';
import { allowedText, experimentField, fieldAt, wordsOf } from './schema.ts';
import type { Field, ValueMap } from './schema.ts';
import { maxFileCharacters, nestsDeeply } from './source.ts';

/** What the editor draws over an experiment file: places for code lenses, texts for hovers, items for completion. */
export interface Outline {
  /** Of the key `thaw`, where the file's own lens stands; absent in a file without one. */
  readonly head?: TextRange;
  readonly stages: readonly { readonly name: string; readonly range: TextRange }[];
}

/** Positions of file and stages; of what could be read, also in a file with errors. */
export function outlineOf(text: string): Outline {
  const { written } = readExperiment(text, '');
  const head = written.places.get('thaw')?.key, stages = (written.values['stages'] ?? []) as readonly ValueMap[];
  return {
    ...(head && { head }),
    stages: stages.flatMap((stage, i) => {
      const place = written.places.get(`stages.${i}`);
      return place ? [{ name: typeof stage['name'] === 'string' ? stage['name'] : `stage ${i + 1}`, range: place.value }] : [];
    }),
  };
}

export interface Hover {
  readonly range: TextRange;
  /** Paragraphs, plain text. */
  readonly lines: readonly string[];
}

/** What the key under the cursor is for, what may stand there, and its default. */
export function hoverOf(text: string, position: TextPosition): Hover | undefined {
  for (const [path, { key }] of readExperiment(text, '').written.places) {
    const field = key && contains(key, position) ? fieldAt(path) : undefined;
    if (key && field) return { range: key, lines: [field.describe, ...optionLines(field), detailOf(field)] };
  }
  return undefined;
}

const optionLines = (field: Field): readonly string[] =>
  [...Object.entries(wordsOf(field)).map(([option, meaning]) => `${option}: ${meaning}`), ...field.kind === 'list' ? optionLines(field.of) : []];

export interface Completion {
  readonly label: string;
  readonly insert: string;
  readonly detail: string;
  readonly kind: 'key' | 'value';
}

/** Keys that may be added at the cursor, or values of the key before it: of whatever can be made out of an unfinished file. */
export function completeAt(text: string, position: TextPosition, { backbones, folderOf }: Pick<ResolveOptions, 'backbones' | 'folderOf'>): readonly Completion[] {
  const offset = lineIndex(text).offsetOf(position), word = /[\w.*%-]*$/.exec(text.slice(0, offset))![0];
  const rest = /^[\w.*%-]*/.exec(text.slice(offset))![0];
  // A marker in place of the word at the cursor turns an unfinished line into a node of the tree, whose path is the answer.
  const before = text.slice(0, offset - word.length), after = text.slice(offset + rest.length);
  const alone = /(?:^|\n)[ ]*$/.test(before) && /^[ ]*(?:\r?\n|$)/.test(after); // a word alone would run on into the next line's key
  const marked = `${before}${marker}${alone ? ':' : ''}${after}`;
  if (marked.length > maxFileCharacters || nestsDeeply(marked)) return [];
  const root = parseDocument(marked, { uniqueKeys: false, prettyErrors: false, version: '1.2', schema: 'core' }).contents as Node | null;
  const found = findMarker(root, '');
  if (found === undefined) return [];
  const field = fieldAt(found.path);
  if (field?.kind === 'map') return keyCompletions(field, found.present);
  const written = backboneIn(root), backbone = isFolder(written) ? folderOf(written) : written;
  if (field?.kind !== 'list') return field ? valueCompletions(field, backbone, backbones) : [];
  const words = Object.entries(wordsOf(field)).map(([word, detail]): Completion => ({ label: word, insert: word, detail, kind: 'value' }));
  return words.length > 0 ? words : valueCompletions(field.of, backbone, backbones);
}

const marker = 'thawCursor';

interface Found {
  /** Of the map that a key is written in, or of the value. */
  readonly path: string;
  /** Keys that stand in that map already. */
  readonly present: ReadonlySet<string>;
}

function findMarker(node: Node | null, path: string): Found | undefined {
  const below = (key: string): string => path === '' ? key : `${path}.${key}`;
  if (isScalar(node)) return node.value === marker ? { path, present: new Set() } : undefined;
  if (isSeq(node)) return first(node.items as Node[], (item, i) => findMarker(item, below(String(i))));
  if (!isMap(node)) return undefined;
  const names = (node.items as Pair<Node, Node | null>[]).map(({ key }) => isScalar(key) ? String(key.value) : '');
  if (names.includes(marker)) return { path, present: new Set(names) };
  return first(node.items as Pair<Node, Node | null>[], ({ value }, i) => findMarker(value, below(names[i]!)));
}

function first<T, R>(items: readonly T[], find: (item: T, index: number) => R | undefined): R | undefined {
  for (const [i, item] of items.entries()) {
    const found = find(item, i);
    if (found !== undefined) return found;
  }
  return undefined;
}

function keyCompletions(field: Extract<Field, { kind: 'map' }>, present: ReadonlySet<string>): readonly Completion[] {
  return Object.entries(field.keys).filter(([key]) => !present.has(key))
    .map(([key, child]) => ({ label: key, insert: `${key}: `, detail: `${child.describe} (${detailOf(child)})`, kind: 'key' }));
}

function valueCompletions(field: Field, backbone: string, backbones: Backbones): readonly Completion[] {
  const values = (names: readonly string[], detail: (name: string) => string): readonly Completion[] =>
    names.map((name) => ({ label: name, insert: name, detail: detail(name), kind: 'value' }));
  switch (field.kind) {
    case 'choice': return values(Object.keys(field.options), (option) => field.options[option]!);
    case 'number': case 'share': {
      const words = wordsOf(field);
      return values([...new Set([formatValue(field, field.default), ...Object.keys(words)])], (word) => words[word] ?? `default; ${allowedText(field)}`);
    }
    case 'duration': return values([...Object.keys(field.words), '5 min'], (word) => field.words[word] ?? field.describe);
    case 'text': {
      const known = (name: string): Architecture | undefined => {
        const found = backbones.find(name);
        return found.ok ? found.value : undefined;
      };
      if (field.names === 'backbone') return values(backbones.names(), (name) => known(name)?.title ?? name);
      const network = field.names === 'pattern' ? known(backbone)?.network(2) : undefined;
      return network ? values(patternNames(network), () => 'trains') : [];
    }
    case 'list': case 'map': case 'variants': return [];
  }
}

function backboneIn(root: Node | null): string {
  const written = isMap(root) ? root.get('backbone') : undefined, field = experimentField.keys['backbone'];
  return typeof written === 'string' ? written : field?.kind === 'text' ? field.default ?? '' : '';
}

const contains = ({ start, end }: TextRange, { line, character }: TextPosition): boolean =>
  (line > start.line || (line === start.line && character >= start.character)) && (line < end.line || (line === end.line && character <= end.character));
