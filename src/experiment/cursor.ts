import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Node, Pair } from 'yaml';
import type { TextPosition, TextRange } from '../protocol/diagnostic.ts';
import { lineIndex } from './lineIndex.ts';
import { fieldAt } from './schema.ts';
import { maxFileCharacters, nestsDeeply } from './source.ts';

/** What is being written where the cursor stands, in a text that is unfinished and may be broken elsewhere. */
export interface Cursor {
  /** Of the map that a key is written in, or of the value; list items by number. */
  readonly path: string;
  readonly kind: 'key' | 'value';
  /** Keys or words that stand in that map or list already. */
  readonly present: ReadonlySet<string>;
  /** The word at the cursor: what a completion replaces. */
  readonly word: TextRange;
  readonly typed: string;
  /**
   * What stands before the word: `line` nothing but spaces; `dash` a dash; `inline` its key, or other words.
   * In a flow collection (`flow`) nothing may begin a new line.
   */
  readonly lead: 'line' | 'dash' | 'inline' | 'flow';
  /** Column of the word. */
  readonly column: number;
}

/** Characters of words and names: patterns have dots, backbones colons and slashes. */
const wordBefore = /[^\s,[\]{}"'#]*$/, wordAfter = /^[^\s,[\]{}"'#:]*/;

/**
 * A marker in place of the word at the cursor turns an unfinished line into a node of the tree, whose path is the answer.
 * Where the text is too broken for that, the keys above, by their indentation, are what is left of it.
 */
export function cursorAt(text: string, position: TextPosition): Cursor | undefined {
  const index = lineIndex(text), offset = index.offsetOf(position), line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  if (/(?:^|\s)#/.test(line.replace(/"[^"]*"|'[^']*'/g, ''))) return undefined; // in a comment
  const typed = wordBefore.exec(line)![0], rest = wordAfter.exec(text.slice(offset))![0], start = offset - typed.length, end = offset + rest.length;
  const before = text.slice(0, start), lead = line.slice(0, line.length - typed.length), isAlone = /^[ ]*(?:- +)?$/.test(lead), endsLine = /^[ ]*(?:\r?\n|$)/.test(text.slice(end));
  const place = { typed, word: index.rangeOf(start, end), column: lead.length };

  const above = before.slice(0, before.length - lead.length), isNewItem = isAlone && endsLine && !lead.includes('-') && dashAbove(above, lead.length);
  const marked = `${isNewItem ? '- ' : ''}${marker}`, rear = text.slice(end);
  // A word alone would run on into the next line's key: it is taken for a key, and for a value where none may stand.
  const forms = isAlone && endsLine && !isNewItem ? [`${marked}:`, marked] : [marked];
  const fronts = [before, ...isAlone || /:\s+$/.test(lead) ? [`${enclosing(above, lead)}${lead}`] : []];
  for (const candidate of fronts.flatMap((front, i) => forms.map((form) => `${front}${form}${i === 0 ? rear : ''}`))) {
    if (candidate.length > maxFileCharacters || nestsDeeply(candidate)) return undefined;
    const root = parseDocument(candidate, { uniqueKeys: false, prettyErrors: false, version: '1.2', schema: 'core' }).contents as Node | null, found = findMarker(root, '', false);
    const kind = found && fieldAt(found.path)?.kind;
    if (!found || !kind || (found.kind === 'key' && kind !== 'map' && kind !== 'list')) continue;
    return { ...found, ...place, lead: found.flow ? 'flow' : !isAlone ? 'inline' : lead.includes('-') ? 'dash' : 'line' };
  }
  return undefined;
}

const marker = 'thawCursor';

/** Whether the nearest line above that is not indented further is an item of the same column: the word would be a new item. */
function dashAbove(text: string, column: number): boolean {
  const lines = text.split(/\r?\n/).slice(0, -1).reverse();
  const nearest = lines.find((each) => /^ *[^\s#]/.test(each) && each.search(/\S/) <= column);
  return nearest !== undefined && nearest.search(/\S/) === column && /^ *-(?: |$)/.test(nearest);
}

/** The lines above that a line so indented stands under, and its siblings: keys and items only. */
function enclosing(text: string, lead: string): string {
  const kept: string[] = [];
  let column = lead.length, siblings = lead.includes('-') ? lead.indexOf('-') : lead.length;
  for (const line of text.split(/\r?\n/).slice(0, -1).reverse()) {
    const dashes = /^ *(?:- +)?/.exec(line)![0], at = dashes.length, key = /^["']?[\w-]+["']?:(?=\s|$)/.exec(line.slice(at))?.[0];
    if (key === undefined) continue;
    if (at === column && at === siblings) {
      kept.unshift(dashes.includes('-') ? `${dashes}${key}` : `${dashes}${key} 0`);
      if (dashes.includes('-')) column = siblings = dashes.indexOf('-');
    } else if (at < column || (at === column && lead.includes('-'))) {
      kept.unshift(`${dashes}${key}`);
      column = siblings = dashes.includes('-') ? dashes.indexOf('-') : at;
    }
  }
  return kept.map((line) => `${line}\n`).join('');
}

interface Found extends Pick<Cursor, 'path' | 'kind' | 'present'> {
  readonly flow: boolean;
}

function findMarker(node: Node | null, path: string, flow: boolean): Found | undefined {
  const below = (key: string): string => path === '' ? key : `${path}.${key}`;
  if (isScalar(node)) return node.value === marker ? { path, kind: 'value', present: new Set(), flow } : undefined;
  if (isSeq(node)) {
    const items = node.items as Node[], present = new Set(items.flatMap((item) => isScalar(item) && item.value !== marker ? [String(item.value)] : []));
    const found = first(items, (item, i) => findMarker(item, below(String(i)), node.flow === true));
    return found && items.some((item) => isScalar(item) && item.value === marker) ? { ...found, present } : found;
  }
  if (!isMap(node)) return undefined;
  const names = (node.items as Pair<Node, Node | null>[]).map(({ key }) => isScalar(key) ? String(key.value) : '');
  if (names.includes(marker)) return { path, kind: 'key', present: new Set(names), flow: node.flow === true };
  return first(node.items as Pair<Node, Node | null>[], ({ value }, i) => findMarker(value, below(names[i]!), flow || node.flow === true));
}

function first<T, R>(items: readonly T[], find: (item: T, index: number) => R | undefined): R | undefined {
  for (const [i, item] of items.entries()) {
    const found = find(item, i);
    if (found !== undefined) return found;
  }
  return undefined;
}
