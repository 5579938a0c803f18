import { isMap, isScalar, isSeq } from 'yaml';
import type { Node, Pair } from 'yaml';
import type { TextRange } from '../protocol/diagnostic.ts';
import { contentEnd } from './mapEdit.ts';
import { nameOf } from './fieldReader.ts';
import type { Read } from './parse.ts';
import type { Source } from './source.ts';

/** One line of the outline: a key of the file, or a stage. */
export interface Entry {
  readonly name: string;
  /** Its value in short: `efficientnet_lite0`, `head, blocks.6`. */
  readonly detail: string;
  readonly kind: 'stage' | 'key';
  readonly range: TextRange;
  /** Its name, within the range. */
  readonly selection: TextRange;
  readonly children: readonly Entry[];
}

/** Of what could be read, also in a file with errors. */
export function entriesOf({ source }: Read): readonly Entry[] {
  const root = source.document?.contents;
  return root && isMap(root) ? entriesIn(root, '', source) : [];
}

/** In the order of the file. */
export const stagesOf = (read: Read): readonly Entry[] => entriesOf(read).flatMap(({ children }) => children).filter(({ kind }) => kind === 'stage');

function entriesIn(node: Node | null, path: string, source: Source): readonly Entry[] {
  const below = (key: string | number): string => path === '' ? String(key) : `${path}.${key}`;
  if (isMap(node)) {
    return (node.items as Pair<Node, Node | null>[]).flatMap(({ key, value }) => {
      if (!isScalar(key) || !key.range) return [];
      const name = String(key.value) || '""'; // VS Code refuses empty names
      return [{ name, detail: shortOf(value), kind: 'key' as const, range: source.rangeOf(key.range[0], Math.max(key.range[1], contentEnd(value ?? key))), selection: source.rangeOf(key.range[0], key.range[1]), children: entriesIn(value, below(name), source) }];
    });
  }
  if (!isSeq(node) || path !== 'stages') return [];
  return (node.items as Node[]).flatMap((item, i) => {
    if (!item.range) return [];
    const name = isMap(item) ? item.get('name') : undefined, range = source.rangeOf(item.range[0], contentEnd(item));
    const title = typeof name === 'string' && name.trim() !== '' ? name : nameOf(below(i));
    return [{ name: title, detail: isMap(item) ? shortOf(item.get('train', true)) : '', kind: 'stage' as const, range, selection: { start: range.start, end: range.start }, children: entriesIn(item, below(i), source) }];
  });
}

function shortOf(node: Node | null | undefined): string {
  if (isSeq(node)) return (node.items as Node[]).filter((item) => isScalar(item)).map(shortOf).join(', ').slice(0, 80);
  const value = isScalar(node) ? node.value : undefined;
  return typeof value === 'string' ? value.slice(0, 80) : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Lines, from 0. */
export interface Fold {
  readonly start: number;
  readonly end: number;
  readonly isComment: boolean;
}

/** Keys and stages of several lines, lists in brackets too, and blocks of comments. */
export function foldsOf(read: Read): readonly Fold[] {
  const { source: { text } } = read, folds: Fold[] = [];
  const walk = ({ range: { start, end }, children }: Entry): void => {
    if (end.line > start.line) folds.push({ start: start.line, end: end.line, isComment: false });
    children.forEach(walk);
  };
  entriesOf(read).forEach(walk);
  const lines = text.split(/\r\n?|\n/), isComment = (line: number): boolean => /^\s*#/.test(lines[line] ?? '');
  for (let start = 0; start < lines.length; start++) {
    let end = start;
    while (isComment(start) && isComment(end + 1)) end++;
    if (end > start) folds.push({ start, end, isComment: true });
    start = end;
  }
  return folds;
}

/** Where lenses of the whole file stand: its key `thaw`, else its first key. */
export const headOf = ({ written: { places } }: Read): TextRange | undefined =>
  places.get('thaw')?.key ?? [...places.values()].find(({ key }) => key)?.key;
