import { isMap, isSeq, type YAMLMap } from 'yaml';
import type { Checked } from '../protocol/diagnostic.ts';
import { applyOffsets, type TextEdit } from './edit.ts';
import { lineIndex } from './lineIndex.ts';
import { contentEnd, insertedPair } from './mapEdit.ts';
import { nameOf } from './fieldReader.ts';
import { parseExperiment, type Parsed } from './parse.ts';
import { experimentField, type ListField, type NumberField, fieldAt, type ValueMap } from './schema.ts';
import type { OffsetEdit } from './sequenceEdit.ts';

/**
 * A stage more, right behind stage `after`: everything trains, gently, from the weights that the stage before has learnt.
 * Behind a linear probe that is LP-FT (Kumar et al. 2022, arXiv:2202.10054); ticks take from it what is too much. One edit,
 * in the style of the list that it joins; comments stay. A file that does not parse comes back as its diagnostics.
 */
export const addStage = (text: string, after: number, file = ''): Checked<readonly TextEdit[]> =>
  inserted(text, after + 1, (stages) => stages[after] && stageAfter(stages[after], stages), file);

/** LP-FT the other way about: a linear probe before all that the file trains. */
export const probeFirst = (text: string, file = ''): Checked<readonly TextEdit[]> =>
  inserted(text, 0, (stages) => `{ name: ${freeName('probe', stages)}, train: [head], epochs: 30, rate: 1e-3 }`, file);

/** A stage so that it is stage `at`. */
function inserted(text: string, at: number, stageOf: (stages: readonly ValueMap[]) => string | undefined, file: string): Checked<readonly TextEdit[]> {
  const parsed = parseExperiment(text, file);
  if (!parsed.ok) return parsed;
  const stage = stageOf(stagesOf(parsed.value)), refused = (message: string): Checked<never> => ({ ok: false, errors: [{ code: 'yaml-syntax', severity: 'error', message, where: { file } }], warnings: [] });
  if (stage === undefined) return refused(`there is no ${nameOf(`stages.${at - 1}`)}`);
  const edit = insertion(text, parsed.value, at, stage), now = edit && parseExperiment(applyOffsets(text, [edit]), file);
  // YAML can be written in ways that editing by position does not foresee: what would not say what was meant is not done.
  if (!edit || !now?.ok || JSON.stringify(stagesOf(now.value).toSpliced(at, 1)) !== JSON.stringify(parsed.value.written.values['stages'] ?? [{ train: ['head'] }])) return refused(`the stages are written in a way that cannot be edited: write ${stage} there`);
  return { ok: true, value: [{ range: lineIndex(text).rangeOf(edit.start, edit.end), newText: edit.newText }], warnings: [] };
}

const stagesOf = ({ written }: Parsed): readonly ValueMap[] =>
  (written.values['stages'] ?? (experimentField.keys['stages'] as ListField).default) as readonly ValueMap[];

function stageAfter({ rate = (fieldAt('stages.0.rate') as NumberField).default }: ValueMap, all: readonly ValueMap[]): string {
  const tenth = Number((Number(rate) / 10).toPrecision(2)).toExponential().replace('e+0', '');
  return `{ name: ${freeName('fine-tune', all)}, train: [all], epochs: 15, rate: ${tenth}, layerDecay: 0.75 }`;
}

function freeName(wish: string, all: readonly ValueMap[]): string {
  const names = all.map(({ name }) => name);
  return [wish, ...all.map((_, i) => `${wish} ${i + 2}`)].find((each) => !names.includes(each))!;
}

function insertion(text: string, { document }: Parsed, at: number, stage: string): OffsetEdit | undefined {
  const list = document.get('stages', true), root = document.contents as unknown as YAMLMap.Parsed;
  if (!isSeq(list)) return isMap(root) ? insertedPair(text, root, experimentField, 'stages', `[${[`{ train: [head] }`].toSpliced(at, 0, stage).join(', ')}]`) : undefined;
  const item = list.items[Math.max(0, at - 1)] as YAMLMap.Parsed, [start] = item.range, end = contentEnd(item);
  if (list.flow) return at === 0 ? { start, end: start, newText: `${stage}, ` } : { start: end, end, newText: `, ${stage}` };
  const dash = text.lastIndexOf('-', start), lineStart = text.lastIndexOf('\n', dash) + 1, indent = ' '.repeat(dash - lineStart), lineEnd = end + text.slice(end).search(/\r?\n|$/);
  const newLine = text.includes('\r\n') ? '\r\n' : '\n';
  return at === 0 ? { start: lineStart, end: lineStart, newText: `${indent}- ${stage}${newLine}` } : { start: lineEnd, end: lineEnd, newText: `${newLine}${indent}- ${stage}` };
}
