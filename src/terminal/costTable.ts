import type { CostBasis, CutPrediction, Prediction } from '../protocol/answers.ts';
import { about, bytes, count, shortTime } from '../base/units.ts';
import { visible } from '../protocol/diagnostic.ts';
import { photosText } from '../protocol/wording.ts';
import type { Paint } from './paint.ts';

export interface Costs {
  readonly basis: CostBasis;
  readonly stages: readonly (Prediction & { readonly name: string; readonly epochs: number })[];
  readonly cuts: readonly CutPrediction[];
  readonly batch: number;
  readonly task: Parameters<typeof photosText>[2];
}

/** What `thaw cost` prints: every freeze cut from the head to the input, then the plan's own stages. */
export function costTable({ basis, stages, cuts, batch, task }: Costs, { bold, dim, yellow }: Paint): string {
  const head = ['trains from', 'parameters', 'features, once', 'an epoch', 'memory', 'cache'];
  const costs = ({ featuresMs, epochMs, peakBytes, cacheBytes, boundary }: Prediction): string[] =>
    [boundary === 'input' ? '–' : about(featuresMs), shortTime(epochMs), bytes(peakBytes), cacheBytes === 0 ? '–' : bytes(cacheBytes)];
  const rows = [
    ...[...cuts].reverse().map((cut) => [cut.path, count(cut.trainedParameters), ...costs(cut)]),
    ...stages.map((stage) => [`stage ${visible(stage.name)}`, `× ${stage.epochs} epochs`, ...costs(stage)]),
  ];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string => `  ${cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join('  ')}`;
  const all = [...cuts, ...stages];
  return [
    `${bold(photosText(basis.images, basis.classes, task))}, batch ${batch}, on ${basis.engine}; up to ${bytes(basis.memoryBytes)} of memory`, '',
    dim(line(head)), ...rows.slice(0, cuts.length).map(line), '', ...rows.slice(cuts.length).map(line),
    ...(all.some(({ rowsAtOnce }) => rowsAtOnce < batch) ? ['', yellow('Where a batch does not fit into memory at once, it goes through in parts and the gradients are added up.')] : []),
    ...(all.some(({ recomputes }) => recomputes) ? ['', yellow('Where activations do not fit into memory, they are computed again for the gradients, which takes a third longer.')] : []),
  ].join('\n');
}
