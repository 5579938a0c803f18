import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RateTest } from '../protocol/answers.ts';
import type { RunsPlace } from './runFolder.ts';
import { atomicWrite } from './atomicWrite.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { parseRateTest } from '../protocol/guards.ts';
import { unless } from './systemError.ts';

/** Keeps the newest learning-rate test of each stage of an experiment. Returns its file. */
export function keepRateTest(place: RunsPlace, test: RateTest): string {
  const file = fileOf(place, test.experimentFile, test.stage.index);
  mkdirSync(place.rates, { recursive: true });
  atomicWrite(file, formatJson(test));
  return file;
}

/** The test that was kept; undefined when there is none, or it cannot be read any more: it is made again in no time. */
export function readRateTest(place: RunsPlace, experimentFile: string, stage: number): RateTest | undefined {
  const text = unless(['ENOENT'], () => readFileSync(fileOf(place, experimentFile, stage), 'utf8'));
  try {
    const read = text === undefined ? undefined : parseRateTest(JSON.parse(text));
    return read?.ok ? read.value : undefined;
  } catch {
    return undefined;
  }
}

/** `flowers-3fa9c1-1.json`: two experiments of one name keep apart. */
function fileOf({ rates }: RunsPlace, experimentFile: string, stage: number): string {
  const key = createHash('sha256').update(experimentFile).digest('hex').slice(0, 6);
  return join(rates, `${basename(experimentFile).replace(/\.thaw\.ya?ml$/i, '')}-${key}-${stage + 1}.json`);
}
