import type { PlanDifference } from '../protocol/previewMessages.ts';
import type { RunManifest } from '../protocol/runManifest.ts';
import { clockTime } from '../base/units.ts';
import { scoreName, scoreText } from '../protocol/wording.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { Paint } from './paint.ts';

/** What `thaw compare` prints: results of two runs side by side, then the values of their plans that differ. */
export function compareTable([left, right]: readonly [RunManifest, RunManifest], differences: readonly PlanDifference[], { bold, dim }: Paint): string {
  const results = resultRows(left).map(([name, of], i): Row => [name, of, resultRows(right)[i]![1]]);
  const values = differences.map(({ path, left: one, right: other }): Row => [path, visible(one ?? '–'), visible(other ?? '–')]);
  const widths = [0, 1].map((column) => Math.max(...[...results, ...values].map((row) => row[column]!.length)));
  const line = ([name, one, other]: Row): string => `  ${dim(name.padEnd(widths[0]!))}  ${one.padEnd(widths[1]!)}  ${other}`;
  return [
    bold(`${visible(left.title)} and ${visible(right.title)}`), ...results.map(line), '',
    ...values.length > 0 ? [bold(`${values.length} ${values.length === 1 ? 'value differs' : 'values differ'}`), ...values.map(line)] : ['The plans are the same.'],
    ...sameItems(left, right) ? [] : ['', dim('They were not tested on the same photos: their accuracies are not comparable item by item.')],
  ].join('\n');
}

type Row = readonly [name: string, left: string, right: string];

const resultRows = ({ id, status, test, best, claim, engine, createdAt, endedAt, task }: RunManifest): readonly (readonly [string, string])[] => [
  ['run', id],
  ['status', status],
  [`test ${scoreName(task)}`, test ? `${scoreText(test.value, task)} (${[test.low, test.high].map((value) => scoreText(value, task).replace('R² ', '')).join(' – ')}, ${test.items} photos)` : '–'],
  ['best validation', best ? `${scoreText(best.validationAccuracy, task)}, loss ${best.validationLoss.toFixed(3)}, step ${best.step}` : '–'],
  ['transfer', claim ?? '–'],
  ['engine', engine?.title ?? '–'],
  ['took', endedAt ? clockTime(Date.parse(endedAt) - Date.parse(createdAt)) : '–'],
];

/** Same photos, labels and splits. */
const sameItems = (left: RunManifest, right: RunManifest): boolean => left.dataFingerprint === right.dataFingerprint;
