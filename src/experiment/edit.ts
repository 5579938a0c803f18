import { isMap, isScalar, isSeq } from 'yaml';
import type { Document, YAMLMap } from 'yaml';
import { matchPatterns } from '../backbones/freezePlan.ts';
import type { Network } from '../backbones/op.ts';
import type { Checked, Diagnostic, TextRange } from '../protocol/diagnostic.ts';
import { nameOf } from './fieldReader.ts';
import { lineIndex } from './lineIndex.ts';
import { insertedPair } from './mapEdit.ts';
import { parseExperiment } from './parse.ts';
import type { Parsed } from './parse.ts';
import { experimentField, fieldAt } from './schema.ts';
import type { ListField, MapField, ValueMap } from './schema.ts';
import { editList, flowList } from './sequenceEdit.ts';
import type { ListPlace, OffsetEdit } from './sequenceEdit.ts';
import { changedList, changeOf } from './trainList.ts';
import type { ListChange, Tick } from './trainList.ts';

export interface TextEdit {
  readonly range: TextRange;
  readonly newText: string;
}

export interface FreezeOptions {
  readonly network: Network;
  /** Index of the stage; default: the last, whose freeze plan the run ends with. */
  readonly stage?: number;
  /** Name of the file, for diagnostics. */
  readonly file?: string;
}

/**
 * Ticks in the layer tree as edits of the text: rows train, or are frozen, in one stage; all else means what it meant.
 * Edits are few, do not overlap, and touch neither comments nor layout; none when the rows are already as asked.
 * A file that does not parse is not edited: its diagnostics come back instead.
 */
export function setTraining(text: string, ticks: readonly Tick[], { network, stage, file = '' }: FreezeOptions): Checked<readonly TextEdit[]> {
  const parsed = parseExperiment(text, file);
  if (!parsed.ok) return parsed;
  const refuse = refusal(file);

  const at = stage ?? Math.max(0, stagesOf(parsed.value).length - 1), patterns = trainOf(parsed.value, at);
  if (patterns === undefined) return refuse('missing-key', `there is no ${nameOf(`stages.${at}`)}`);
  const change = changeOf(network, patterns, ticks);
  if (typeof change === 'string') return refuse('pattern-matches-nothing', `no block or layer ${JSON.stringify(change)} in ${network.name}`);

  const wanted = changedList(change);
  if (same(wanted, patterns)) return { ok: true, value: [], warnings: [] };
  const edits = editsFor(text, parsed.value.document, at, change, wanted);
  // YAML can be written in ways that editing by position does not foresee: what would not mean what was ticked is not done.
  const after = parseExperiment(applyOffsets(text, edits), file);
  if (!after.ok || !sameTraining(network, trainOf(after.value, at) ?? [], wanted)) {
    return refuse('yaml-syntax', `the "train" list of ${nameOf(`stages.${at}`)} is written in a way that the tree cannot edit: write ${flowList(wanted)} there`);
  }
  return { ok: true, value: placed(text, edits), warnings: [] };
}

const refusal = (file: string) => (code: Diagnostic['code'], message: string): Checked<never> =>
  ({ ok: false, errors: [{ code, severity: 'error', message, where: { file } }], warnings: [] });

function placed(text: string, edits: readonly OffsetEdit[]): readonly TextEdit[] {
  const { rangeOf } = lineIndex(text);
  return edits.map(({ start, end, newText }) => ({ range: rangeOf(start, end), newText }));
}

/** The patterns of a stage as they stand in the file (its default when there are none), or undefined when there is no such stage. */
export function trainOf(parsed: Parsed, stage: number): readonly string[] | undefined {
  const written = stagesOf(parsed)[stage];
  if (written === undefined) return undefined;
  return (written['train'] ?? (fieldAt('stages.0.train') as ListField).default) as readonly string[];
}

const stagesOf = ({ written }: Parsed): readonly ValueMap[] =>
  (written.values['stages'] ?? (experimentField.keys['stages'] as ListField).default) as readonly ValueMap[];

/** The text with edits made; they may come in any order. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const { offsetOf } = lineIndex(text);
  return applyOffsets(text, edits.map(({ range, newText }) => ({ start: offsetOf(range.start), end: offsetOf(range.end), newText })));
}

export function applyOffsets(text: string, edits: readonly OffsetEdit[]): string {
  return [...edits].sort((a, b) => b.start - a.start).reduce((out, { start, end, newText }) => out.slice(0, start) + newText + out.slice(end), text);
}

function editsFor(text: string, document: Document.Parsed, stage: number, change: ListChange, wanted: readonly string[]): OffsetEdit[] {
  const root = document.contents as unknown as YAMLMap.Parsed, stages = document.get('stages', true);
  const map = isSeq(stages) ? stages.items[stage] : undefined;
  if (!isMap(map)) return [insertedPair(text, root, experimentField, 'stages', `[{ train: ${flowList(wanted)} }]`)];
  const place = listPlace(map as YAMLMap.Parsed, 'train');
  return place ? editList(text, place, change) : [insertedPair(text, map as YAMLMap.Parsed, fieldAt('stages.0') as MapField, 'train', flowList(wanted))];
}

/** Of the list of words under a key. */
export function listPlace(map: YAMLMap.Parsed, name: string): ListPlace | undefined {
  const pair = map.items.find(({ key }) => isScalar(key) && key.value === name);
  if (!pair || !isSeq(pair.value)) return undefined;
  const [start, end] = pair.value.range;
  const items = pair.value.items.map((item) => ({ start: item.range[0], end: item.range[1], pattern: isScalar(item) ? String(item.value) : '' }));
  return { flow: pair.value.flow === true, start, end, items, keyEnd: pair.key.range[1] };
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((name, i) => name === b[i]);

function sameTraining(network: Network, a: readonly string[], b: readonly string[]): boolean {
  const [one, other] = [matchPatterns(network, a).trained, matchPatterns(network, b).trained];
  return one.size === other.size && [...one].every((name) => other.has(name));
}
