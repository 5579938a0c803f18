import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { applyEdits, type TextEdit } from './edit.ts';
import { lineIndex } from './lineIndex.ts';
import { insertedPair } from './mapEdit.ts';
import { nameOf } from './fieldReader.ts';
import { parseExperiment, readOverride } from './parse.ts';
import { fieldAt, type Field, type MapField } from './schema.ts';
import type { OffsetEdit } from './sequenceEdit.ts';

/** A value of the file by its dotted path, as it would be written there: `stages.1.rate` and `3e-4`. */
export interface Setting {
  readonly path: string;
  readonly value: string;
}

/**
 * Values written into an experiment file, as edits of its text: what stands there is replaced, what does not is added where
 * the schema has it, comments and layout stay. A file that does not parse, and a value that may not stand there, come back
 * as diagnostics, and nothing is edited.
 */
export function setValues(text: string, settings: readonly Setting[], file = ''): Checked<readonly TextEdit[]> {
  let now = text;
  for (const setting of settings) {
    const edited = edit(now, setting, file);
    if (!edited.ok) return edited;
    now = edited.value;
  }
  return { ok: true, value: difference(text, now), warnings: [] };
}

function edit(text: string, { path, value }: Setting, file: string): Checked<string> {
  const parsed = parseExperiment(text, file), field = fieldAt(path);
  if (!parsed.ok) return parsed;
  const refuse = (code: Diagnostic['code'], message: string): Checked<string> => ({ ok: false, errors: [{ code, severity: 'error', message, where: { file } }], warnings: [] });
  if (!field || field.kind === 'map') return refuse('unknown-key', `an experiment has no value "${path}"`);
  const read = readOverride(field, path, value);
  if (!read.ok) return read;
  const change = changeAt(text, parsed.value.document.contents as unknown as Node, path.split('.'), value);
  if (!change) return refuse('missing-key', `there is no ${nameOf(path.split('.').slice(0, -1).join('.'))} to write ${nameOf(path)} into`);
  const edited = applyEdits(text, [{ range: lineIndex(text).rangeOf(change.start, change.end), newText: change.newText }]);
  const after = parseExperiment(edited, file);
  // YAML can be written in ways that editing by position does not foresee: what would not say what was meant is not done.
  if (after.ok && JSON.stringify(valueAt(after.value.written.values, path)) === JSON.stringify(read.value)) return { ok: true, value: edited, warnings: [] };
  return refuse('yaml-syntax', `${nameOf(path)} is written in a way that cannot be edited: write ${value} there`);
}

/** The replacement, or the insertion of what is not there yet. Undefined: a list is too short. */
function changeAt(text: string, root: Node, parts: readonly string[], value: string): OffsetEdit | undefined {
  let at: Node | null = root;
  for (const [i, part] of parts.entries()) {
    if (isSeq(at)) {
      at = at.items[Number(part)] as Node | undefined ?? null;
      if (!at) return undefined;
    } else if (isMap(at)) {
      const map = at as YAMLMap.Parsed, pair = map.items.find(({ key }) => isScalar(key) && key.value === part);
      if (!pair) return insertedPair(text, map, fieldOf(parts.slice(0, i)), part, nested(parts.slice(i + 1), value));
      at = pair.value;
    } else return undefined;
  }
  const range = at?.range;
  // A list over several lines ends where its last item does, not before the key that follows.
  return range ? { start: range[0], end: range[0] + text.slice(range[0], range[1]).trimEnd().length, newText: value } : undefined;
}

const fieldOf = (parts: readonly string[]): MapField => fieldAt(parts.join('.')) as Field as MapField;

/** `stages` that are not there: `[{ rate: 3e-4 }]`. */
function nested([part, ...more]: readonly string[], value: string): string {
  if (part === undefined) return value;
  return /^\d+$/.test(part) ? `[${nested(more, value)}]` : `{ ${part}: ${nested(more, value)} }`;
}

const valueAt = (values: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((at, part) => typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined, values);

/** One edit, from the first character that differs to the last. */
function difference(before: string, after: string): readonly TextEdit[] {
  if (before === after) return [];
  let start = 0, tail = 0;
  const shortest = Math.min(before.length, after.length);
  while (start < shortest && before[start] === after[start]) start++;
  while (tail < shortest - start && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return [{ range: lineIndex(before).rangeOf(start, before.length - tail), newText: after.slice(start, after.length - tail) }];
}
