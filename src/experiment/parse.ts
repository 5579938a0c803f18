import { isMap } from 'yaml';
import type { Document } from 'yaml';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { FieldReader, maxDiagnostics, seenText } from './fieldReader.ts';
import type { Place } from './fieldReader.ts';
import { experimentField } from './schema.ts';
import type { Field, Value, ValueMap } from './schema.ts';
import { readSource } from './source.ts';
import type { Source } from './source.ts';

/** The file as it was written: what it says, where it says it, and the tree that edits need. */
export interface Parsed {
  readonly document: Document.Parsed;
  readonly written: Written;
}

/** Checked values of the keys that stand in the file (no defaults), and their places by dotted path (`stages.0.rate`). */
export interface Written {
  readonly values: ValueMap;
  readonly places: ReadonlyMap<string, Place>;
}

/** A text, read as far as that goes: what every feature of the editor looks at, so that one version of a file is parsed once. */
export interface Read {
  readonly source: Source;
  readonly written: Written;
  /** Of syntax, keys, types and ranges. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads an experiment file: syntax, keys, types and ranges, all problems at once. What it means: resolve.ts. */
export function parseExperiment(text: Uint8Array | string, file: string): Checked<Parsed> {
  const { source, written, diagnostics } = readExperiment(text, file);
  if (source.document === undefined || diagnostics.length > 0) return { ok: false, errors: diagnostics, warnings: [] };
  return { ok: true, value: { document: source.document, written }, warnings: [] };
}

/** The same for callers that go on with what was readable: later checks add to the list instead of hiding behind it. */
export function readExperiment(text: Uint8Array | string, file: string): Read {
  const source = readSource(text, file);
  const reader = new FieldReader((start, end) => ({ file, range: source.rangeOf(start, end) }));
  reader.diagnostics.push(...source.diagnostics);
  const root = source.document?.contents;
  let values: ValueMap = {};
  if (root && isMap(root)) {
    values = reader.read(experimentField, root, '') as ValueMap;
  } else if (source.diagnostics.length === 0) {
    const start = root?.range[0] ?? 0, end = root?.range[1] ?? 0;
    if (root) reader.say('wrong-type', `${seenText(root)} where an experiment was expected`, start, end, 'begin with `thaw: 1`');
    else reader.say('missing-key', 'the file is empty', 0, 0, 'begin with `thaw: 1` and `data: { folder: … }`');
  }
  return { source, written: { values, places: reader.places }, diagnostics: capped(reader.diagnostics, file) };
}

/** Reads a value given outside the file (`--set stages.0.rate=1e-3`) by the rules of its field. */
export function readOverride(field: Field, path: string, text: string): Checked<Value> {
  const source = readSource(text, '');
  const reader = new FieldReader(() => undefined);
  reader.diagnostics.push(...source.diagnostics.map(({ where: _, ...diagnostic }) => diagnostic));
  const root = source.document?.contents;
  const value = reader.diagnostics.length === 0 ? reader.read(field, root ?? null, path) : undefined;
  if (value === undefined || reader.diagnostics.length > 0) return { ok: false, errors: reader.diagnostics, warnings: [] };
  return { ok: true, value, warnings: [] };
}

function capped(diagnostics: readonly Diagnostic[], file: string): readonly Diagnostic[] {
  if (diagnostics.length <= maxDiagnostics) return diagnostics;
  const more: Diagnostic = { code: 'yaml-syntax', severity: 'error', message: `${diagnostics.length - maxDiagnostics} more problems in this file`, where: { file } };
  return [...diagnostics.slice(0, maxDiagnostics), more];
}
