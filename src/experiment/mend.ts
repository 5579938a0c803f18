import { isDeepStrictEqual } from 'node:util';
import { isMap, isNode, isScalar, isSeq, Lexer, parse } from 'yaml';
import type { Document, Node, Pair, YAMLMap, YAMLSeq } from 'yaml';
import type { FileChange, TextRange } from '../protocol/diagnostic.ts';
import { applyOffsets, listPlace } from './edit.ts';
import type { TextEdit } from './edit.ts';
import { contentEnd, insertedPair, nestedText, nestedValue } from './mapEdit.ts';
import { fieldAt } from './schema.ts';
import type { MapField } from './schema.ts';
import { editList } from './sequenceEdit.ts';
import type { OffsetEdit } from './sequenceEdit.ts';
import { readSource } from './source.ts';
import type { Source } from './source.ts';

type AnyMap = YAMLMap.Parsed;
type AnyPair = Pair<Node, Node | null>;

/**
 * Changes of an experiment file as edits of its text: few, in order, not overlapping, each comment kept. Empty where a
 * change cannot be made in the way that the file is written: a quick fix is offered only when it works.
 */
export function editsOf(source: Source, changes: readonly FileChange[]): readonly TextEdit[] {
  const edits: OffsetEdit[] = [];
  for (const change of changes) {
    const made = editsFor(source, change);
    if (made === undefined) return [];
    edits.push(...made);
  }
  edits.sort((a, b) => a.start - b.start || a.end - b.end);
  if (edits.some(({ end }, i) => end > (edits[i + 1]?.start ?? Infinity))) return [];
  return isMeant(source, applyOffsets(source.text, edits), changes) ? edits.map(({ start, end, newText }) => ({ range: source.rangeOf(start, end), newText })) : [];
}

/** YAML can be written in ways that editing by position does not foresee: what is then not there was not written. */
function isMeant(before: Source, text: string, changes: readonly FileChange[]): boolean {
  const after = readSource(text, before.file), kept = commentsOf(text);
  return after.diagnostics.length <= before.diagnostics.length && commentsOf(before.text).every((comment, i) => comment === kept[i])
    && changes.every((change) => (change.type !== 'set' && change.type !== 'add') || says(after, change))
    && changes.every((change) => change.type !== 'move' || after.document?.hasIn(keysOf(change.path)));
}

function says({ document }: Source, { type, path, text }: Extract<FileChange, { type: 'set' | 'add' }>): boolean {
  const found: unknown = document?.getIn(keysOf(path)), wanted: unknown = parse(text, asMaps);
  const value = document && isNode(found) ? valueOf(found, document) : found;
  return type === 'set' ? isDeepStrictEqual(value, wanted) : Array.isArray(value) && value.includes(wanted);
}

const keysOf = (path: string): (string | number)[] => path.split('.').map((part) => /^\d+$/.test(part) ? Number(part) : part);

function valueOf(node: Node, document: Document): unknown {
  try {
    return node.toJS(document, asMaps);
  } catch {
    return undefined; // an alias of nothing, which is a problem of its own
  }
}

/** Any key is one: YAML allows collections there, objects only texts. */
export const asMaps = { mapAsMap: true };

/** In the order of the text. */
export const commentsOf = (text: string): readonly string[] => [...new Lexer().lex(text)].filter((token) => token.startsWith('#')).map((token) => token.trimEnd());

function editsFor(source: Source, change: FileChange): readonly OffsetEdit[] | undefined {
  const root = source.document?.contents, { text, offsetOf } = source;
  switch (change.type) {
    case 'replace': return [{ start: offsetOf(change.range.start), end: offsetOf(change.range.end), newText: change.text }];
    case 'set': return root && isMap(root) ? set(text, root, change.path.split('.'), '', change.text) : [{ start: 0, end: 0, newText: `${nestedText(change.path.split('.'), change.text)}\n` }];
    case 'add': return root && isMap(root) ? add(text, root, change.path, change.text) : undefined;
    case 'remove': return root ? removed(source, root, change.range) : undefined;
    case 'move': return root && isMap(root) ? moved(source, root, change.range, change.path) : undefined;
    case 'itemize': return root && isMap(root) ? itemized(text, root.getIn(change.path.split('.'), true)) : undefined;
  }
}

/** `map`: what stands at `path`; `rest`: the way on from there. */
function set(text: string, map: AnyMap, rest: readonly string[], path: string, value: string): readonly OffsetEdit[] | undefined {
  const [key = '', ...more] = rest, here = path === '' ? key : `${path}.${key}`, pair = pairOf(map, key), field = fieldAt(path);
  if (!pair) return field?.kind === 'map' ? [insertedPair(text, map, field satisfies MapField, key, nestedValue(more, value))] : undefined;
  const node = pair.value;
  if (more.length > 0 && isMap(node)) return set(text, node as AnyMap, more, here, value);
  if (more.length > 0 && isSeq(node)) {
    const item = (node as YAMLSeq<Node>).items[Number(more[0])];
    if (more.length > 1) return isMap(item) ? set(text, item as AnyMap, more.slice(1), `${here}.${more[0]!}`, value) : undefined;
    return item && [replaced(item, value)];
  }
  if (node === null || (isScalar(node) && node.value === null && node.range?.[0] === node.range?.[1])) {
    const colon = text.indexOf(':', pair.key.range![1]) + 1;
    return colon > 0 ? [{ start: colon, end: colon, newText: ` ${nestedValue(more, value)}` }] : undefined;
  }
  return more.length > 0 ? undefined : [replaced(node, value)];
}

const replaced = (node: Node, newText: string): OffsetEdit => ({ start: node.range![0], end: node.range![1], newText });

function add(text: string, root: AnyMap, path: string, word: string): readonly OffsetEdit[] | undefined {
  const parts = path.split('.'), key = parts.pop()!;
  let map: Node | null | undefined = root;
  for (const part of parts) map = isMap(map) ? pairOf(map as AnyMap, part)?.value : isSeq(map) ? (map as YAMLSeq<Node>).items[Number(part)] : undefined;
  const place = isMap(map) ? listPlace(map as AnyMap, key) : undefined;
  if (place) return editList(text, place, { instead: place.items.map(({ pattern }) => [pattern]), appended: [word] });
  return set(text, root, path.split('.'), '', `[${word}]`);
}

const pairOf = (map: AnyMap, key: string): AnyPair | undefined => (map.items as AnyPair[]).find((pair) => isScalar(pair.key) && String(pair.key.value) === key && pair.key.range);

/**
 * The key that starts there, with its value, to another path. Where nothing stands on the way there yet, the whole way is
 * written in its place; of what stands there already nothing is replaced, and of several stages none is chosen.
 */
function moved(source: Source, root: AnyMap, range: TextRange, path: string): readonly OffsetEdit[] | undefined {
  const { text, offsetOf } = source, start = offsetOf(range.start), keys = path.split('.'), pair = pairAt(root, start), first = pairOf(root, keys[0]!)?.value;
  if (!pair?.value?.range || root.hasIn(keysOf(path)) || (isSeq(first) && first.items.length > 1)) return undefined;
  const value = text.slice(pair.value.range[0], pair.value.range[1]);
  if (value.includes('\n')) return undefined;
  if (!root.has(keys[0]) && (root.items as AnyPair[]).includes(pair)) return [{ start, end: pair.value.range[1], newText: nestedText(keys, value) }];
  const cut = removed(source, root, range), put = set(text, root, keys, '', value);
  return cut && put && [...cut, ...put];
}

function pairAt(node: Node | null | undefined, start: number): AnyPair | undefined {
  if (isSeq(node)) return (node.items as Node[]).map((item) => pairAt(item, start)).find((found) => found);
  if (!isMap(node)) return undefined;
  return (node.items as AnyPair[]).find(({ key }) => key.range?.[0] === start) ?? (node.items as AnyPair[]).map(({ value }) => pairAt(value, start)).find((found) => found);
}

/** A map becomes the one item of a list. */
function itemized(text: string, map: unknown): readonly OffsetEdit[] | undefined {
  if (!isMap(map) || !map.range) return undefined;
  const [start] = map.range, end = contentEnd(map);
  if (map.flow) return [{ start, end: start, newText: '[' }, { start: end, end, newText: ']' }];
  const lines = [...text.slice(start, end).matchAll(/\n(?=[^\r\n])/g)].map(({ index }) => ({ start: start + index + 1, end: start + index + 1, newText: '  ' }));
  return [{ start, end: start, newText: '- ' }, ...lines];
}

/** The key or the item that starts there. In block style its lines go; in flow style a comma too. */
function removed({ text, offsetOf }: Source, root: Node, range: TextRange): readonly OffsetEdit[] | undefined {
  const start = offsetOf(range.start), found = findStart(root, start);
  if (!found) return undefined;
  const { siblings, index, flow, isLone } = found, own = siblings[index]!;
  if (isLone) return undefined; // `key: []`, `{}`: nothing may be left over that means something else
  return flow ? [flowCut(text, siblings, index)] : blockCut(text, own, found.isPair ? siblings[index + 1] : undefined);
}

interface Sibling {
  readonly start: number;
  readonly end: number;
}

interface Found {
  readonly siblings: readonly Sibling[];
  readonly index: number;
  readonly flow: boolean;
  /** A key with its value, not an item. */
  readonly isPair: boolean;
  /** The only one of its map. */
  readonly isLone: boolean;
}

function findStart(node: Node | null, start: number): Found | undefined {
  if (!isMap(node) && !isSeq(node)) return undefined;
  const pairs = isMap(node) ? node.items as AnyPair[] : undefined, items = isSeq(node) ? node.items as Node[] : [];
  const siblings = pairs ? pairs.map(({ key, value }) => ({ start: key.range![0], end: contentEnd(value ?? key) })) : items.map((item) => ({ start: item.range![0], end: contentEnd(item) }));
  const index = siblings.findIndex((each) => each.start === start), below = pairs ? pairs.map(({ value }) => value) : items;
  if (index >= 0 && (pairs !== undefined || !isMap(items[index]) || items.length > 1)) return { siblings, index, flow: node.flow === true, isPair: pairs !== undefined, isLone: siblings.length === 1 };
  for (const child of below) {
    const found = findStart(child, start);
    if (found) return found;
  }
  return undefined;
}

/** With the comma behind it, or the one before it where it is the last. */
function flowCut(text: string, siblings: readonly Sibling[], index: number): OffsetEdit {
  const own = siblings[index]!, next = siblings[index + 1], before = siblings[index - 1];
  return next ? { start: own.start, end: next.start, newText: '' } : { start: before!.end, end: own.end, newText: '' };
}

/** Its lines, from the dash or key on; comments among them stay, on lines of their own. `next`: the key after it in its map. */
function blockCut(text: string, { start, end }: Sibling, next: Sibling | undefined): readonly OffsetEdit[] | undefined {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1, lead = text.slice(lineStart, start);
  if (next && lead.includes('-')) return [{ start, end: next.start, newText: '' }]; // the first of an item: what follows takes its place
  if (!/^ *(?:- +)?$/.test(lead)) return undefined; // something else stands on its line
  const newline = text.indexOf('\n', end), endOfLine = newline < 0 ? text.length : newline + 1;
  const indent = /^ */.exec(lead)![0], eol = text.includes('\r\n') ? '\r\n' : '\n';
  return [{ start: lineStart, end: endOfLine, newText: commentsOf(text.slice(start, endOfLine)).map((comment) => `${indent}${comment}${eol}`).join('') }];
}
