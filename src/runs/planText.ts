import { readFileSync } from 'node:fs';
import { codeOf } from './systemError.ts';
import type { RunFolder } from './runFolder.ts';

/** The experiment file that a run was started from, as it was then; undefined where it is gone or cannot be read. */
export function readPlanText({ plan }: RunFolder): string | undefined {
  try {
    return readFileSync(plan, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}
