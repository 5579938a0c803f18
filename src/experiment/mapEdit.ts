import { isMap, isScalar, isSeq } from 'yaml';
import type { Node, Pair, YAMLMap } from 'yaml';
import type { MapField } from './schema.ts';
import type { OffsetEdit } from './sequenceEdit.ts';

/** A new key among those of a map, in the schema's order. */
export function insertedPair(text: string, map: YAMLMap.Parsed, field: MapField, key: string, value: string): OffsetEdit {
  const order = Object.keys(field.keys), isLater = (other: unknown): boolean => order.indexOf(String(other)) > order.indexOf(key);
  const next = map.items.find((pair) => isScalar(pair.key) && isLater(pair.key.value)), last = map.items.at(-1);
  if (last === undefined) return { start: map.range[0], end: map.range[1], newText: `{ ${key}: ${value} }` };
  const eol = text.includes('\r\n') ? '\r\n' : '\n', lineOf = (offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;
  const firstKey = map.items[0]!.key.range[0], newLine = `${eol}${' '.repeat(firstKey - lineOf(firstKey))}`;
  if (next) {
    const start = next.key.range[0];
    return { start, end: start, newText: `${key}: ${value}${map.flow ? ', ' : newLine}` };
  }
  const lastEnd = contentEnd(last.value ?? last.key), end = map.flow ? lastEnd : lastEnd + text.slice(lastEnd).search(/\r?\n|$/);
  return { start: end, end, newText: `${map.flow ? ', ' : newLine}${key}: ${value}` };
}

/** Where the last word of a node ends: the range of a block collection goes on to whatever comes next, comments included. */
export function contentEnd(node: Node): number {
  const last: unknown = (isMap(node) || isSeq(node)) && node.flow !== true ? node.items.at(-1) : undefined;
  if (last === undefined) return node.range?.[1] ?? 0;
  if (isSeq(node)) return contentEnd(last as Node);
  const { key, value } = last as Pair<Node, Node | null>;
  return contentEnd(value ?? key);
}

/** `split`, `train` and 70% → `split: { train: 70% }`. */
export const nestedText = ([key = '', ...more]: readonly string[], value: string): string => `${key}: ${nestedValue(more, value)}`;

export const nestedValue = (path: readonly string[], value: string): string =>
  path.length === 0 ? value : /^\d+$/.test(path[0]!) ? `[${nestedValue(path.slice(1), value)}]` : `{ ${nestedText(path, value)} }`;
