import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunFolder } from './runFolder.ts';
import { atomicWrite } from './atomicWrite.ts';
import { fields, flag, list, matching, number, optional, parsed, whole } from '../protocol/shape.ts';
import { formatJson } from '../protocol/jsonText.ts';

/**
 * One evaluation of a run: a line of eval/trace.jsonl. With it, a control that is added later, or that got fewer steps, is
 * compared with what the run had to show by then.
 */
export interface TraceLine {
  readonly step: number;
  /** The best so far by the plan's metric on validation: its checkpoint would have been kept. */
  readonly best: boolean;
  /** A digit for each test item, in the order of eval/test.jsonl: 1 right, 0 wrong. Where numbers are learnt: */
  readonly right?: string;
  /** what was said of each. */
  readonly said?: readonly number[];
}

/** The evaluations folder is there already: predictions are written first. */
export const writeTrace = (run: RunFolder, lines: readonly TraceLine[]): void =>
  atomicWrite(traceFile(run), lines.map((line) => `${formatJson(line)}\n`).join(''));

/** Empty when there is none, or it is damaged: then only the end can be compared. */
export function readTrace(run: RunFolder): readonly TraceLine[] {
  try {
    const lines = readFileSync(traceFile(run), 'utf8').split('\n').filter((line) => line !== '');
    const result = parsed(list(traceLine), lines.map((line): unknown => JSON.parse(line)));
    return result.ok ? result.value : [];
  } catch {
    return [];
  }
}

/** What the run would have kept had it ended at `step`; undefined when it was not evaluated by then. */
export const keptWithin = (trace: readonly TraceLine[], step: number): TraceLine | undefined =>
  trace.findLast((line) => line.best && line.step <= step);

const traceLine = fields<TraceLine>({ step: whole, best: flag, right: optional(matching(/^[01]*$/)), said: optional(list(number)) });

const traceFile = (run: RunFolder): string => join(run.evaluations, 'trace.jsonl');
