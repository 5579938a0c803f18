import type { RunState } from '../protocol/reduceRun.ts';
import type { Share } from '../protocol/verdict.ts';
import { causeTitle, controlTitle, intervalText, measuredText, metricsText, remedyText, scoreName, scoreText } from '../protocol/wording.ts';
import { stepsText } from '../base/units.ts';
import { calibrationText, driftText, forgettingText, transferText } from '../protocol/insightWords.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { Paint } from './paint.ts';

/** What a finished run found out: accuracy with its interval, its controls beside it, the verdict in words. */
export function endCard(run: RunState, id: string, { bold, dim, green, red, yellow }: Paint): string {
  const { tested, verdict, problem, measured, calibration, transfer } = run;
  const parts: string[][] = [];
  if (problem) {
    const { where, message, fix } = problem;
    parts.push([red(`${where ? `${visible(where.file)}: ` : ''}${visible(message)}`), ...(fix ? [dim(visible(fix))] : [])]);
  }
  if (tested) {
    const { accuracy: { value, correct, items }, metrics } = tested, task = run.data?.task;
    const score = scoreText(value, task), counted = task === 'image-regression' ? `${items} images` : `${correct} of ${items} images right${task ? ' in all labels' : ''}`;
    parts.push([`${bold(task === 'image-regression' ? `Test ${score}` : `Test ${scoreName(task)} ${score}`)}  ${intervalText(tested.accuracy, task)}, ${counted}`, ...metrics ? [metricsText(metrics)] : []], table(run, bold, dim));
  }
  if (verdict) {
    const colour = verdict.claim === 'helps' ? green : verdict.claim === 'hurts' ? red : yellow;
    parts.push([colour(bold(verdict.headline)), visible(verdict.words)]);
    parts.push(...(verdict.advice ?? []).map(({ cause, strength, words, remedies }) => [
      `${bold(causeTitle(cause))} ${dim(`(${strength})`)}`, visible(words), ...remedies.map((remedy) => dim(`→ ${visible(remedyText(remedy, id))}`)),
    ]));
  }
  const looked = [calibration && calibrationText(calibration), transfer && transferText(transfer), transfer && driftText(transfer), transfer?.source && forgettingText(transfer.source)].filter((line) => line !== undefined);
  if (looked.length > 0) parts.push(looked.map((line) => dim(visible(line))));
  if (measured) parts.push([dim(measuredText(measured))]);
  return parts.map((lines) => lines.join('\n')).join('\n\n');
}

function table(run: RunState, bold: Paint['bold'], dim: Paint['dim']): string[] {
  const rows: { name: string; share: Share; own: boolean }[] = [
    { name: 'this run', share: run.tested!.accuracy, own: true },
    ...run.controls.flatMap(({ control, accuracy, matchedSteps }) => accuracy ? [{ name: `${controlTitle(control)}${matchedSteps !== undefined ? `, ${stepsText(matchedSteps)}` : ''}`, share: accuracy, own: false }] : []),
  ].sort((a, b) => b.share.value - a.share.value);
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows.map(({ name, share, own }) => `  ${own ? bold(name.padEnd(width)) : name.padEnd(width)}  ${scoreText(share.value, run.data?.task).padStart(7)}  ${dim(bar(share))}`);
}

/** The interval drawn over 0…100 %: `────●───`. */
function bar({ value, low, high }: Share): string {
  const columns = 40, at = (share: number): number => Math.min(columns - 1, Math.floor(share * columns));
  return Array.from({ length: columns }, (_, i) => i === at(value) ? '●' : i >= at(low) && i <= at(high) ? '─' : '·').join('');
}
