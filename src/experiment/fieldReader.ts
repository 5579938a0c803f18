import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Node } from 'yaml';
import { formatValue } from './format.ts';
import { meantBy, otherName } from './otherNames.ts';
import { variedPath } from './variedPath.ts';
import type { Diagnostic, DiagnosticCode, FileChange, TextRange } from '../protocol/diagnostic.ts';
import { nestedText } from './mapEdit.ts';
import { allowedText, alternatives, experimentField, fieldAt, requiredKeys, wordsOf } from './schema.ts';
import { minutesMeant, minutesOf } from './duration.ts';
import type { ChoiceField, DurationField, Field, ListField, MapField, NumberField, ShareField, TextField, Value, ValueMap, VariantsField, Words } from './schema.ts';

/** Where a key and its value stand. */
export interface Place {
  readonly key?: TextRange;
  readonly value: TextRange;
}

/** More would only bury the first ones. */
export const maxDiagnostics = 100;

/** What to do next: in words, or what to write in place of what stands there. */
type Fix = string | { readonly words: string; readonly write: string };

const meant = (text: string): Fix => ({ words: `did you mean "${text}"?`, write: text });

type WhereOf = (start: number, end: number) => { readonly file: string; readonly range: TextRange } | undefined;

/** Walks schema and tree together. A value that does not fit is reported and left out: `undefined`. */
export class FieldReader {
  readonly diagnostics: Diagnostic[] = [];
  readonly places = new Map<string, Place>();
  readonly #whereOf: WhereOf;
  /** Key of the value being read: where a missing value is reported. */
  #key: Node | undefined;

  constructor(whereOf: WhereOf) {
    this.#whereOf = whereOf;
  }

  say(code: DiagnosticCode, message: string, start: number, end: number, fix?: string, mend?: Diagnostic['mend']): void {
    const where = this.#whereOf(start, end);
    this.diagnostics.push({ code, severity: 'error', message, ...(fix && { fix }), ...(where && { where }), ...(where && mend && { mend }) });
  }

  read(field: Field, node: Node | null, path: string): Value | undefined {
    if (node && isAlias(node)) return undefined; // source.ts has said so
    switch (field.kind) {
      case 'number': return this.#number(field, node, path);
      case 'share': return this.#share(field, node, path);
      case 'choice': return this.#choice(field, node, path);
      case 'text': return this.#text(field, node, path);
      case 'duration': return this.#duration(field, node, path);
      case 'list': return this.#list(field, node, path);
      case 'map': return this.#map(field, node, path);
      case 'variants': return this.#variants(field, node, path);
    }
  }

  #number(field: NumberField, node: Node | null, path: string): number | string | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (isWord(field, value)) return value;
    if (typeof value !== 'number' || (field.integer && !Number.isInteger(value) && Number.isFinite(value))) {
      return this.#wrongType(field, node, path, numberMeant(value, field) ?? wordMeant(field.words ?? {}, value));
    }
    if (value >= field.min && value <= field.max) return value;
    if (path === 'thaw') return this.#refuse('unsupported-version', `this file is for version ${value} of Thaw’s experiments; this Thaw knows version 1`, node, { words: 'update Thaw, or write `thaw: 1`', write: '1' });
    return this.#refuse('out-of-range', `${nameOf(path)} is ${value}`, node, nearest(value, field));
  }

  #share(field: ShareField, node: Node | null, path: string): number | string | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (isWord(field, value)) return value;
    const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?%$/.exec(value) : null;
    const share = percent ? Number(`${percent[1]!}e-2`) : value; // "e-2": 70% is the very 0.7, 7.1% not 0.07100000000000001
    if (typeof share !== 'number' || Number.isNaN(share)) return this.#wrongType(field, node, path, wordMeant(field.words ?? {}, value));
    if (share >= field.min && share <= field.max) return share;
    const fix = !percent && share > 1 && share <= 100 ? { words: `did you mean ${share}%?`, write: `${share}%` } : nearest(share, field);
    return this.#refuse('out-of-range', `${nameOf(path)} is ${String(value)}`, node, fix);
  }

  #choice(field: ChoiceField, node: Node | null, path: string): string | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'string' && Object.hasOwn(field.options, value)) return value;
    return this.#wrongType(field, node, path, wordMeant(field.options, value));
  }

  #text(field: TextField, node: Node | null, path: string): string | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && field.names !== 'backbone') return this.#wrongType(field, node, path, { words: `write "${String(value)}" in quotes`, write: `"${String(value)}"` });
    if (typeof value !== 'string') return this.#wrongType(field, node, path);
    if (value.trim() === '') return this.#refuse('wrong-type', `${nameOf(path)} is empty`, node, `write ${allowedText(field)}`);
    if (field.names === 'pattern' && (value.length > 200 || value.split('*').length > 5)) { // matching takes time exponential in its stars
      return this.#refuse('out-of-range', `${quoted(value)} is too long for a pattern, or has more than 4 "*"`, node, 'name a block');
    }
    return value; // a backbone is looked up where that can be done: senseCheck.ts
  }

  #duration(field: DurationField, node: Node | null, path: string): string | number | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'string' && Object.hasOwn(field.words, value)) return value;
    const times = field.multiples && typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?[x×] ?run$/.exec(value) : null;
    if (times) return Number(times[1]) > 0 && Number(times[1]) <= 100 ? `${Number(times[1])}× run` : this.#refuse('out-of-range', `${nameOf(path)} is ${times[0]}`, node, 'write up to 100× run, or `off`');
    const minutes = typeof value === 'string' ? minutesOf(value) : undefined;
    if (minutes === undefined) {
      const time = minutesMeant(value);
      return this.#wrongType(field, node, path, typeof value === 'number' ? { words: `write "${value} min" or "${value} s"`, write: `${value} min` } : time === undefined ? wordMeant(field.words, value) : meant(time));
    }
    if (minutes >= field.minMinutes && minutes <= field.maxMinutes) return minutes;
    return this.#refuse('out-of-range', `${nameOf(path)} is ${String(value)}`, node, 'write 1 s to 168 h, or `off`');
  }

  #list(field: ListField, node: Node | null, path: string): Value[] | string | undefined {
    if (!isSeq(node)) {
      if (isScalar(node) && isWord(field, node.value)) return node.value;
      if (field.words && isScalar(node)) return this.#wrongType(field, node, path, wordMeant(field.words, node.value));
      const item = isScalar(node) && typeof node.value === 'string' ? itemMeant(field.of, node.value) : undefined;
      if (item !== undefined) return this.#wrongType(field, node, path, { words: `write [${item.slice(0, 60)}]`, write: `[${item}]` });
      if (!isMap(node) || field.of.kind !== 'map') return this.#wrongType(field, node, path);
      const [start = 0, end = start] = node.range ?? [];
      this.say('wrong-type', `${nameOf(path)} is ${seenText(node)}`, start, end, 'begin each item with "- "', { title: 'Make it a list', changes: [{ type: 'itemize', path }] });
      return undefined;
    }
    const values: Value[] = [];
    for (const item of node.items as Node[]) {
      const itemPath = join(path, String(values.length)); // places count as values do: what could not be read has none
      this.#place(itemPath, item);
      const value = this.read(field.of, item, itemPath) ?? (field.of.kind === 'map' ? {} : undefined);
      if (value === undefined) continue;
      if (field.unique && typeof value === 'string' && values.includes(value)) this.#twice(`${quoted(value)} stands twice in ${nameOf(path)}`, item);
      else values.push(value);
    }
    return values.length === 0 && node.items.length > 0 ? undefined : values; // that nothing of it could be read has been said
  }

  #map(field: MapField, node: Node | null, path: string): ValueMap | undefined {
    if (!isMap(node)) return this.#wrongType(field, node, path);
    const values: Record<string, Value> = {}, seen = new Set<string>();
    for (const { key, value } of node.items as { key: Node; value: Node | null }[]) {
      const name = isScalar(key) ? String(key.value) : undefined;
      const known = name !== undefined && Object.hasOwn(field.keys, name) ? field.keys[name] : undefined;
      if (name === undefined) this.#refuse('wrong-type', `${seenText(key)} where a key was expected`, key);
      else if (seen.has(name)) this.#twice(`the key ${quoted(name)} stands twice`, key);
      else if (known === undefined) this.#unknownKey(name, key, field, path);
      else {
        const childPath = join(path, name);
        this.#place(childPath, value, key);
        this.#key = key;
        const read = this.read(known, value, childPath);
        if (read !== undefined) values[name] = read;
      }
      if (name !== undefined) seen.add(name);
    }
    this.#require(seen, node, path);
    return values;
  }

  #variants(field: VariantsField, node: Node | null, path: string): ValueMap | undefined {
    if (!isMap(node)) return this.#wrongType(field, node, path, isSeq(node) ? 'write `{ rate: [1e-3, 3e-3] }`' : undefined);
    const values: Record<string, ValueMap> = {};
    for (const { key, value } of node.items as { key: Node; value: Node | null }[]) {
      const written = isScalar(key) ? String(key.value) : '', varied = variedPath(written);
      if (typeof varied !== 'string') this.#refuse('unknown-key', varied.problem, key, varied.fix);
      else if (varied in values) this.#refuse('duplicate-key', `${quoted(varied)} varies twice`, key, 'write its values in one list');
      else {
        this.#place(join(path, written), value, key);
        this.#key = key;
        const read = this.#values(fieldAt(varied)!, value, varied, join(path, written));
        if (read) values[varied] = read;
      }
    }
    return values;
  }

  /** A list of values, called after themselves, or values by name. */
  #values(of: Field, node: Node | null, path: string, place: string): ValueMap | undefined {
    if (!isMap(node) && !isSeq(node)) {
      const value: unknown = isScalar(node) ? node.value : undefined, alone = typeof value === 'number' || (typeof value === 'string' && otherName(value, Object.keys(wordsOf(of))) === value) ? `[${String(value)}]` : undefined;
      return this.#refuse('wrong-type', `${nameOf(place)} is ${seenText(node)}`, node, alone === undefined ? `write a list of values, each ${allowedText(of)}` : { words: `write a list: ${alone}`, write: alone });
    }
    const items: readonly (readonly [name: string | undefined, item: Node | null])[] = isMap(node)
      ? (node.items as { key: Node; value: Node | null }[]).map(({ key, value }) => [isScalar(key) ? String(key.value) : '', value] as const)
      : (node.items as Node[]).map((item) => [undefined, item] as const);
    if (items.length === 0) return this.#refuse('wrong-type', `${nameOf(place)} has no value`, node, 'write some, or take it out');
    const values: Record<string, Value> = {}, lastPart = path.split('.').at(-1)!;
    for (const [given, item] of items) {
      const value = this.read(of, item, path);
      const name = given ?? (value === undefined ? '' : `${lastPart} ${formatValue(of, value)}`);
      if (value === undefined) continue;
      if (name in values) this.#refuse('duplicate-key', `${quoted(name)} stands twice in ${nameOf(place)}`, item, 'take one out');
      else values[name] = value;
    }
    return values;
  }

  #require(seen: ReadonlySet<string>, map: Node, path: string): void {
    const [start = 0] = map.range ?? [];
    for (const [key, fix] of Object.entries(requiredKeys[path] ?? {})) {
      if (seen.has(key)) continue;
      const field = fieldAt(join(path, key)), text = field?.kind === 'number' ? String(field.default) : undefined; // where there is only one thing to write
      this.say('missing-key', `${quoted(join(path, key))} is missing`, start, start, fix, text === undefined ? undefined : added(join(path, key), text));
    }
    const either = alternatives[path] ?? [], written = either.filter((key) => seen.has(key));
    if (either.length > 0 && written.length === 0) this.say('missing-key', `${either.map((key) => quoted(join(path, key))).join(' or ')} is missing`, start, start, 'add `folder: …`, the folder of photos relative to this file, or `manifest: …`, a list of them');
    if (written.length > 1) this.say('duplicate-key', `${written.map((key) => quoted(join(path, key))).join(' and ')} stand both: the photos are found by one of them`, start, start, 'take one out');
  }

  #twice(message: string, node: Node): void {
    const [start = 0, end = start] = node.range ?? [], range = this.#whereOf(start, end)?.range;
    this.say('duplicate-key', message, start, end, 'take one out', range && { title: 'Take it out', changes: [{ type: 'remove', range }] });
  }

  #unknownKey(name: string, key: Node, field: MapField, path: string): void {
    const message = `unknown key ${quoted(name)}${path === '' ? '' : ` in ${nameOf(path)}`}`, keys = Object.keys(field.keys), isSearched = this.diagnostics.length < maxDiagnostics;
    if (/^(freeze|frozen)/i.test(name) && keys.includes('train')) return this.say('unknown-key', message, ...spanOf(key), 'say what trains instead, all else is frozen: `train: [head]`');
    const other = isSearched ? otherName(name, keys) : undefined, elsewhere = isSearched && other === undefined ? homeOf(name, field) : undefined;
    const near = other ?? (isSearched && elsewhere === undefined ? meantBy(name, keys) : undefined), range = this.#whereOf(...spanOf(key))?.range;
    if (near !== undefined) this.#refuse('unknown-key', message, key, meant(near));
    else if (elsewhere === undefined) this.#refuse('unknown-key', message, key, `known here: ${keys.join(', ')}`);
    else {
      const whole = nestedText(elsewhere.split('.'), '…'); // its own place, as it looks from the left margin
      this.say('unknown-key', message, ...spanOf(key), `write \`${whole}\`${path === '' ? '' : ' at the left margin'}`, range && { title: `Move it to ${elsewhere.replace(/\.\d+\./, ' → ').replaceAll('.', ' → ')}`, changes: [{ type: 'move', range, path: elsewhere }] });
    }
  }

  #place(path: string, value: Node | null, key?: Node): void {
    const [start = 0, end = start] = value?.range ?? key?.range ?? [];
    const valueRange = this.#whereOf(start, end)?.range;
    const keyRange = key?.range && this.#whereOf(key.range[0], key.range[1])?.range;
    if (valueRange) this.places.set(path, { value: valueRange, ...(keyRange && { key: keyRange }) });
  }

  #wrongType(field: Field, node: Node | null, path: string, fix?: Fix): undefined {
    return this.#refuse('wrong-type', `${nameOf(path)} is ${seenText(node)}`, node, fix ?? `write ${allowedText(field)}`);
  }

  #refuse(code: DiagnosticCode, message: string, node: Node | null, fix?: Fix): undefined {
    const [start = 0, end = start] = (isEmpty(node) ? this.#key : node)?.range ?? [], range = this.#whereOf(start, end)?.range;
    if (fix === undefined || typeof fix === 'string') this.say(code, message, start, end, fix);
    else this.say(code, message, start, end, fix.words, range && !isEmpty(node) ? written(range, fix.write) : undefined);
    return undefined;
  }
}

/** `stages.0.rate` → "rate of stage 1": as people count. */
export function nameOf(path: string): string {
  const stage = /^stages\.(\d+)(?:\.(.+))?$/.exec(path);
  if (stage) return stage[2] === undefined ? `stage ${Number(stage[1]) + 1}` : `${nameOf(stage[2])} of stage ${Number(stage[1]) + 1}`;
  const item = /^(.+)\.(\d+)$/.exec(path);
  if (item) return `item ${Number(item[2]) + 1} of ${item[1]!}`;
  return path === '' ? 'the file' : path;
}

export function seenText(node: Node | null): string {
  if (isMap(node)) return 'a map of keys';
  if (isSeq(node)) return 'a list';
  const value: unknown = isScalar(node) ? node.value : null;
  if (typeof value === 'string') return `the text ${quoted(value)}`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'left empty';
}

/** A word that stands in place of the value itself: `off`, `auto`. */
const isWord = ({ words }: { readonly words?: Words }, value: unknown): value is string =>
  words !== undefined && typeof value === 'string' && Object.hasOwn(words, value);

function wordMeant(words: Words, value: unknown): Fix | undefined {
  const near = typeof value === 'string' || value === false ? meantBy(String(value), Object.keys(words)) : undefined;
  return near === undefined ? undefined : meant(near);
}

/** One item that was written without its brackets. */
const itemMeant = (of: Field, value: string): string | undefined => of.kind === 'choice' ? meantBy(value, Object.keys(of.options)) : of.kind === 'map' ? undefined : value;

/** Where a key that is none of `field` belongs, under its own name or another's: as far out as can be, rather in a stage (the first) than in data. */
function homeOf(name: string, field: MapField): string | undefined {
  const own = otherName(name, homes.filter((home) => home.map !== field).map(({ key }) => key));
  return homes.find(({ map, key }) => map !== field && key === own)?.path;
}

const spanOf = ({ range }: Node): [start: number, end: number] => [range?.[0] ?? 0, range?.[1] ?? 0];

const isEmpty = (node: Node | null): boolean => node === null || (isScalar(node) && node.value === null);

const join = (path: string, key: string): string => path === '' ? key : `${path}.${key}`;

const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

const written = (range: TextRange, text: string): NonNullable<Diagnostic['mend']> => ({ title: `Write ${text}`, changes: [{ type: 'replace', range, text }] });
const added = (path: string, text: string): NonNullable<Diagnostic['mend']> => ({ title: `Add ${path}: ${text}`, changes: [{ type: 'set', path, text } satisfies FileChange] });

/** The bound that was crossed, as a quick fix. */
const nearest = (value: number, field: NumberField | ShareField): Fix => {
  const words = `write ${allowedText(field)}`;
  return Number.isFinite(value) ? { words, write: String(Math.min(field.max, Math.max(field.min, value))) } : words;
};

/** What was probably meant by something that is not a number of the right kind. */
function numberMeant(value: unknown, field: NumberField): Fix | undefined {
  const words = typeof value === 'string' ? value.trim().replace(',', '.') : '';
  const number = words !== '' ? Number(words) : typeof value === 'number' ? Math.round(value) : NaN;
  const fits = number >= field.min && number <= field.max && (!field.integer || Number.isInteger(number));
  return fits ? { words: `did you mean ${number}?`, write: String(number) } : undefined;
}

interface Home { readonly map: MapField; readonly key: string; readonly path: string }

const homesIn = (map: MapField, path: string): Home[] => Object.entries(map.keys).flatMap(([key, field]) => {
  const at = join(path, key), below = field.kind === 'map' ? homesIn(field, at) : field.kind === 'list' && field.of.kind === 'map' ? homesIn(field.of, `${at}.0`) : [];
  return [{ map, key, path: at }, ...below];
});

const homes = homesIn(experimentField, '').sort((a, b) => a.path.split('.').length - b.path.split('.').length || Number(b.path.startsWith('stages')) - Number(a.path.startsWith('stages')));
