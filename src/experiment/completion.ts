import { isFolder } from '../backbones/backboneName.ts';
import { weightsBytes } from '../backbones/card.ts';
import type { Architecture, Card } from '../backbones/card.ts';
import { earlierBlocks, lastFeatures, upTo } from '../backbones/earlierFeatures.ts';
import { flopsOf } from '../backbones/flops.ts';
import { matchPatterns } from '../backbones/freezePlan.ts';
import { freezeTree, headPath, layersOf } from '../backbones/freezeTree.ts';
import type { FreezeRow } from '../backbones/freezeTree.ts';
import { usualSizes } from '../backbones/inputSize.ts';
import { networkOf } from '../backbones/networkOf.ts';
import type { Network } from '../backbones/op.ts';
import { parametersOf } from '../backbones/parameters.ts';
import { bytes, count, percent } from '../base/units.ts';
import type { TextPosition, TextRange } from '../protocol/diagnostic.ts';
import { cursorAt } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { detailOf, formatValue, yamlText } from './format.ts';
import type { ResolveOptions } from './resolve.ts';
import { allowedText, experimentField, fieldAt, wordsOf } from './schema.ts';
import type { ChoiceField, Field, ListField } from './schema.ts';

export interface Completion {
  readonly label: string;
  /** A snippet: `${1:text}` is a place to type at, `$0` where the cursor goes last. Later lines are indented already. */
  readonly snippet: string;
  /** One line. */
  readonly detail: string;
  /** More, below it. */
  readonly documentation?: string;
  readonly kind: 'key' | 'value' | 'layer' | 'folder';
}

export interface Completions {
  /** What they replace. */
  readonly word: TextRange;
  readonly items: readonly Completion[];
  /** A path is being written, so far this: whoever has a disk completes it. */
  readonly folder?: string;
  /** Of a manifest: its files count too. */
  readonly manifests?: boolean;
}

/** Keys that may be added at the cursor, or values of the key before it: of whatever can be made out of an unfinished file. */
export function completeAt(text: string, position: TextPosition, { backbones, folderOf }: Pick<ResolveOptions, 'backbones' | 'folderOf'>): Completions | undefined {
  const cursor = cursorAt(text, position), field = cursor && fieldAt(cursor.path);
  if (!cursor || !field) return undefined;
  const { word } = cursor;
  if (cursor.kind === 'key') return field.kind === 'map' ? { word, items: keysOf(field.keys, cursor) } : field.kind === 'list' && cursor.lead === 'line' ? { word, items: newItems(field.of, cursor) } : undefined;
  if (field.kind === 'map') return { word, items: cursor.lead === 'dash' ? keysOf(field.keys, cursor) : cursor.lead === 'line' ? newItems(field, cursor) : mapValue(field.keys) };
  const values = valuesOf(field.kind === 'list' ? field.of : field, text, cursor, { backbones, folderOf });
  const isBare = field.kind === 'list' && cursor.lead === 'inline'; // `train: ▮` wants its brackets too
  const words = field.kind === 'list' ? wordValues(field) : [];
  const items = words.length > 0 ? words : isBare ? values.map((each) => ({ ...each, snippet: `[${each.snippet}$0]` })) : field.kind === 'list' && field.of.kind === 'map' ? newItems(field.of, cursor) : values;
  const isPath = field.kind === 'text' && (field.names === 'folder' || field.names === 'manifest' || (field.names === 'backbone' && isFolder(cursor.typed)));
  return { word, items, ...(isPath && { folder: cursor.typed, manifests: field.names === 'manifest' }) };
}

const keysOf = (keys: Readonly<Record<string, Field>>, { present, lead, column }: Cursor): readonly Completion[] => Object.entries(keys).filter(([key]) => !present.has(key)).map(([key, field]) => ({
  label: key, snippet: `${key}:${valueSnippet(field, lead === 'flow', ' '.repeat(column))}`, detail: detailOf(field), documentation: field.describe, kind: 'key',
}));

/** What comes behind the colon of a new key, with a place to type at. */
function valueSnippet(field: Field, flow: boolean, indent: string): string {
  switch (field.kind) {
    case 'map': case 'variants': return flow ? ' { $0 }' : `\n${indent}  $0`;
    case 'list': return typeof field.default === 'string' ? wordSnippet(field) : field.of.kind !== 'map' ? ` [\${1:${escaped(field.default.map((item) => formatValue(field.of, item)).join(', '))}}]$0` : flow ? ' [{ $0 }]' : `\n${indent}  - $0`;
    case 'text': return field.default === undefined || field.default.includes('{') ? ' $0' : ` \${1:${escaped(field.default)}}$0`;
    case 'choice': return wordSnippet(field);
    case 'number': case 'share': case 'duration': return ` \${1:${escaped(defaultText(field))}}$0`;
  }
}

/** A choice among its words, the default first. */
function wordSnippet(field: ChoiceField | ListField): string {
  const words = Object.keys(wordsOf(field)), first = typeof field.default === 'string' ? field.default : '', order = [first, ...words.filter((word) => word !== first)];
  return ` \${1|${order.map((word) => word.replace(/[,|\\$}]/g, '\\$&')).join(',')}|}$0`;
}

/** As people write it: shares in percent. */
const defaultText = (field: Exclude<Field, { kind: 'map' }>): string =>
  field.kind === 'share' && typeof field.default === 'number' ? `${Number((field.default * 100).toFixed(4))}%` : field.default === undefined ? '' : formatValue(field, field.default);

const escaped = (text: string): string => text.replace(/[\\$}]/g, '\\$&');

/** A whole new item of a list of maps, begun with its first keys. */
function newItems(of: Field, { column, lead }: Cursor): readonly Completion[] {
  if (of.kind !== 'map') return [];
  const [first = '', second] = Object.keys(of.keys), dash = lead === 'dash' ? '' : '- ', inner = ' '.repeat(column + dash.length), next = second === undefined ? undefined : of.keys[second];
  const body = lead === 'flow' || lead === 'inline' ? `{ ${first}: \${1:${first}}$0 }` : `${dash}${first}: \${1:${first}}${next ? `\n${inner}${second!}:${valueSnippet(next, false, inner).replaceAll('${1:', '${2:')}` : ''}`;
  return [{ label: dash === '' ? `${first}: …` : `- ${first}: …`, snippet: lead === 'inline' ? `[${body}]` : body, detail: of.describe, kind: 'key' }];
}

/** `stop: ▮` → `{ patience: 5 }`. */
const mapValue = (keys: Readonly<Record<string, Field>>): readonly Completion[] => Object.entries(keys).map(([key, field]) =>
  ({ label: `{ ${key}: … }`, snippet: `{ ${key}:${valueSnippet(field, true, '').replace(/\$0$/, '')}$0 }`, detail: detailOf(field), documentation: field.describe, kind: 'key' }));

/** Words that may stand in place of a list. */
const wordValues = (field: ListField): readonly Completion[] => Object.entries(wordsOf(field)).map(([word, detail]) => ({ label: word, snippet: word, detail, kind: 'value' }));

function valuesOf(field: Field, text: string, cursor: Cursor, { backbones, folderOf }: Pick<ResolveOptions, 'backbones' | 'folderOf'>): readonly Completion[] {
  const values = (names: readonly string[], detail: (name: string) => string): readonly Completion[] =>
    names.filter((name) => !cursor.present.has(name)).map((name) => ({ label: name, snippet: escaped(name), detail: detail(name), kind: 'value' }));
  const known = (name: string): Architecture | undefined => {
    const found = backbones.find(name);
    return found.ok ? found.value : undefined;
  };
  const written = (): Architecture | undefined => {
    const name = backboneIn(text);
    return known(isFolder(name) ? folderOf(name) : name);
  };
  switch (field.kind) {
    case 'choice': return values(Object.keys(field.options), (option) => field.options[option]!);
    case 'number': case 'share': {
      const words = wordsOf(field), backbone = cursor.path === 'inputSize' ? written() : undefined, sizes = backbone ? usualSizes(backbone).map(String) : [];
      return values([...new Set([defaultText(field), ...Object.keys(words), ...sizes])], (word) =>
        words[word] ?? (backbone ? `${((Number(word) / backbone.input.width) ** 2).toFixed(2)} × the area of the weights’ own ${backbone.input.width}` : `default; ${allowedText(field)}`));
    }
    case 'duration': return values([...Object.keys(field.words), '5 min'], (word) => field.words[word] ?? field.describe);
    case 'text': {
      if (field.names === 'backbone') return values(backbones.names(), (name) => backboneLine(known(name)) ?? name);
      if (field.names !== 'pattern' && field.names !== 'block') return [];
      const whole = written(), cut = whole && upTo(whole, valueIn(text, 'features')), backbone = cut?.ok ? cut.value : whole;
      if (field.names === 'block') return whole ? blocksFor(whole, cursor) : [];
      return backbone ? patternsFor(networkOf(backbone), cursor) : [];
    }
    case 'list': case 'map': case 'variants': return [];
  }
}

export const isCard = (architecture: Architecture): architecture is Card & Architecture => 'licence' in architecture;

/** "EfficientNet-Lite0 · 4.7 M parameters · 9.1 MiB · Apache-2.0". */
export function backboneLine(backbone: Architecture | undefined): string | undefined {
  if (!backbone) return undefined;
  if (!isCard(backbone)) return `${backbone.title} · not fetched yet`;
  const size = weightsBytes(backbone);
  return [backbone.title, `${count(backbone.parameters)} parameters`, ...size > 0 ? [bytes(size)] : [], backbone.licence].join(' · ');
}

/**
 * One level of the tree at a time: what the typed word goes down to by its dots, each level with a wildcard where it has
 * several rows. Below a wildcard, what any of its rows has.
 */
function patternsFor(network: Network, { typed, present }: Cursor): readonly Completion[] {
  const tree = freezeTree(network), dot = typed.lastIndexOf('.'), parent = dot < 0 ? '' : typed.slice(0, dot);
  const rows = parent === '' ? [] : rowsUnder(tree, parent);
  const names = parent === '' ? ['all', ...wildcards(tree), ...tree.map(({ path }) => path)] : [...rows.length > 1 ? [`${parent}.*`] : [], ...rows];
  return names.filter((name) => !present.has(name)).map((name) => ({
    label: name, snippet: escaped(yamlText(name)), detail: patternText(network, name), kind: 'layer',
  }));
}

/** Where the backbone can end: after one of its blocks, and below a typed dot after a part of one. */
function blocksFor(whole: Architecture, { typed }: Cursor): readonly Completion[] {
  const network = networkOf(whole), dot = typed.lastIndexOf('.'), below = dot < 0 ? [] : rowsUnder(freezeTree(network), typed.slice(0, dot));
  return [lastFeatures, ...earlierBlocks(network), ...below].flatMap((name, i, all): Completion[] => {
    const cut = upTo(whole, name);
    return cut.ok && all.indexOf(name) === i ? [{ label: name, snippet: escaped(name), detail: featuresText(cut.value), kind: 'layer' }] : [];
  });
}

/** "112 features in place of 1,280; left out are 78 % of the parameters and 46 % of the arithmetic". */
export function featuresText({ features, whole, ...backbone }: Architecture): string {
  const shown = (number: number): string => number.toLocaleString('en-US');
  if (!whole) return `${shown(features)} features, the whole backbone`;
  const network = networkOf(backbone), kept = new Set(network.nodes.map(({ name }) => name)), all = networkOf(whole), flops = flopsOf(all);
  const shareOut = (values: readonly (readonly [node: string, value: number])[]): string => percent(sum(values.filter(([node]) => !kept.has(node))) / sum(values), 0);
  const parameters = parametersOf(all).flatMap(({ node, size, buffer }) => buffer || node === headPath ? [] : [[node, size] as const]);
  return `${shown(features)} features in place of ${shown(whole.features)}; left out are ${shareOut(parameters)} of the parameters and ${shareOut([...flops])} of the arithmetic`;
}

const sum = (values: readonly (readonly [node: string, value: number])[]): number => values.reduce((total, [, value]) => total + value, 0);

/** `blocks.0` … `blocks.6` → `blocks.*`. */
const wildcards = (rows: readonly FreezeRow[]): readonly string[] => {
  const stems = rows.flatMap(({ path }) => /\.\d+$/.test(path) ? [path.replace(/\.\d+$/, '.*')] : []);
  return [...new Set(stems)].filter((stem) => stems.indexOf(stem) !== stems.lastIndexOf(stem));
};

/** Names one level below `parent`, which may have wildcards; blocks such as `layer4` and `blocks.5` stand for their own dots. */
function rowsUnder(rows: readonly FreezeRow[], parent: string): readonly string[] {
  const pattern = new RegExp(`^${parent.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&')).join('[^.]*')}\\.([^.]+)$`), below = new Set<string>();
  for (let level = rows; level.length > 0; level = level.flatMap(({ children }) => children)) {
    for (const { path } of level) {
      const last = pattern.exec(path)?.[1];
      if (last !== undefined) below.add(`${parent}.${last}`);
    }
  }
  return [...below];
}

/** "13 layers, 0.7 M parameters, 18 % of the network". */
export function patternText(network: Network, pattern: string): string {
  const layers = freezeTree(network).flatMap(layersOf), { trained } = matchPatterns(network, [pattern]);
  const matched = layers.filter(({ parameters }) => parameters.some((name) => trained.has(name))), whole = layers.reduce((sum, { parameterCount }) => sum + parameterCount, 0);
  const size = matched.reduce((sum, { parameterCount }) => sum + parameterCount, 0);
  if (matched.length > 0 && matched.every(({ path }) => path === 'head')) return 'the new classifier, one output per class';
  return `${matched.length} ${matched.length === 1 ? 'layer' : 'layers'}, ${count(size)} parameters, ${Math.round(100 * size / whole)} % of the network`;
}

/** What stands after `backbone:`, without a parse: the file may be broken. */
export const backboneIn = (text: string): string => valueIn(text, 'backbone');

function valueIn(text: string, key: 'backbone' | 'features'): string {
  const written = new RegExp(`^${key}:[ \\t]+(?:"([^"\\n]*)"|'([^'\\n]*)'|([^\\s#]+))`, 'm').exec(text), field = experimentField.keys[key];
  return written?.[1] ?? written?.[2] ?? written?.[3] ?? (field?.kind === 'text' ? field.default ?? '' : '');
}
